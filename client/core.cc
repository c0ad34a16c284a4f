#include "client/core.h"

#include <algorithm>
#include <utility>

#include "client/profile.h"
#include "rpc/link/kj_time.h"

namespace waxwing {
namespace {

// The alarm is set by the wall clock's word but runs on the timer: between the two a clock may have jumped, so it never
// sleeps for long.
constexpr limits::milliseconds kLongestSleep = std::chrono::hours(1);
constexpr limits::milliseconds kShortestSleep{1};

Error causeOf(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const StoreFailure& store) {
    return {store.code(), store.what()};
  } catch (const std::exception& broken) {
    return {Errc::kInternal, broken.what()};
  } catch (...) {
    return {Errc::kInternal, "an unknown exception"};
  }
}

}  // namespace

Result<std::unique_ptr<Core>> Core::open(std::unique_ptr<Database> db, Ports ports) {
  std::unique_ptr<Core> core(new Core(std::move(db), std::move(ports)));
  auto outbox =
      Outbox::open(*core->db_, {.clock = core->ports_.clock,
                                .random = core->ports_.random,
                                .restoreMarker = core->ports_.restoreMarker,
                                .onEvent = [self = core.get()](const Event& event) { self->queueEvent(event); }});
  if (!outbox) return tl::unexpected(std::move(outbox.error()));
  core->outbox_ = std::move(*outbox);
  core->outbox_->setRegistrationToken(registrationToken(*core->db_));
  core->guard_.emplace(*core->outbox_, static_cast<HostGuard::Owner&>(*core));
  core->link_.emplace(*core->guard_, core->ports_.dialer, core->ports_.timer, core->ports_.clock, core->ports_.random);
  core->outbox_->connect(*core->link_);
  core->stir();
  return core;
}

Core::Core(std::unique_ptr<Database> db, Ports ports) : ports_(std::move(ports)), db_(std::move(db)), tasks_(*this) {}

Core::~Core() noexcept(false) = default;

void Core::goOnline() {
  if (failure_) return;
  wish_ = Wish::kOnline;
  link_->goOnline();
  stir();
}

void Core::goOffline() {
  wish_ = Wish::kOffline;
  link_->goOffline();
  stir();
}

void Core::networkChanged() {
  if (failure_) return;
  link_->networkChanged();
  stir();
}

LinkState Core::linkState() const {
  if (!failure_) return outbox_->linkState();
  return {.kind = LinkState::Kind::kOffline, .stop = {}, .retryAt = {}, .left = 0, .detail = failure_->message};
}

// What is due: asked once after all that happened in a turn of the loop.

void Core::stir() {
  if (std::exchange(stirred_, Stirred::kYes) == Stirred::kYes) return;
  tasks_.add(kj::evalLast([this] { drive(); }));
}

void Core::drive() {
  stirred_ = Stirred::kNo;
  if (failure_) return answerWaiters();
  try {
    work();
  } catch (...) {
    endWork(causeOf(std::current_exception()));
  }
  answerWaiters();
}

void Core::work() {
  outbox_->tick();
  if (!waiters_.empty() && outbox_->linkState().kind == LinkState::Kind::kOnline) outbox_->flushReceipts();
  setAlarm();
  db_->checkpointIfDue();
}

void Core::setAlarm() {
  alarm_ = nullptr;
  const auto deadline = outbox_->nextDeadline();
  if (!deadline) return;
  const auto delay = std::clamp(*deadline - ports_.clock.now(), kShortestSleep, kLongestSleep);
  alarm_ = ports_.timer.afterDelay(kjDuration(delay)).then([this] { stir(); }).eagerlyEvaluate(nullptr);
}

// Waiting until nothing is left to do.

kj::Promise<Result<Core::Settled>> Core::untilSettled(limits::milliseconds timeout) {
  auto waiter = kj::newPromiseAndFulfiller<Result<Settled>>();
  waiters_.push_back(kj::mv(waiter.fulfiller));
  stir();
  auto late = ports_.timer.afterDelay(kjDuration(timeout)).then([]() -> Result<Settled> { return Settled::kTimedOut; });
  return waiter.promise.exclusiveJoin(kj::mv(late));
}

void Core::answerWaiters() {
  std::erase_if(waiters_, [](SettledFulfiller& waiter) { return !waiter->isWaiting(); });
  if (waiters_.empty()) return;
  std::optional<Result<Settled>> answer;
  if (failure_) {
    answer.emplace(tl::unexpected(*failure_));
  } else if (const auto now = settled()) {
    answer.emplace(*now);
  }
  if (!answer) return;
  for (SettledFulfiller& waiter : std::exchange(waiters_, {})) waiter->fulfill(Result<Settled>(*answer));
}

std::optional<Core::Settled> Core::settled() {
  const LinkState& state = outbox_->linkState();
  if (state.kind == LinkState::Kind::kStopped) return Settled::kStopped;
  if (!outbox_->settled()) return std::nullopt;
  switch (state.kind) {
    case LinkState::Kind::kOnline:
      return Settled::kYes;
    case LinkState::Kind::kWaitingForNetwork:
      return Settled::kUnreachable;
    case LinkState::Kind::kOffline:
      if (wish_ == Wish::kOffline) return Settled::kUnreachable;
      return std::nullopt;
    case LinkState::Kind::kConnecting:
    case LinkState::Kind::kSyncing:
    case LinkState::Kind::kStopped:
      break;
  }
  return std::nullopt;
}

// Events go out when no code of the outbox is on the stack: a handler may call anything.

void Core::queueEvent(const Event& event) {
  if (!ports_.onEvent) return;
  events_.push_back(event);
  if (events_.size() == 1) tasks_.add(kj::evalLater([this] { tellEvents(); }));
}

void Core::tellEvents() {
  for (const Event& event : std::exchange(events_, {})) ports_.onEvent(event);
}

// Failures.

void Core::endWork(const Error& cause) {
  if (failure_) return;
  failure_ = Error{Errc::kMustReopen, cause.message + "; nothing works until it is opened anew"};
  alarm_ = nullptr;
  guard_->end();
  link_->goOffline();
  queueEvent(event::Failed{cause});
  queueEvent(event::LinkChanged{linkState()});
  stir();
}

void Core::onHostFailure(std::exception_ptr failure) { endWork(causeOf(failure)); }

void Core::taskFailed(kj::Exception&&) { endWork({Errc::kInternal, "an event handler of the app threw"}); }

}  // namespace waxwing
