#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rpc/relay/inline_commit_queue.h"
#include "rpc/relay/server.h"
#include "tests/sim/accepted_book.h"
#include "tests/sim/hostile_store.h"
#include "tests/sim/kill_at.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_network.h"

namespace waxwing::testing {

// A real relay on the simulated network and a simulated disk: the server, its commit queue on the loop, its SQLCipher
// store. It can be killed between any two events, at a commit or at any call of its disk, lose its power, and be
// started again from what its disk holds or from an old copy of that.
class SimRelay {
 public:
  // Sees every batch that reaches the store, before it is judged.
  using Tap = HostileStore::Tap;
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
  // Of a running relay, to look at: without tricks.
  relay::MailboxStore& store() { return store_->honest(); }
  bool hasStore() const { return store_ != nullptr; }
  Mischief& mischief() { return mischief_; }
  // Whether anybody may still believe what it said falsely.
  bool hasPlayed() const { return mischief_.played() > playedBefore_; }
  std::filesystem::path database() const { return disk_.path("relay.db"); }
  // Hostile: whether an envelope to that device is answered as accepted, and forgotten.
  std::function<bool(const DeviceAddress&)> loses;
  HostileStore::Forgery forge = [](const DeviceAddress&, const relay::QueuedEnvelope&) { return std::nullopt; };
  // What it said `accepted` to and does not hold any more, one line each.
  const std::vector<std::string>& offences() const { return offences_; }
  // Changes what the next start grants.
  std::function<void(relay::Options&)> adjust = [](relay::Options&) {};

  // False, with the reason in the trace, if its store cannot be opened now.
  bool start();
  // As SIGKILL: what is on the disk stays, every connection is lost.
  void kill();
  void losePower();
  // As SIGTERM: answers what it was asked, then ends.
  void drain();
  // Is killed by itself at that commit.
  void killAt(KillAt when) { killAt_ = when; }
  // Forgets that plan, and is honest.
  void spare() {
    killAt_.reset();
    disk_.heal();
    mischief_.stop();
  }
  SimDisk& disk() { return disk_; }
  // Kills it, and starts it from that copy.
  void restore(const SimDisk::Copy& copy);
  // True after it was killed at a commit or by its disk; `kill` then clears away what is left of it.
  bool dying() const { return dying_; }

 private:
  relay::Options options() const;
  Result<std::unique_ptr<relay::MailboxStore>> open();
  void passCommitPoint(CommitPoint point, CommitEdge edge);
  void die();
  void end();
  void compareWithBook(relay::MailboxStore& store);

  Place place_;
  RelayAddress address_;
  Tap tap_;
  SimClock clock_;
  SeededRandom random_;
  SimDisk disk_;
  Mischief mischief_;
  std::uint64_t playedBefore_ = 0;  // it was started
  relay::NullObserver observer_;
  std::optional<KillAt> killAt_;
  bool dying_ = false;
  AcceptedBook book_;
  std::vector<std::string> offences_;
  HostileStore* store_ = nullptr;
  kj::Own<relay::InlineCommitQueue> queue_;
  kj::Own<relay::Server> server_;
};

}  // namespace waxwing::testing
