#include "tests/client/loopback_relay.h"

#include <kj/async-io.h>

#include "rpc/relay/listener.h"
#include "rpc/relay/server.h"
#include "rpc/relay/store_thread.h"
#include "rpc/wire/tls.h"
#include "store/relay/sqlcipher_mailbox_store.h"

namespace waxwing::testing {
namespace {

relay::OpenStore opener(const std::filesystem::path& path) {
  return [path] {
    const Bytes key(32, 'k');
    const auto existing =
        std::filesystem::exists(path) ? Database::Existing::kMustExist : Database::Existing::kMustNotExist;
    return relay::openSqlcipherStore({.path = path, .key = key, .existing = existing});
  };
}

}  // namespace

void LoopbackRelay::start() {
  stop_ = std::make_unique<TaskQueue>();
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ == State::kStarted; });
}

void LoopbackRelay::stop() {
  if (!thread_.joinable()) return;
  stop_->close();
  thread_.join();
  state_ = State::kStopped;
}

void LoopbackRelay::run() {
  auto io = kj::setupAsyncIo();
  kj::Timer& timer = io.provider->getTimer();
  auto port = io.provider->getNetwork().parseAddress("127.0.0.1", address_.port).wait(io.waitScope)->listen();
  address_.port = static_cast<std::uint16_t>(port->getPort());
  relay::NullObserver observer;
  const auto open = opener(store_);
  relay::StoreThread queue(open, *open(), timer, observer);
  relay::Options options;
  options.names = {address_.name()};
  relay::Server server(std::move(options), {queue, timer, systemClock(), systemRandom(), observer});
  TlsServer tls(certificate_.certificatePem, certificate_.keyPem.view());
  relay::Listener listener(server, tls, timer, kj::mv(port));
  tellStarted();
  stop_->run(*io.lowLevelProvider).wait(io.waitScope);
}

void LoopbackRelay::tellStarted() {
  const std::lock_guard lock(mutex_);
  state_ = State::kStarted;
  changed_.notify_one();
}

}  // namespace waxwing::testing
