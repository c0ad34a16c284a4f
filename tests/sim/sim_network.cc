#include "tests/sim/sim_network.h"

#include <utility>

#include "rpc/link/kj_time.h"

namespace waxwing::testing {

class SimNetwork::HostDialer final : public Dialer {
 public:
  HostDialer(SimNetwork& network, std::string host) : network_(network), host_(std::move(host)) {}
  kj::Promise<DialOutcome> dial(const RelayAddress& address) override { return network_.dial(host_, address); }

 private:
  SimNetwork& network_;
  std::string host_;
};

void SimNetwork::listen(const RelayAddress& relay, Accept accept) { relays_[relay.name()] = std::move(accept); }

void SimNetwork::close(const RelayAddress& relay) { relays_[relay.name()] = std::nullopt; }

kj::Own<Dialer> SimNetwork::dialer(std::string host) { return kj::heap<HostDialer>(*this, std::move(host)); }

void SimNetwork::partition(const std::string& host) {
  partitioned_.insert(host);
  swallowAll(host);
}

void SimNetwork::heal(const std::string& host) { partitioned_.erase(host); }

std::vector<SimConnection*> SimNetwork::connections(const std::string& host) {
  std::vector<SimConnection*> found;
  for (SimConnection* connection : connections_) {
    if (connection->name().client == host || connection->name().relay == host) found.push_back(connection);
  }
  return found;
}

void SimNetwork::cutAll(const std::string& host) {
  for (SimConnection* connection : connections(host)) connection->cut();
}

void SimNetwork::swallowAll(const std::string& host) {
  for (SimConnection* connection : connections(host)) connection->swallow();
}

kj::Promise<DialOutcome> SimNetwork::dial(const std::string& host, const RelayAddress& address) {
  const auto delay = travel_.delayMost.count() + static_cast<std::int64_t>(random_.below(1000));
  return loop_.timer()
      .afterDelay(delay * kj::MICROSECONDS)
      .then([this, host, relay = address.name()]() -> kj::Promise<DialOutcome> {
        const auto found = relays_.find(relay);
        if (found == relays_.end()) {
          return DialOutcome(tl::unexpected(LinkFailure{LinkPhase::kResolve, Cause::kFailed}));
        }
        if (!reachable(host) || !reachable(relay)) return never();
        if (!found->second) {
          return DialOutcome(tl::unexpected(LinkFailure{LinkPhase::kConnect, Cause::kDisconnected}));
        }
        return DialOutcome(connect(host, relay));
      });
}

kj::Promise<DialOutcome> SimNetwork::never() {
  return loop_.timer().afterDelay(kjDuration(limits::kConnectTimeout)).then([]() -> DialOutcome {
    return tl::unexpected(LinkFailure{LinkPhase::kConnect, Cause::kTimedOut});
  });
}

kj::Own<kj::AsyncIoStream> SimNetwork::connect(const std::string& host, const std::string& relay) {
  SimConnection::Owner& owner = *this;
  auto connection =
      kj::refcounted<SimConnection>(owner, loop_, random_, travel_, SimConnection::Name{++lastNumber_, host, relay});
  loop_.note("connect #" + std::to_string(lastNumber_) + " " + host + " " + relay);
  connections_.push_back(connection.get());
  if (auto cuts = nextCuts_.find(host); cuts != nextCuts_.end()) {
    for (const CutAfter& fault : cuts->second) connection->cutAfter(fault.from, fault.bytes);
    nextCuts_.erase(cuts);
  }
  auto client = connection->stream(SimSide::kClient);
  (*relays_.at(relay))(connection->stream(SimSide::kRelay));
  return client;
}

void SimNetwork::onGone(SimConnection& connection) { std::erase(connections_, &connection); }

}  // namespace waxwing::testing
