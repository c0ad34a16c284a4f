#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "rpc/link/dialer.h"
#include "tests/sim/sim_stream.h"

namespace waxwing::testing {

// The network between hosts: clients, named by the test, and relays, named by RelayAddress::name(). Buffered, ordered,
// delayed streams without TLS, and the faults of real networks at any byte. All chance comes from one Random, so that a
// run can be repeated. Outlives all dialers and streams.
class SimNetwork final : private SimConnection::Owner {
 public:
  SimNetwork(SimLoop& loop, Random& random, SimTravel travel = {}) : loop_(loop), random_(random), travel_(travel) {}
  KJ_DISALLOW_COPY(SimNetwork);

  using Accept = std::function<void(kj::Own<kj::AsyncIoStream>)>;
  // Until `close`, connections to that relay are handed to `accept`. Without a listener they are refused; a relay that
  // never listened has no name in this network.
  void listen(const RelayAddress& relay, Accept accept);
  void close(const RelayAddress& relay);

  // What a client on that host dials with.
  kj::Own<Dialer> dialer(std::string host);

  // A host whose cable is pulled: nothing reaches it or comes from it, nobody is told, what was connected never comes
  // back to life.
  void partition(const std::string& host);
  void heal(const std::string& host);

  // The connections of a host, oldest first.
  std::vector<SimConnection*> connections(const std::string& host);
  void cutAll(const std::string& host);
  void swallowAll(const std::string& host);
  // Faults of the next connection that is made: cut when `from` has got so many bytes through.
  struct CutAfter {
    SimSide from = SimSide::kClient;
    std::uint64_t bytes = 0;
  };
  void cutNext(const std::string& host, CutAfter fault) { nextCuts_[host].push_back(fault); }

  std::uint64_t connectionsEver() const { return lastNumber_; }

 private:
  class HostDialer;

  kj::Promise<DialOutcome> dial(const std::string& host, const RelayAddress& address);
  kj::Promise<DialOutcome> never();
  kj::Own<kj::AsyncIoStream> connect(const std::string& host, const std::string& relay);
  void onGone(SimConnection& connection) override;
  bool reachable(const std::string& host) const { return !partitioned_.contains(host); }

  SimLoop& loop_;
  Random& random_;
  SimTravel travel_;
  std::map<std::string, std::optional<Accept>> relays_;  // nullopt: known, not listening
  std::set<std::string> partitioned_;
  std::map<std::string, std::vector<CutAfter>> nextCuts_;
  std::vector<SimConnection*> connections_;
  std::uint64_t lastNumber_ = 0;
};

}  // namespace waxwing::testing
