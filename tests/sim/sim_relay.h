#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rpc/relay/inline_commit_queue.h"
#include "rpc/relay/server.h"
#include "tests/sim/sim_file.h"
#include "tests/sim/sim_network.h"

namespace waxwing::testing {

// A real relay on the simulated network: the server, its commit queue on the loop, its SQLCipher store. It can be
// killed between any two events, or at a commit, and started again from its file.
class SimRelay {
 public:
  // Sees every batch that reaches the store, before it is judged.
  using Tap = std::function<void(const relay::Submit&)>;
  struct Place {
    SimLoop& loop;
    SimNetwork& network;
    Random& random;
    std::filesystem::path directory;
  };

  SimRelay(Place place, RelayAddress address, Tap tap);
  ~SimRelay() noexcept(false);
  KJ_DISALLOW_COPY(SimRelay);

  const RelayAddress& address() const { return address_; }
  SimClock& clock() { return clock_; }
  bool running() const { return server_.get() != nullptr; }
  // Of a running relay, to look at.
  relay::MailboxStore& store() { return *store_; }
  std::filesystem::path database() const { return place_.directory / (address_.host + ".db"); }
  // Changes what the next start grants.
  std::function<void(relay::Options&)> adjust = [](relay::Options&) {};

  void start();
  // As SIGKILL: what is on the disk stays, every connection is lost.
  void kill();
  // As SIGTERM: answers what it was asked, then ends.
  void drain();
  // Is killed by itself at that commit.
  void killAt(KillAt when) { killAt_ = when; }
  // Forgets that plan.
  void spare() { killAt_.reset(); }
  // True after it was killed at a commit; `kill` then clears away what is left of it.
  bool dying() const { return dying_; }

 private:
  class TappedStore;

  relay::Options options() const;
  Result<std::unique_ptr<relay::MailboxStore>> open();
  void passCommitPoint(CommitPoint point, CommitEdge edge);
  void end();

  Place place_;
  RelayAddress address_;
  Tap tap_;
  SimClock clock_;
  relay::NullObserver observer_;
  std::optional<KillAt> killAt_;
  bool dying_ = false;
  relay::MailboxStore* store_ = nullptr;
  kj::Own<relay::InlineCommitQueue> queue_;
  kj::Own<relay::Server> server_;
};

}  // namespace waxwing::testing
