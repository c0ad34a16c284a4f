#include <gmock/gmock.h>

#include "tests/world/world_test.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

class Restore : public Meeting {
 protected:
  void exchange() {
    for (int i = 0; i < 3; ++i) {
      world.send(alice, bob.account());
      world.send(bob, alice.account());
    }
    world.run(1min);
  }
  // The restored one goes on to send and receive, at once and when all have learned of it.
  void goOn() {
    exchange();
    world.recover(alice);
    world.recover(bob);
    exchange();
    endWell();
    EXPECT_EQ(world.tap().waiting(), 0u);
  }
};

TEST_F(Restore, OfAnOldCopyWhileOnline) {
  exchange();
  const auto old = world.copy(alice);
  exchange();
  world.restore(alice, old);
  goOn();
}

TEST_F(Restore, OfAnOldCopyThatSendsBeforeItIsOnline) {
  exchange();
  const auto old = world.copy(alice);
  exchange();
  alice.goOffline();
  world.restore(alice, old);
  exchange();
  goOn();
}

TEST_F(Restore, WithFurtherSendsQueuedInTheCopy) {
  exchange();
  alice.goOffline();
  for (int i = 0; i < 3; ++i) world.send(alice, bob.account());
  const auto old = world.copy(alice);
  alice.goOnline();
  world.run(1min);
  world.restore(alice, old);
  goOn();
}

TEST_F(Restore, TwiceADayApart) {
  for (int round = 0; round < 2; ++round) {
    const auto old = world.copy(alice);
    exchange();
    world.restore(alice, old);
    world.run(25h);
  }
  goOn();
}

TEST_F(Restore, OfTheRecipient) {
  exchange();
  const auto old = world.copy(bob);
  exchange();
  world.restore(bob, old);
  goOn();
}

TEST_F(Restore, WithTheOwnRelayGone) {
  exchange();
  const auto old = world.copy(alice);
  exchange();
  world.network().partition(aliceRelay.address().name());
  world.restore(alice, old);
  for (int i = 0; i < 3; ++i) world.send(alice, bob.account());
  world.run(30min);
  goOn();
}

// The contact holds a device list that neither knows of any more, until the next weekly signature.
TEST_F(Restore, WithTheOwnRelayToBeforeADeviceWasGranted) {
  const auto relayThen = aliceRelay.disk().copy();
  exchange();
  const auto old = world.copy(alice);
  SimDevice& phone = *world.addDevice(alice, "alice-phone");
  ASSERT_TRUE(world.comeToRest());
  exchange();
  world.restore(alice, old);
  world.giveUp(phone);
  phone.kill();
  aliceRelay.restore(relayThen);
  world.recover(alice);
  exchange();
  alice.clock().jump(limits::kManifestRefresh);
  world.run(1min);
  exchange();
  EXPECT_THAT(bob.perform([](Outbox& outbox) { return outbox.outbox(); }).value(), ::testing::IsEmpty());
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 24u);
}

// The relay knows of the retirement, and the copy's list seems newer than the relay's.
TEST_F(Restore, OfAPrimaryThatGrantsADeviceBeforeItHearsWhichItHadRetired) {
  SimDevice& phone = *world.addDevice(alice, "alice-phone");
  ASSERT_TRUE(world.comeToRest());
  exchange();
  const auto old = world.copy(alice);
  ASSERT_TRUE(world.retire(alice, phone));
  world.run(1min);
  alice.goOffline();
  world.restore(alice, old);
  ASSERT_NE(world.addDevice(alice, "alice-tablet"), nullptr);
  goOn();
}

// What both have lost is remembered by Bob, who takes no older keys than he has seen.
TEST_F(Restore, WithTheOwnRelayToBeforeKeysOfAClockThatWasAhead) {
  const auto relayThen = aliceRelay.disk().copy();
  exchange();
  const auto old = world.copy(alice);
  alice.clock().jump(72h);
  bob.clock().jump(limits::kSealKeyFetchedAge + 1h);
  world.run(1min);
  exchange();
  alice.clock().jump(-72h);
  world.restore(alice, old);
  aliceRelay.restore(relayThen);
  world.recover(alice);
  bob.clock().jump(limits::kSealKeyFetchedAge + 1h);
  exchange();
  exchange();
  EXPECT_THAT(bob.perform([](Outbox& outbox) { return outbox.outbox(); }).value(), ::testing::IsEmpty());
}

TEST_F(Restore, TwoCopiesOfOneDeviceStop) {
  const auto old = world.copy(alice);
  exchange();
  world.restore(alice, old);
  world.run(10min);
  const auto clone = world.copy(alice);
  exchange();
  world.restore(alice, clone);
  world.run(10min);
  EXPECT_EQ(alice.link().stop, LinkState::Stop::kCloned);
  world.check();
  EXPECT_TRUE(isSound(world));
}

}  // namespace
}  // namespace waxwing::testing
