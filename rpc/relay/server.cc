#include "rpc/relay/server.h"

#include <kj/debug.h>

namespace waxwing::relay {
namespace {

// How long calls in flight may take to be answered once the relay goes down.
constexpr auto kDrainTimeout = 10 * kj::SECONDS;

}  // namespace

Server::Server(Options options, Core::Ports ports)
    : core_(kj::refcounted<Core>(std::move(options), ports)), upkeep_(upkeep().eagerlyEvaluate(nullptr)) {}

Server::~Server() noexcept(false) = default;

void Server::accept(kj::Own<kj::AsyncIoStream> stream) {
  if (core_->draining()) return;
  if (connections_.size() >= core_->options().connections) {
    core_->observer().limitExceeded("connections");
    if (!makeRoom()) return;
  }
  const auto number = ++lastNumber_;
  connections_.emplace(number, kj::heap<Connection>(kj::addRef(*core_), kj::mv(stream), number));
  tasks_.add(serve(number));
}

// Whoever takes up all connections must not keep new ones out: of those without a login, the one goes that has been
// silent longest. False: all are logged in.
bool Server::makeRoom() {
  Connection* silent = nullptr;
  for (auto& [number, connection] : connections_) {
    if (connection->isDropped() || !connection->isAnonymous()) continue;
    if (silent == nullptr || connection->lastCall() < silent->lastCall()) silent = connection.get();
  }
  if (silent != nullptr) silent->drop();
  return silent != nullptr;
}

kj::Promise<void> Server::serve(std::uint64_t number) {
  return connections_.at(number)->run().catch_([](kj::Exception&&) {}).then([this, number] {
    connections_.erase(number);
  });
}

kj::Promise<void> Server::drain() {
  auto answered = core_->timer().timeoutAfter(kDrainTimeout, core_->beginDraining()).catch_([](kj::Exception&&) {});
  return answered.then([this] { return core_->tellDraining(); }).then([this] {
    for (auto& [number, connection] : connections_) connection->close();
    return tasks_.onEmpty();
  });
}

kj::Promise<void> Server::upkeep() {
  return core_->timer()
      .afterDelay(core_->options().upkeepEvery)
      .then([this] { return core_->queue().commit(Upkeep{core_->clock().now()}); })
      .then([this](Result<UpkeepOutcome>) { return upkeep(); });
}

void Server::taskFailed(kj::Exception&& exception) { KJ_LOG(ERROR, "a connection's end failed", exception.getType()); }

}  // namespace waxwing::relay
