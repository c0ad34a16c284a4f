#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include "rpc/wire/guarded_stream.h"
#include "rpc/wire/relay.capnp.h"

namespace waxwing {

// A dialled stream that speaks relay.capnp, from the device's side. Takes messages of limits::kAnonymousMessageBytes at
// first. Dropped only when nothing that it runs is on the stack.
class Connection {
 public:
  explicit Connection(kj::Own<kj::AsyncIoStream> stream);
  KJ_DISALLOW_COPY(Connection);

  wire::Relay::Client relay();
  // Resolves when the peer is gone, for whatever reason.
  kj::Promise<void> onDisconnect();
  // All that ever came in: see GuardedStream.
  std::uint64_t receivedBytes() const { return stream_.receivedBytes(); }
  // The relay has granted us something: from now on it may send the largest legal messages.
  void admitLargeMessages();

 private:
  GuardedStream stream_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system_;
};

}  // namespace waxwing
