#pragma once

#include <kj/async-io.h>

#include <unordered_map>

#include "rpc/relay/connection.h"
#include "rpc/relay/core.h"

namespace waxwing::relay {

// A relay on one event loop: takes streams that somebody accepted (and wrapped in TLS), and serves the interface of
// rpc/wire/relay.capnp on each, over one commit queue. All time comes from the timer and the clock, all randomness from
// the port, so that the whole of it runs in a test or in the simulator.
class Server final : private kj::TaskSet::ErrorHandler {
 public:
  Server(Options options, Core::Ports ports);
  ~Server() noexcept(false);
  KJ_DISALLOW_COPY(Server);

  // Serves `stream` until either side ends it. While draining it is dropped; with too many
  // connections, another one is (or it is itself, where a device is logged in on each).
  void accept(kj::Own<kj::AsyncIoStream> stream);

  // Refuses new connections and calls, answers the calls in flight (their commits included), tells every sink, and
  // closes. Resolves when that is done; the server then serves nothing any more.
  kj::Promise<void> drain();

  std::size_t connections() const { return connections_.size(); }
  // Bytes of pages that clients have not taken over yet.
  std::size_t pageBytesInFlight() { return core_->pageBudget().inFlight(); }

 private:
  kj::Promise<void> upkeep();
  bool makeRoom();
  kj::Promise<void> serve(std::uint64_t number);
  void taskFailed(kj::Exception&& exception) override;

  kj::Own<Core> core_;
  std::uint64_t lastNumber_ = 0;
  std::unordered_map<std::uint64_t, kj::Own<Connection>> connections_;
  kj::TaskSet tasks_{*this};
  kj::Promise<void> upkeep_;
};

}  // namespace waxwing::relay
