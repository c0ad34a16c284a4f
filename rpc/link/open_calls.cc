#include "rpc/link/open_calls.h"

#include <kj/debug.h>

#include <stdexcept>
#include <utility>

#include "rpc/link/kj_time.h"
#include "rpc/wire/patience.h"

namespace waxwing {

void LateAnswers::add(Ticket ticket, CallOutcome outcome) {
  tasks_.add(kj::evalLater([this, ticket, outcome = std::move(outcome)] { host_.onAnswer(ticket, outcome); }));
}

void LateAnswers::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "a ticket's answer was not taken", exception.getType());
}

void OpenCalls::add(Ticket ticket, kj::Promise<CallOutcome> call, std::size_t bytes) {
  if (!open_.emplace(ticket, bytes).second) throw std::logic_error("a ticket was used twice");
  bytes_ += bytes;
  auto done = call.then([this, ticket](CallOutcome outcome) { settle(ticket, std::move(outcome)); },
                        [this, ticket](kj::Exception&& reason) {
                          failed(ticket, {LinkPhase::kUp, causeOf(reason)});
                        });
  auto late =
      untilLate({.at = timer_.now(), .sending = bytes_, .received = owner_.receivedBytes()}).then([this, ticket] {
        failed(ticket, {LinkPhase::kUp, Cause::kTimedOut});
      });
  tasks_.add(done.exclusiveJoin(kj::mv(late)));
}

kj::Promise<void> OpenCalls::untilLate(Begun begun) {
  const std::size_t inTheWay = begun.sending + static_cast<std::size_t>(owner_.receivedBytes() - begun.received);
  const kj::TimePoint lateAt = begun.at + patience(kjDuration(limits::kCallTimeout), inTheWay);
  if (timer_.now() >= lateAt) return kj::READY_NOW;
  return timer_.atTime(lateAt).then([this, begun] { return untilLate(begun); });
}

void OpenCalls::abandon(const Error& error) {
  for (const auto& [ticket, bytes] : std::exchange(open_, {})) answers_.add(ticket, tl::unexpected(error));
  bytes_ = 0;
}

void OpenCalls::settle(Ticket ticket, CallOutcome outcome) {
  const auto call = open_.find(ticket);
  if (call == open_.end()) return;  // abandoned
  bytes_ -= call->second;
  open_.erase(call);
  answers_.host().onAnswer(ticket, std::move(outcome));
  owner_.onCallDone();
}

void OpenCalls::failed(Ticket ticket, LinkFailure failure) {
  if (open_.contains(ticket)) owner_.onCallFailed(failure);
  settle(ticket, tl::unexpected(errorOf(failure)));
}

void OpenCalls::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "a call's end was not taken", exception.getType());
}

}  // namespace waxwing
