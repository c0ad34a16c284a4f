#pragma once

#include "rpc/link/dialer.h"
#include "rpc/link/own_session.h"

namespace waxwing {

// The logged-in link to the own relay and its states (docs/protocol.md §5): dials, holds a session, and after its end
// does what the retry policy says. Its own members never call the host; the event loop does.
class OwnLink final : private OwnSession::Watcher, private kj::TaskSet::ErrorHandler {
 public:
  OwnLink(LateAnswers& answers, Dialer& dialer, kj::Timer& timer, const Clock& clock, Random& random);
  KJ_DISALLOW_COPY(OwnLink);

  void goOnline();
  void goOffline();
  void networkChanged();

  void call(Ticket ticket, OwnSession::MailboxCall call, std::size_t bytes = 0);
  void acknowledge(std::uint64_t upTo, Ticket ticket);

 private:
  // kAtRest: waits for its next attempt. kIdle: switched off, or stopped for good.
  enum class Mode { kIdle, kActive, kAtRest };

  void later(void (OwnLink::*member)());
  void start();
  void shutDown();
  void retryNow();
  void restart();
  kj::Promise<void> attempt();
  kj::Promise<Ending> converse(DialOutcome outcome);
  kj::Promise<void> rest(Ending ending);
  void dropSession(const Error& error);

  void announce(LinkState state) { answers_.host().onLinkState(state); }
  void onSessionState(LinkState state) override { announce(std::move(state)); }
  void taskFailed(kj::Exception&& exception) override;

  LateAnswers& answers_;
  Dialer& dialer_;
  kj::Timer& timer_;
  const Clock& clock_;
  Backoff backoff_;
  RelayAddress dialled_;
  Mode mode_ = Mode::kIdle;
  enum class Wish { kOffline, kOnline } wish_ = Wish::kOffline;
  kj::Own<OwnSession> session_;
  kj::Promise<void> running_ = nullptr;
  kj::TaskSet tasks_;
};

}  // namespace waxwing
