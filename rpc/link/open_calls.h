#pragma once

#include <kj/async.h>
#include <kj/timer.h>

#include <map>

#include "outbox/link.h"
#include "rpc/link/retry_policy.h"

namespace waxwing {

// What a ticket is answered with.
using CallOutcome = Result<Answer>;

// Answers that no connection has to be there for: refusals, and what was open when a connection ended. Given from the
// event loop, in order, never from inside the call that caused them.
class LateAnswers final : private kj::TaskSet::ErrorHandler {
 public:
  explicit LateAnswers(LinkHost& host) : host_(host), tasks_(*this) {}

  void add(Ticket ticket, CallOutcome outcome);
  LinkHost& host() { return host_; }

 private:
  void taskFailed(kj::Exception&& exception) override;

  LinkHost& host_;
  kj::TaskSet tasks_;
};

// The calls of one connection that were not answered yet. Each ticket is answered once: with what its call comes to, or
// when limits::kCallTimeout has passed, or by `abandon`. A call has longer where the line is busy with something else:
// the time that a slow link takes for what the open calls send, and for what arrived since (rpc/wire/patience.h). Its
// answer may stand in line behind pages.
class OpenCalls final : private kj::TaskSet::ErrorHandler {
 public:
  // The connection that the calls run over.
  class Owner {
   public:
    // A call failed in a way that ends the connection. Not to be ended from inside: calls are on the stack.
    virtual void onCallFailed(LinkFailure failure) = 0;
    virtual void onCallDone() {}
    // All that ever came in over the connection. Asked for while a call is open.
    virtual std::uint64_t receivedBytes() const = 0;

   protected:
    ~Owner() = default;
  };

  OpenCalls(LateAnswers& answers, kj::Timer& timer, Owner& owner)
      : answers_(answers), timer_(timer), owner_(owner), tasks_(*this) {}

  // `bytes`: what it sends, where that is much.
  void add(Ticket ticket, kj::Promise<CallOutcome> call, std::size_t bytes = 0);
  // Answers all that is open with `error`; no `add` after it.
  void abandon(const Error& error);
  std::size_t size() const { return open_.size(); }
  // Of all open calls.
  std::size_t bytes() const { return bytes_; }

 private:
  // When a call began, and what stood in its way then: bytes that the open calls send, bytes that had been received.
  struct Begun {
    kj::TimePoint at;
    std::size_t sending;
    std::uint64_t received;
  };

  kj::Promise<void> untilLate(Begun begun);
  void settle(Ticket ticket, CallOutcome outcome);
  void failed(Ticket ticket, LinkFailure failure);
  void taskFailed(kj::Exception&& exception) override;

  LateAnswers& answers_;
  kj::Timer& timer_;
  Owner& owner_;
  std::map<Ticket, std::size_t> open_;  // with their bytes
  std::size_t bytes_ = 0;
  kj::TaskSet tasks_;
};

}  // namespace waxwing
