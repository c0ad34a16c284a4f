#include "rpc/relay/listener.h"

#include "rpc/wire/patience.h"

namespace waxwing::relay {

Listener::Listener(Server& server, TlsServer& tls, kj::Timer& timer, kj::Own<kj::ConnectionReceiver> port)
    : server_(server),
      tls_(tls),
      timer_(timer),
      port_(kj::mv(port)),
      tasks_(kj::heap<kj::TaskSet>(static_cast<kj::TaskSet::ErrorHandler&>(*this))) {
  tasks_->add(acceptNext());
}

void Listener::stop() {
  tasks_ = nullptr;
  port_ = nullptr;
}

kj::Promise<void> Listener::acceptNext() {
  return port_->accept()
      .then(
          [this](kj::Own<kj::AsyncIoStream>&& stream) -> kj::Promise<void> {
            shakeHands(kj::mv(stream));
            return kj::READY_NOW;
          },
          [this](kj::Exception&& failure) { return pauseAfter(kj::mv(failure)); })
      .then([this] { return acceptNext(); });
}

// Out of file descriptors, most likely: accepting again at once would only spin.
kj::Promise<void> Listener::pauseAfter(kj::Exception&&) { return timer_.afterDelay(100 * kj::MILLISECONDS); }

void Listener::shakeHands(kj::Own<kj::AsyncIoStream> stream) {
  if (handshakes_.size() >= limits::kHandshakes) dropOldest();
  const auto number = ++lastHandshake_;
  auto [dropped, drop] = kj::newPromiseAndFulfiller<void>();
  handshakes_.emplace(number, kj::mv(drop));
  noticeAbsence(*stream);
  auto wrapped = timer_.timeoutAfter(toKj(limits::kHandshakeTimeout), tls_.wrap(kj::mv(stream)));
  tasks_->add(wrapped.then([this](kj::Own<kj::AsyncIoStream>&& secure) { server_.accept(kj::mv(secure)); })
                  .exclusiveJoin(kj::mv(dropped))
                  .attach(kj::defer([this, number] { handshakes_.erase(number); })));
}

// An honest handshake takes moments: the oldest of many is the one that will not be finished.
void Listener::dropOldest() {
  const auto oldest = handshakes_.begin();
  oldest->second->fulfill();
  handshakes_.erase(oldest);
}

}  // namespace waxwing::relay
