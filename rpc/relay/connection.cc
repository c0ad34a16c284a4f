#include "rpc/relay/connection.h"

#include "rpc/relay/relay_service.h"

namespace waxwing::relay {
namespace {

constexpr auto kFarewell = 2 * kj::SECONDS;

capnp::ReaderOptions readerOptions() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * limits::kMessageBytes / sizeof(capnp::word);
  options.nestingLimit = limits::kNestingLevels;
  return options;
}

constexpr std::size_t flowLimitWords(std::size_t messageBytes) { return 2 * messageBytes / sizeof(capnp::word); }

}  // namespace

Connection::Connection(kj::Own<Core> core, kj::Own<kj::AsyncIoStream> stream, std::uint64_t number)
    : core_(kj::mv(core)),
      stream_(kj::mv(stream), limits::kAnonymousMessageBytes, GuardedStream::Reading::kPause),
      questions_(stream_),
      network_(questions_, capnp::rpc::twoparty::Side::SERVER, readerOptions()),
      peer_(kj::refcounted<Peer>(kj::addRef(*core_), number, [this] { raiseLimits(); })),
      rpc_(capnp::makeRpcServer(network_, kj::heap<RelayService>(kj::addRef(*peer_)))) {
  rpc_.setFlowLimit(flowLimitWords(limits::kAnonymousMessageBytes));
  core_->observer().count(RelayObserver::Event::kConnected, 1);
}

Connection::~Connection() noexcept(false) { peer_->end(); }

void Connection::raiseLimits() {
  stream_.setMessageLimit(limits::kMessageBytes);
  rpc_.setFlowLimit(flowLimitWords(limits::kMessageBytes));
}

kj::Promise<void> Connection::run() {
  auto asked = peer_->whenClosed().then([this] { return finishWriting(); });
  return network_.onDisconnect()
      .exclusiveJoin(untilIdle())
      .exclusiveJoin(kj::mv(asked))
      .exclusiveJoin(kj::mv(dropped_.promise))
      .then([this] {
        core_->observer().count(RelayObserver::Event::kDisconnected, 1);
        peer_->noteAttempts();
      });
}

kj::Promise<void> Connection::untilIdle() {
  const auto& options = core_->options();
  return core_->timer().afterDelay(options.loginTimeout).then([this, &options]() -> kj::Promise<void> {
    if (!peer_->admitted() || core_->timer().now() - peer_->lastCall() > options.idleTimeout) return kj::READY_NOW;
    return untilIdle();
  });
}

kj::Promise<void> Connection::finishWriting() {
  return core_->timer().timeoutAfter(kFarewell, stream_.end()).catch_([](kj::Exception&&) {});
}

}  // namespace waxwing::relay
