#include <cstdlib>
#include <string>

#include "tests/world/world_test.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

// People and networks by chance: three accounts on two relays, sending, reading, losing connections, being killed at
// commits, with clocks that jump. At the end everything is there.
class Chance {
 public:
  enum class Restores { kNo, kYes };
  Chance(std::uint64_t seed, Restores restores) : world_(seed), restores_(restores) {
    SimRelay& one = world_.addRelay("one.example");
    SimRelay& two = world_.addRelay("two.example");
    SimDevice& alice = world_.addAccount("alice", one);
    SimDevice& bob = world_.addAccount("bob", two);
    SimDevice& carol = world_.addAccount("carol", one);
    world_.introduce(alice, bob);
    world_.introduce(bob, carol);
    world_.introduce(carol, alice);
    if (below(2) == 0) world_.addDevice(bob, "bob-phone");
  }

  RpcWorld& world() { return world_; }

  // After the restore, everything arrives again.
  void goOn() {
    for (auto& device : world_.devices()) world_.recover(*device);
    for (auto& device : world_.devices()) sendFrom(*device);
    world_.comeToRest();
  }

  void step() {
    act();
    world_.run(SimLoop::Span(below(4) == 0 ? below(60'000) : below(500)));
    revive();
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return world_.random().below(bound); }

  void act() {
    SimDevice& device = *world_.devices()[below(world_.devices().size())];
    const std::uint64_t dice = below(100);
    if (dice < 45) {
      sendFrom(device);
    } else if (dice < 57) {
      if (isUp(device)) world_.readAll(device, otherThan(device.account()));
    } else if (dice < 67) {
      if (device.wantsOnline()) {
        device.goOffline();
      } else {
        device.goOnline();
      }
    } else if (dice < 80) {
      spoil(device);
    } else if (dice < 85) {
      if (isUp(device)) device.kill();
    } else if (dice < 91) {
      if (isUp(device)) device.killAt({pick(clientCommitPoints()), anyEdge(), 1 + drawn(4)});
    } else if (dice < 96) {
      disturb(*world_.relays()[below(world_.relays().size())]);
    } else if (dice < 98) {
      device.clock().jump(anyJump());
    } else if (restores_ == Restores::kYes) {
      restoreOrCopy();
    }
  }

  void sendFrom(SimDevice& device) {
    if (isUp(device)) world_.send(device, otherThan(device.account()));
  }

  void spoil(SimDevice& device) {
    switch (below(5)) {
      case 0:
        return world_.network().cutAll(device.name());
      case 1:
        return world_.network().swallowAll(device.name());
      case 2:
        return world_.network().cutNext(device.name(), {anySide(), below(8'000)});
      case 3:
        if (below(2) == 0) return world_.network().partition(device.name());
        return world_.network().heal(device.name());
      default:
        for (SimConnection* connection : world_.network().connections(device.name())) {
          connection->cutAfter(anySide(), below(3'000));
        }
    }
  }

  void disturb(SimRelay& relay) {
    if (!relay.running() || relay.dying()) return;
    switch (below(4)) {
      case 0:
        return relay.kill();
      case 1:
        return relay.drain();
      case 2:
        return relay.killAt({pick(relayCommitPoints()), anyEdge(), 1 + drawn(4)});
      default:
        return relay.clock().jump(anyJump());
    }
  }

  // One copy and one restore of one device in a run: restores are at least a day apart.
  void restoreOrCopy() {
    SimDevice& device = *world_.devices().front();
    if (!isUp(device) || restored_) return;
    if (!old_) {
      old_.emplace(world_.copy(device));
    } else {
      world_.restore(device, *old_);
      restored_ = true;
    }
  }

  // What is down comes up again after a while.
  void revive() {
    for (auto& device : world_.devices()) {
      if (!device->running() && below(3) == 0) device->start();
    }
    for (auto& relay : world_.relays()) {
      if (!relay->running() && below(4) == 0) relay->start();
    }
  }

  SimLoop::Span anyJump() {
    const SimLoop::Span by(below(7'200'000));
    return below(2) == 0 ? by : -by;
  }
  static bool isUp(const SimDevice& device) { return device.running() && !device.dying(); }
  std::uint32_t drawn(std::uint64_t bound) { return static_cast<std::uint32_t>(below(bound)); }
  CommitEdge anyEdge() { return below(2) == 0 ? CommitEdge::kBefore : CommitEdge::kAfter; }
  SimSide anySide() { return below(2) == 0 ? SimSide::kClient : SimSide::kRelay; }
  CommitPoint pick(std::span<const CommitPoint> points) { return points[below(points.size())]; }
  AccountId otherThan(const AccountId& account) {
    for (;;) {
      const AccountId& other = world_.devices()[below(3)]->account();
      if (other != account) return other;
    }
  }

  RpcWorld world_;
  Restores restores_;
  std::optional<RpcWorld::OldCopy> old_;
  bool restored_ = false;
};

constexpr int kSteps = 300;
constexpr int kStepsBetweenChecks = 50;

Hash play(std::uint64_t seed, Chance::Restores restores) {
  SCOPED_TRACE("again alone with WAXWING_SEED=" + std::to_string(seed));
  Chance chance(seed, restores);
  RpcWorld& world = chance.world();
  try {
    for (int i = 1; i <= kSteps && world.offences().empty(); ++i) {
      chance.step();
      if (i % kStepsBetweenChecks == 0) world.check();
    }
    if (world.offences().empty()) chance.goOn();
    if (world.offences().empty()) world.checkAtRest();
    EXPECT_TRUE(isSound(world));
    EXPECT_EQ(world.tap().waiting(), 0u);
  } catch (const std::exception& broken) {
    ADD_FAILURE() << broken.what() << "\n" << world.report();
  }
  return world.loop().trace().hash();
}

void playSeeds(std::uint64_t first, std::uint64_t count, Chance::Restores restores) {
  if (const char* seed = std::getenv("WAXWING_SEED")) {
    play(std::strtoull(seed, nullptr, 10), restores);
    return;
  }
  if (std::getenv("WAXWING_LONG") != nullptr) count *= 20;
  for (std::uint64_t seed = first; seed < first + count && !::testing::Test::HasFailure(); ++seed) play(seed, restores);
}

TEST(Random, EverythingArrivesOnceAndInOrder) { playSeeds(1, 20, Chance::Restores::kNo); }

TEST(Random, ARestoredCopyBreaksNothing) { playSeeds(1001, 5, Chance::Restores::kYes); }

TEST(Random, TheSameSeedIsTheSameRun) { EXPECT_EQ(play(77, Chance::Restores::kNo), play(77, Chance::Restores::kNo)); }

}  // namespace
}  // namespace waxwing::testing
