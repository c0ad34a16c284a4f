#pragma once

#include <capnp/rpc-twoparty.h>

#include "rpc/relay/peer.h"
#include "rpc/relay/question_limit.h"
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
  // Ends it at once, without a farewell.
  void drop() { dropped_.fulfiller->fulfill(); }
  bool isDropped() { return !dropped_.fulfiller->isWaiting(); }
  // No device is logged in over it: whoever it is loses nothing but a connection.
  bool isAnonymous() const { return !peer_->hasLink(); }
  kj::TimePoint lastCall() const { return peer_->lastCall(); }

 private:
  void raiseLimits();
  kj::Promise<void> untilIdle();
  kj::Promise<void> finishWriting();

  kj::Own<Core> core_;
  GuardedStream stream_;
  QuestionLimit questions_;
  capnp::TwoPartyVatNetwork network_;
  kj::Own<Peer> peer_;
  kj::PromiseFulfillerPair<void> dropped_ = kj::newPromiseAndFulfiller<void>();
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
};

}  // namespace waxwing::relay
