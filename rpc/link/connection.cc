#include "rpc/link/connection.h"

#include "crypto/limits.h"

namespace waxwing {
namespace {

// The guarded stream has judged the size before; nesting is what is left to bound, and reading the same bytes over and
// over.
capnp::ReaderOptions readerOptions() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * limits::kMessageBytes / sizeof(capnp::word);
  options.nestingLimit = limits::kNestingLevels;
  return options;
}

}  // namespace

Connection::Connection(kj::Own<kj::AsyncIoStream> stream)
    : stream_(kj::mv(stream), limits::kAnonymousMessageBytes),
      network_(stream_, capnp::rpc::twoparty::Side::CLIENT, readerOptions()),
      system_(capnp::makeRpcClient(network_)) {}

wire::Relay::Client Connection::relay() {
  capnp::MallocMessageBuilder message(16);
  auto server = message.initRoot<capnp::rpc::twoparty::VatId>();
  server.setSide(capnp::rpc::twoparty::Side::SERVER);
  return system_.bootstrap(server).castAs<wire::Relay>();
}

kj::Promise<void> Connection::onDisconnect() { return network_.onDisconnect(); }

void Connection::admitLargeMessages() { stream_.setMessageLimit(limits::kMessageBytes); }

}  // namespace waxwing
