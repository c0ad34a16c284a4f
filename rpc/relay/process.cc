#include "rpc/relay/process.h"

#include <kj/async-io.h>
#include <kj/async-unix.h>

#include <algorithm>
#include <csignal>
#include <memory>

#include "rpc/relay/listener.h"
#include "rpc/relay/server.h"
#include "rpc/relay/store_thread.h"
#include "rpc/wire/tls.h"
#include "session/relay_address.h"

namespace waxwing::relay {
namespace {

// On one line: OpenSSL's errors come on several.
std::string textOf(const kj::Exception& exception) {
  const auto description = exception.getDescription();
  std::string text(description.begin(), description.size());
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string withPort(const std::string& address, unsigned port) {
  const auto colon = address.rfind(':');
  if (address.substr(colon + 1) != "0") return address;
  return address.substr(0, colon + 1) + std::to_string(port);
}

// The ports of a relay, bound but not served yet.
struct Ports {
  std::vector<kj::Own<kj::ConnectionReceiver>> receivers;
  Listening listening;
};

Result<Ports> bindPorts(kj::AsyncIoContext& io, const std::vector<std::string>& addresses,
                        const std::vector<std::string>& names) {
  Ports ports;
  for (const auto& address : addresses) {
    try {
      auto parsed = io.provider->getNetwork().parseAddress(address.c_str()).wait(io.waitScope);
      ports.receivers.push_back(parsed->listen());
    } catch (const kj::Exception& failure) {
      return fail(Errc::kBadAddress, "cannot listen on " + address + ": " + textOf(failure));
    }
    ports.listening.addresses.push_back(withPort(address, ports.receivers.back()->getPort()));
  }
  for (const auto& name : names) ports.listening.names.push_back(withPort(name, ports.receivers.front()->getPort()));
  if (names.empty()) ports.listening.names = ports.listening.addresses;
  return ports;
}

Result<std::unique_ptr<TlsServer>> makeTls(const std::string& certificatePem, ByteView keyPem) {
  try {
    return std::make_unique<TlsServer>(certificatePem, keyPem);
  } catch (const kj::Exception& failure) {
    return fail(Errc::kInvalidArgument, "certificate or key: " + textOf(failure));
  }
}

kj::Promise<void> untilAskedToStop(kj::UnixEventPort& port) {
  return port.onSignal(SIGTERM).exclusiveJoin(port.onSignal(SIGINT)).ignoreResult();
}

}  // namespace

Result<void> runProcess(ProcessSetup setup, const Clock& clock, Random& random, RelayObserver& observer,
                        const std::function<void(const Listening&)>& onListening) {
  kj::UnixEventPort::captureSignal(SIGTERM);
  kj::UnixEventPort::captureSignal(SIGINT);
  auto io = kj::setupAsyncIo();
  auto& timer = io.provider->getTimer();

  auto tls = makeTls(setup.certificatePem, setup.keyPem.view());
  if (!tls) return tl::unexpected(tls.error());
  auto store = setup.openStore();
  if (!store) return tl::unexpected(store.error());
  auto ports = bindPorts(io, setup.listen, setup.options.names);
  if (!ports) return tl::unexpected(ports.error());

  setup.options.names = ports->listening.names;
  StoreThread queue(setup.openStore, std::move(*store), timer, observer);
  Server server(std::move(setup.options), Core::Ports{queue, timer, clock, random, observer});
  std::vector<std::unique_ptr<Listener>> listeners;
  for (auto& receiver : ports->receivers) {
    listeners.push_back(std::make_unique<Listener>(server, **tls, timer, kj::mv(receiver)));
  }
  onListening(ports->listening);
  untilAskedToStop(io.unixEventPort).wait(io.waitScope);
  for (auto& listener : listeners) listener->stop();
  server.drain().wait(io.waitScope);
  return {};
}

}  // namespace waxwing::relay
