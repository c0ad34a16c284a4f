#pragma once

#include <kj/function.h>
#include <kj/timer.h>

#include <deque>
#include <optional>

#include "rpc/link/connection.h"
#include "rpc/link/dialer.h"
#include "rpc/link/open_calls.h"

namespace waxwing {

// A call to one account at a relay.
struct RecipientCall {
  Ticket ticket = 0;
  AccountId account;
  AccessKey accessKey;    // secret
  std::size_t bytes = 0;  // at most, on the wire
  kj::Function<kj::Promise<CallOutcome>(wire::Recipient::Client)> perform;
};

// One connection to a relay that is not logged in: dialled when made, used by any number of calls, ended by a failure
// or by its owner. Calls beyond limits::kAnonymousCallsInFlight wait in line. `recipient` is pipelined with the call
// that it is for, except that a large batch waits until the relay has answered a `recipient`: before that it takes
// limits::kAnonymousMessageBytes.
class RecipientConnection final : private OpenCalls::Owner, private kj::TaskSet::ErrorHandler {
 public:
  class Owner {
   public:
    // No call is open; the connection may be ended. Called from the event loop, with the connection on the stack.
    virtual void onIdle(RecipientConnection& connection) = 0;
    virtual void onEnded(RecipientConnection& connection, LinkFailure failure) = 0;

   protected:
    ~Owner() = default;
  };

  RecipientConnection(const RelayAddress& address, Dialer& dialer, LateAnswers& answers, kj::Timer& timer,
                      Owner& owner);
  KJ_DISALLOW_COPY(RecipientConnection);

  void call(RecipientCall call);
  bool isIdle() const { return calls_.size() == 0 && waiting_.empty(); }
  // Answers what is open with `error`. The connection is dropped next.
  void abandon(const Error& error);

 private:
  void onDialled(DialOutcome outcome);
  void startWaiting();
  void start(RecipientCall call);
  kj::Promise<CallOutcome> performAfterAnswer(RecipientCall call,
                                              capnp::RemotePromise<wire::Relay::RecipientResults> granted);
  void onGranted();

  void fail(LinkFailure failure);
  void onCallFailed(LinkFailure failure) override { fail(failure); }
  void onCallDone() override;
  std::uint64_t receivedBytes() const override { return connection_->receivedBytes(); }
  void taskFailed(kj::Exception&& exception) override;

  LateAnswers& answers_;
  Owner& owner_;
  enum class State { kDialling, kOpen, kEnded } state_ = State::kDialling;
  enum class Size { kSmall, kLarge } most_ = Size::kSmall;
  std::deque<RecipientCall> waiting_;
  std::optional<Connection> connection_;
  std::optional<wire::Relay::Client> relay_;
  OpenCalls calls_;
  kj::TaskSet tasks_;
};

}  // namespace waxwing
