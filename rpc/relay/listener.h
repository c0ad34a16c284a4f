#pragma once

#include <kj/async-io.h>

#include <map>

#include "rpc/relay/server.h"
#include "rpc/wire/tls.h"

namespace waxwing::relay {

// Accepts connections on one port, does the TLS handshake within limits::kHandshakeTimeout and hands the streams to the
// server. What fails its handshake is dropped without a word; with limits::kHandshakes under way, so is the oldest.
class Listener final : private kj::TaskSet::ErrorHandler {
 public:
  Listener(Server& server, TlsServer& tls, kj::Timer& timer, kj::Own<kj::ConnectionReceiver> port);

  // Stops accepting, and drops handshakes that are under way.
  void stop();

 private:
  kj::Promise<void> acceptNext();
  void shakeHands(kj::Own<kj::AsyncIoStream> stream);
  void dropOldest();
  kj::Promise<void> pauseAfter(kj::Exception&& failure);
  void taskFailed(kj::Exception&&) override {}

  Server& server_;
  TlsServer& tls_;
  kj::Timer& timer_;
  kj::Own<kj::ConnectionReceiver> port_;
  std::uint64_t lastHandshake_ = 0;
  std::map<std::uint64_t, kj::Own<kj::PromiseFulfiller<void>>> handshakes_;  // what ends each; the oldest first
  kj::Own<kj::TaskSet> tasks_;
};

}  // namespace waxwing::relay
