#include "rpc/relay/core.h"

#include <kj/vector.h>

#include <algorithm>

namespace waxwing::relay {

bool Options::goesBy(std::string_view name) const { return std::ranges::find(names, name) != names.end(); }

Core::Core(Options options, Ports ports)
    : options_(std::move(options)), ports_(ports), budget_(kj::refcounted<PageBudget>(options_.pageBytesInFlight)) {}

std::uint32_t Core::busyRetryMs() { return static_cast<std::uint32_t>(1'000 + random().below(1'000)); }
std::uint32_t Core::fullRetryMs() { return static_cast<std::uint32_t>(30'000 + random().below(30'000)); }

kj::Own<DeviceLink> Core::newLink(const LoginRef& login, kj::Function<void()> onBroken) {
  const DeviceLink::Services services{ports_.queue, ports_.timer, ports_.observer, options_, *budget_};
  return kj::refcounted<DeviceLink>(services, login, kj::mv(onBroken));
}

void Core::takeOver(DeviceLink& link) {
  auto& place = inCharge_[link.login().address];
  auto loser = place.get() == nullptr ? kj::Own<DeviceLink>() : kj::addRef(*place);
  if (loser.get() == nullptr || loser->login().number < link.login().number) {
    place = kj::addRef(link);
  } else {
    loser = kj::addRef(link);
  }
  if (loser.get() == nullptr) return;
  observer().count(RelayObserver::Event::kTakenOver, 1);
  noteAttempt(*loser);
  tasks_.add(loser->close(Closing::REPLACED).attach(kj::mv(loser)));
}

void Core::forget(DeviceLink& link) {
  const auto at = inCharge_.find(link.login().address);
  if (at != inCharge_.end() && at->second.get() == &link) inCharge_.erase(at);
}

void Core::noteAttempt(DeviceLink& link) {
  const auto attempt = link.takeAttempt();
  if (!attempt) return;
  tasks_.add(queue().commit(*attempt).then([this](Result<NoteAttemptOutcome> outcome) {
    if (outcome && outcome->verdict == NoteAttemptOutcome::Verdict::kSetAside) {
      observer().count(RelayObserver::Event::kSetAside, 1);
    }
  }));
}

void Core::wake(std::span<const DeviceAddress> mailboxes) {
  for (const auto& mailbox : mailboxes) {
    const auto at = inCharge_.find(mailbox);
    if (at != inCharge_.end()) at->second->wake();
  }
}

void Core::cut(std::span<const DeviceAddress> devices) {
  for (const auto& device : devices) {
    const auto at = inCharge_.find(device);
    if (at == inCharge_.end()) continue;
    auto link = kj::mv(at->second);
    inCharge_.erase(at);
    observer().count(RelayObserver::Event::kRetired, 1);
    auto told = link->close(Closing::RETIRED);
    tasks_.add(told.then([link = kj::mv(link)]() mutable { link->cut(); }));
  }
}

kj::Promise<void> Core::beginDraining() {
  draining_ = true;
  if (callsInFlight_ == 0) return kj::READY_NOW;
  auto [promise, fulfiller] = kj::newPromiseAndFulfiller<void>();
  drained_ = kj::mv(fulfiller);
  return kj::mv(promise);
}

kj::Promise<void> Core::tellDraining() {
  kj::Vector<kj::Promise<void>> told;
  for (auto& [address, link] : inCharge_) told.add(link->close(Closing::DRAINING));
  return kj::joinPromises(told.releaseAsArray());
}

void Core::callEnds() {
  if (--callsInFlight_ > 0) return;
  KJ_IF_MAYBE (fulfiller, drained_) (*fulfiller)->fulfill();
}

}  // namespace waxwing::relay
