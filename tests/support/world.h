#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "outbox/outbox.h"
#include "store/database.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world_clock.h"
#include "tests/support/world_link.h"
#include "tests/support/world_relay.h"

namespace waxwing::testing {

// What a test throws at a commit point to end a client as SIGKILL would.
struct Crash {};

class World;

// One installation: a real Outbox over a real database in a directory of its own. Its randomness goes on over crashes
// and restores, as the operating system's would.
class WorldClient {
 public:
  WorldClient(World& world, std::string name, std::uint64_t seed);
  ~WorldClient();

  const std::string& name() const { return name_; }
  bool isRunning() const { return outbox_ != nullptr; }
  Outbox& outbox() { return *outbox_; }
  Database& database() { return *db_; }
  DeviceAddress address() const { return address_; }
  const AccountId& account() const { return address_.account; }

  void open();
  // Ends it without a word, as SIGKILL would: what was committed is there.
  void kill();
  void restart() {
    kill();
    open();
  }
  // The next time that it passes `point` (the `nth` time from now), it is killed.
  void crashAt(CommitPoint point, CommitEdge edge, int nth = 1);
  // What a test does with its outbox where it may crash: false if it did.
  bool attempt(const std::function<void()>& what);
  // At the `nth` commit edge from now, whichever it is.
  void crashAfterEdges(int nth);
  void doNotCrash() { crashWhen_ = nullptr; }
  std::size_t crashes() const { return crashes_; }

  void goOnline();
  void goOffline();
  void setNetwork(bool available) { link_->setNetwork(available); }

  // From the next start on; must outlive the client.
  void useMarker(RestoreMarker& marker) { marker_ = &marker; }

  // A copy of all files, and putting it back.
  void copyAside(std::string_view as);
  void putBack(std::string_view from);

  // The texts of a conversation as they are shown, in order; own ones included.
  std::vector<std::string> texts(const AccountId& with);
  std::vector<std::string> received(const AccountId& from);
  std::vector<std::string> writtenBy(const DeviceAddress& author, const AccountId& with);
  std::size_t count(const AccountId& with, TimelineItem::Kind kind);
  std::vector<DeliveryState> states(const AccountId& with);
  void readAll(const AccountId& with);

  std::vector<Event> events;

 private:
  friend class World;
  void run(const std::function<void()>& what);
  void openDatabase(Database::Existing existing);
  void start();
  std::filesystem::path directory() const;

  World& world_;
  std::string name_;
  SeededRandom random_;
  Bytes key_;
  DeviceAddress address_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<WorldLink> link_;
  RestoreMarker* marker_ = nullptr;
  bool online_ = false;
  bool dying_ = false;
  std::size_t crashes_ = 0;
  std::function<bool(CommitPoint, CommitEdge)> crashWhen_;
};

// N clients and their relays in one process, on virtual time, from one seed.
class World {
 public:
  explicit World(std::uint64_t seed = 1, relay::StoreLimits limits = {});

  WorldRelay& addRelay(std::string host);
  WorldRelay& relay() { return *relays_.front(); }
  // A new account on the first relay (or another), online and registered.
  WorldClient& addAccount(std::string name);
  WorldClient& addAccount(std::string name, WorldRelay& relay);
  // Another device of that account, granted by its primary.
  WorldClient& addDevice(WorldClient& primary, std::string name);
  // Both know and accept each other afterwards.
  void meet(WorldClient& a, WorldClient& b);

  // What happens in so much virtual time.
  void runFor(std::chrono::milliseconds span);
  // Until nothing is on its way and every running client that is online has settled; at most ten virtual minutes, and
  // false if that was not enough.
  bool settle();
  // Time passes while nothing else happens than what is due.
  void sleep(std::chrono::milliseconds span) { runFor(span); }

  // Every ciphertext on the wire that names the same ratchet key and counter must be the same bytes: no message key
  // was ever used twice. Returns a description of the first that is not; empty: all is well.
  std::string findKeyReuse();

  ManualClock clock{WallTime{1'800'000'000'000}};
  SeededRandom random;
  Agenda agenda{clock};
  WorldNetwork network{agenda, clock, random, {}, {}, 0};
  TemporaryDirectory directory;

 private:
  friend class WorldClient;
  bool step(WallTime until);

  std::uint64_t seed_;
  relay::StoreLimits limits_;
  std::deque<std::unique_ptr<WorldRelay>> relays_;
  std::deque<std::unique_ptr<WorldClient>> clients_;
};

}  // namespace waxwing::testing
