#include "rpc/link/recipient_connection.h"

#include <utility>

#include "rpc/link/wire_form.h"

namespace waxwing {

RecipientConnection::RecipientConnection(const RelayAddress& address, Dialer& dialer, LateAnswers& answers,
                                         kj::Timer& timer, Owner& owner)
    : answers_(answers), owner_(owner), calls_(answers, timer, *this), tasks_(*this) {
  tasks_.add(dialer.dial(address).then([this](DialOutcome outcome) { onDialled(std::move(outcome)); }));
}

void RecipientConnection::onDialled(DialOutcome outcome) {
  if (!outcome) return fail(outcome.error());
  connection_.emplace(kj::mv(*outcome));
  relay_.emplace(connection_->relay());
  state_ = State::kOpen;
  tasks_.add(connection_->onDisconnect().then([] { return kj::evalLast([] {}); }).then([this] {
    fail({LinkPhase::kUp, Cause::kDisconnected});
  }));
  startWaiting();
}

void RecipientConnection::call(RecipientCall call) {
  waiting_.push_back(kj::mv(call));
  startWaiting();
}

void RecipientConnection::startWaiting() {
  while (state_ == State::kOpen && !waiting_.empty() && calls_.size() < limits::kAnonymousCallsInFlight) {
    RecipientCall call = kj::mv(waiting_.front());
    waiting_.pop_front();
    start(kj::mv(call));
  }
}

void RecipientConnection::start(RecipientCall call) {
  auto request = relay_->recipientRequest();
  request.setAccount(wireData(call.account.view()));
  request.setAccessKey(wireData(call.accessKey.view()));
  auto granted = request.send();
  const Ticket ticket = call.ticket;
  const std::size_t bytes = call.bytes;
  if (most_ == Size::kSmall && call.bytes > limits::kAnonymousMessageBytes) {
    calls_.add(ticket, performAfterAnswer(kj::mv(call), kj::mv(granted)), bytes);
    return;
  }
  calls_.add(ticket, call.perform(granted.getRecipient()), bytes);
  if (most_ == Size::kSmall) tasks_.add(granted.then([this](auto&&) { onGranted(); }));
}

kj::Promise<CallOutcome> RecipientConnection::performAfterAnswer(
    RecipientCall call, capnp::RemotePromise<wire::Relay::RecipientResults> granted) {
  return granted.then([this, call = kj::mv(call)](capnp::Response<wire::Relay::RecipientResults> answer) mutable {
    onGranted();
    return call.perform(answer.getRecipient());
  });
}

void RecipientConnection::onGranted() {
  most_ = Size::kLarge;
  connection_->admitLargeMessages();
}

void RecipientConnection::onCallDone() {
  startWaiting();
  if (isIdle() && state_ != State::kEnded) owner_.onIdle(*this);
}

void RecipientConnection::abandon(const Error& error) {
  state_ = State::kEnded;
  calls_.abandon(error);
  const Error unsent{error.code == Errc::kRelayUntrusted ? error.code : Errc::kOffline, error.message};
  for (const RecipientCall& call : std::exchange(waiting_, {})) answers_.add(call.ticket, tl::unexpected(unsent));
}

void RecipientConnection::fail(LinkFailure failure) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  owner_.onEnded(*this, failure);
}

void RecipientConnection::taskFailed(kj::Exception&& exception) { fail({LinkPhase::kUp, causeOf(exception)}); }

}  // namespace waxwing
