#include "rpc/link/own_link.h"

#include <kj/debug.h>

#include <utility>

#include "rpc/link/kj_time.h"

namespace waxwing {
namespace {

tl::unexpected<Error> offline() { return fail(Errc::kOffline, "the own relay is not connected"); }

}  // namespace

OwnLink::OwnLink(LateAnswers& answers, Dialer& dialer, kj::Timer& timer, const Clock& clock, Random& random)
    : answers_(answers), dialer_(dialer), timer_(timer), clock_(clock), backoff_(random), tasks_(*this) {}

// The app's wishes, fulfilled in an event of their own: nothing of this link is on the stack then.

void OwnLink::goOnline() {
  wish_ = Wish::kOnline;
  later(&OwnLink::start);
}

void OwnLink::goOffline() {
  wish_ = Wish::kOffline;
  later(&OwnLink::shutDown);
}

void OwnLink::networkChanged() { later(&OwnLink::retryNow); }

void OwnLink::later(void (OwnLink::*member)()) {
  tasks_.add(kj::evalLater([this, member] { (this->*member)(); }));
}

void OwnLink::start() {
  if (wish_ != Wish::kOnline || mode_ != Mode::kIdle) return;
  backoff_.reset();
  restart();
}

void OwnLink::shutDown() {
  running_ = nullptr;
  dropSession({Errc::kDisconnected, "the link was switched off"});
  mode_ = Mode::kIdle;
  announce({});
}

void OwnLink::retryNow() {
  if (mode_ == Mode::kIdle) return;
  if (session_.get() != nullptr && session_->isUp()) return session_->probe();
  backoff_.reset();
  restart();
}

void OwnLink::restart() {
  running_ = nullptr;
  dropSession({Errc::kDisconnected, "the connection to the relay is made anew"});
  running_ = attempt().eagerlyEvaluate(
      [](kj::Exception&& exception) { KJ_LOG(ERROR, "the link has come to a halt", exception.getType()); });
}

// One attempt after the other.

kj::Promise<void> OwnLink::attempt() {
  mode_ = Mode::kActive;
  return kj::evalNow([this] {
           announce({.kind = LinkState::Kind::kConnecting, .stop = {}, .retryAt = {}, .left = 0, .detail = {}});
           dialled_ = answers_.host().login().relay;
           return dialer_.dial(dialled_);
         })
      .then([this](DialOutcome outcome) { return converse(std::move(outcome)); })
      .then([this](Ending ending) { return rest(std::move(ending)); },
            [this](kj::Exception&&) { return rest({.failure = {}, .stop = {}, .detail = "connecting failed"}); });
}

kj::Promise<Ending> OwnLink::converse(DialOutcome outcome) {
  if (!outcome) return Ending{.failure = outcome.error(), .stop = {}, .detail = {}};
  session_ =
      kj::heap<OwnSession>(kj::mv(*outcome), dialled_, answers_, timer_, static_cast<OwnSession::Watcher&>(*this));
  return session_->run();
}

kj::Promise<void> OwnLink::rest(Ending ending) {
  const Error error = errorOf(ending.failure);
  const Consequence consequence = consequenceOf(ending.failure);
  if (session_.get() != nullptr && session_->upFor() >= kjDuration(limits::kBackoffResetAfter)) backoff_.reset();
  dropSession(error);

  LinkState state{
      .kind = LinkState::Kind::kStopped, .stop = ending.stop, .retryAt = {}, .left = 0, .detail = ending.detail};
  if (state.detail.empty()) state.detail = error.message;
  if (state.stop == LinkState::Stop::kNone) state.stop = consequence.stop;
  if (ending.stop != LinkState::Stop::kNone || consequence.pace == Consequence::Pace::kNever) {
    mode_ = Mode::kIdle;
    announce(std::move(state));
    return kj::READY_NOW;
  }
  if (state.stop == LinkState::Stop::kNone) state.kind = LinkState::Kind::kWaitingForNetwork;
  const auto delay = consequence.pace == Consequence::Pace::kSlow ? limits::kUntrustedRetry : backoff_.next();
  state.retryAt = clock_.now() + delay;
  mode_ = Mode::kAtRest;
  announce(std::move(state));
  return timer_.afterDelay(kjDuration(delay)).then([this] { return attempt(); });
}

void OwnLink::dropSession(const Error& error) {
  if (session_.get() == nullptr) return;
  session_->abandon(error);
  session_ = nullptr;
}

// Calls.

void OwnLink::call(Ticket ticket, OwnSession::MailboxCall call, std::size_t bytes) {
  if (session_.get() != nullptr && session_->isUp()) return session_->call(ticket, kj::mv(call), bytes);
  answers_.add(ticket, offline());
}

void OwnLink::acknowledge(std::uint64_t upTo, Ticket ticket) {
  if (session_.get() != nullptr && session_->isUp()) return session_->acknowledge(upTo, ticket);
  answers_.add(ticket, offline());
}

void OwnLink::taskFailed(kj::Exception&& exception) { KJ_LOG(ERROR, "a wish of the app failed", exception.getType()); }

}  // namespace waxwing
