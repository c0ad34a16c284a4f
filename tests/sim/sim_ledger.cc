#include "tests/sim/sim_ledger.h"

#include <algorithm>
#include <utility>

#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

constexpr std::size_t kWhole = 100'000;

}  // namespace

void SimLedger::addDevice(const DeviceAddress& device) { accounts_.insert(device.account); }

void SimLedger::noteListed(const DeviceAddress& device) { devices_[device.account].insert(device); }

void SimLedger::retireDevice(const DeviceAddress& device) {
  devices_[device.account].erase(device);
  for (auto& [id, sent] : sent_) sent.owedTo.erase(device);
}

void SimLedger::noteSent(const MessageId& id, const DeviceAddress& from, const AccountId& to, std::string text) {
  Sent sent{from, to, std::move(text), ++order_, devices_[to], Sent::Promise::kKept};
  for (const DeviceAddress& sibling : devices_[from.account]) sent.owedTo.insert(sibling);
  for (const DeviceAddress& device : recovering_) excused_.insert({device, id});
  sent_.emplace(id, std::move(sent));
  held_.insert({from, id});
}

void SimLedger::noteRestored(const DeviceAddress& device, std::uint64_t orderThen) {
  for (auto& [id, sent] : sent_) {
    if (sent.from == device && sent.order > orderThen) sent.promise = Sent::Promise::kVoid;
    excused_.insert({device, id});
    states_.erase({device, id});
  }
  recovering_.insert(device);
  holes_ = Holes::kAllowed;
}

void SimLedger::noteRead(const DeviceAddress& device, const MessageId& id) { read_.insert({device, id}); }

void SimLedger::noteEvent(SimDevice& device, const Event& event) {
  if (const auto* arrived = std::get_if<event::MessageArrived>(&event)) {
    held_.insert({device.self(), arrived->item.id});
  } else if (const auto* changed = std::get_if<event::MessageChanged>(&event)) {
    moveState({device.self(), changed->id}, changed->state);
  }
}

void SimLedger::observe(SimDevice& device) {
  for (const AccountId& conversation : conversations(device)) {
    for (const TimelineItem& item : timeline(device, conversation)) held_.insert({device.self(), item.id});
  }
}

void SimLedger::check(SimDevice& device) {
  for (const AccountId& conversation : conversations(device)) {
    std::map<DeviceAddress, std::uint64_t> newest;
    std::set<MessageId> shown;
    for (const TimelineItem& item : timeline(device, conversation)) {
      if (item.kind != TimelineItem::Kind::kText) {
        const bool lost = item.kind == TimelineItem::Kind::kHole || item.kind == TimelineItem::Kind::kUnreadable ||
                          item.kind == TimelineItem::Kind::kGap || item.kind == TimelineItem::Kind::kEquivocation;
        if (lost && holes_ == Holes::kRefused) {
          offend(device.name() + " shows a line of kind " + std::to_string(static_cast<int>(item.kind)));
        }
        continue;
      }
      if (!shown.insert(item.id).second) offend(device.name() + " shows twice " + describe(item.id));
      checkText(device, conversation, item);
      const auto sent = sent_.find(item.id);
      if (sent == sent_.end()) continue;
      std::uint64_t& last = newest[sent->second.from];
      if (sent->second.order < last) offend(device.name() + " shows out of order " + describe(item.id));
      last = std::max(last, sent->second.order);
      if (item.mine) checkState(device, item);
    }
  }
}

void SimLedger::checkText(SimDevice& device, const AccountId& conversation, const TimelineItem& item) {
  const auto found = sent_.find(item.id);
  // A send that was killed after its commit was never told to the ledger: its text still says whose it is.
  if (found == sent_.end()) return;
  const Sent& sent = found->second;
  if (item.text != sent.text) offend(device.name() + " shows altered " + describe(item.id));
  if (item.author != sent.from) offend(device.name() + " attributes wrongly " + describe(item.id));
  if (item.mine != (sent.from.account == device.account())) offend(device.name() + " mistakes " + describe(item.id));
  const AccountId& peer = item.mine ? sent.to : sent.from.account;
  if (conversation != peer) offend(device.name() + " shows in the wrong conversation " + describe(item.id));
}

void SimLedger::checkState(SimDevice& device, const TimelineItem& item) {
  moveState({device.self(), item.id}, item.state);
  const Sent& sent = sent_.at(item.id);
  if (item.state == DeliveryState::kDelivered && !anyOf(sent.to, item.id, held_)) {
    offend(device.name() + " says delivered, and nobody has " + describe(item.id));
  }
  if (item.state == DeliveryState::kRead && !anyOf(sent.to, item.id, read_)) {
    offend(device.name() + " says read, and nobody read " + describe(item.id));
  }
}

void SimLedger::checkAtRest(SimDevice& device) {
  std::map<MessageId, TimelineItem> shown;
  for (const AccountId& conversation : conversations(device)) {
    for (const TimelineItem& item : timeline(device, conversation)) {
      if (item.kind == TimelineItem::Kind::kText) shown.emplace(item.id, item);
    }
  }
  for (const auto& [id, sent] : sent_) {
    const bool excused = sent.promise == Sent::Promise::kVoid || excused_.contains({device.self(), id});
    const auto item = shown.find(id);
    if (item == shown.end()) {
      if (sent.owedTo.contains(device.self()) && !excused) offend(device.name() + " lacks " + describe(id));
      continue;
    }
    if (!item->second.mine || excused) continue;
    const DeliveryState wanted = stateAtRest(id, sent);
    if (item->second.state < wanted && device.self() == sent.from) {
      offend(device.name() + " is behind with state " + std::to_string(static_cast<int>(item->second.state)) + " of " +
             describe(id));
    }
  }
}

// What the sender must know by now, of devices that did not lose their memory since.
DeliveryState SimLedger::stateAtRest(const MessageId& id, const Sent& sent) const {
  DeliveryState state = DeliveryState::kPending;
  for (const DeviceAddress& device : sent.owedTo) {
    if (device.account != sent.to || excused_.contains({device, id})) continue;
    state = std::max(state, read_.contains({device, id}) ? DeliveryState::kRead : DeliveryState::kDelivered);
  }
  return state;
}

void SimLedger::moveState(const Seen& seen, DeliveryState state) {
  if (state == DeliveryState::kFailed) return;
  auto [known, isNew] = states_.emplace(seen, state);
  if (!isNew && state < known->second) offend("a state moved back of " + describe(seen.second));
  known->second = std::max(known->second, state);
}

bool SimLedger::anyOf(const AccountId& account, const MessageId& id, const std::set<Seen>& seen) const {
  return std::ranges::any_of(seen, [&](const Seen& one) { return one.second == id && one.first.account == account; });
}

void SimLedger::offend(std::string line) {
  if (told_.insert(line).second) offences_.push_back(std::move(line));
}

std::string SimLedger::describe(const MessageId& id) const {
  const auto sent = sent_.find(id);
  return sent == sent_.end() ? "a message that nobody sent" : "'" + sent->second.text + "'";
}

std::vector<AccountId> SimLedger::conversations(SimDevice& device) const {
  std::vector<AccountId> others;
  for (const AccountId& account : accounts_) {
    if (account != device.account()) others.push_back(account);
  }
  return others;
}

std::vector<TimelineItem> SimLedger::timeline(SimDevice& device, const AccountId& conversation) {
  return must(device.perform([&](Outbox& outbox) { return outbox.messages(conversation, {.most = kWhole}); }));
}

}  // namespace waxwing::testing
