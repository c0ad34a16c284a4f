#pragma once

#include <capnp/rpc-twoparty.h>

#include "rpc/relay/peer.h"
#include "rpc/wire/guarded_stream.h"

namespace waxwing::relay {

// One accepted byte stream and the Cap'n Proto conversation on it, with the limits that hold until and after the peer
// is admitted.
class Connection {
 public:
  Connection(kj::Own<Core> core, kj::Own<kj::AsyncIoStream> stream, std::uint64_t number);
  ~Connection() noexcept(false);
  KJ_DISALLOW_COPY(Connection);

  // Resolves when the connection is over: the peer hung up or broke a rule, did nothing for too long, or was asked to
  // go.
  kj::Promise<void> run();
  void close() { peer_->close(); }

 private:
  void raiseLimits();
  kj::Promise<void> untilIdle();
  kj::Promise<void> finishWriting();

  kj::Own<Core> core_;
  GuardedStream stream_;
  capnp::TwoPartyVatNetwork network_;
  kj::Own<Peer> peer_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
};

}  // namespace waxwing::relay
