#include "tests/world/world_test.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

TEST_F(Meeting, TwoDevicesGetEverything) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  EXPECT_TRUE(world.comeToRest());
  for (int i = 0; i < 3; ++i) world.send(alice, bob.account());
  world.send(bob, alice.account());
  const MessageId fromPhone = world.send(phone, alice.account()).value();
  EXPECT_TRUE(world.comeToRest());
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 5u);
  EXPECT_EQ(textsOf(phone, alice.account()).size(), 5u);
  EXPECT_EQ(stateOf(phone, alice.account(), fromPhone), DeliveryState::kDelivered);
  EXPECT_EQ(stateOf(bob, alice.account(), fromPhone), DeliveryState::kDelivered);
  endWell();
}

TEST_F(Meeting, ADeviceThatIsAwayDoesNotHoldBackItsSibling) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  EXPECT_TRUE(world.comeToRest());
  phone.goOffline();
  const MessageId id = world.send(alice, bob.account()).value();
  EXPECT_TRUE(world.runUntil([&] { return stateOf(alice, bob.account(), id) == DeliveryState::kDelivered; }, 2min));
  EXPECT_TRUE(textsOf(phone, alice.account()).empty());
  endWell();
}

TEST_F(Meeting, ADeviceAddedWhileItsContactIsAwayIsFound) {
  alice.goOffline();
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  world.run(5min);
  world.send(alice, bob.account());
  endWell();
  EXPECT_EQ(textsOf(phone, alice.account()).size(), 1u);
}

TEST_F(Meeting, ARetiredDeviceReceivesNothingNew) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  EXPECT_TRUE(world.comeToRest());
  world.send(alice, bob.account());
  EXPECT_TRUE(world.comeToRest());
  ASSERT_TRUE(world.retire(bob, phone));
  EXPECT_TRUE(world.comeToRest());
  EXPECT_EQ(phone.link().stop, LinkState::Stop::kRetired);
  world.send(alice, bob.account());
  endWell();
  EXPECT_EQ(textsOf(phone, alice.account()).size(), 1u);
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 2u);
}

// The same database runs twice: the second login takes over, the first is told and stays away.
TEST_F(Meeting, ASecondLoginTakesOver) {
  SimDevice twin({world.loop(), world.network(), world.random(), world.directory()}, "alice-twin",
                 [](SimDevice&, const Event&) {});
  twin.disk().putBack(alice.copy());
  twin.start();
  twin.goOnline();
  EXPECT_TRUE(world.runUntil([&] { return alice.link().kind == LinkState::Kind::kStopped; }, 5min));
  EXPECT_EQ(alice.link().stop, LinkState::Stop::kReplaced);
  world.run(1h);
  EXPECT_EQ(alice.link().stop, LinkState::Stop::kReplaced);
  EXPECT_EQ(twin.link().kind, LinkState::Kind::kOnline);
}

TEST_F(Meeting, ThreeAccountsOnOneRelay) {
  SimDevice& carol = world.addAccount("carol", aliceRelay);
  world.introduce(carol, alice);
  world.introduce(bob, carol);
  for (int i = 0; i < 5; ++i) {
    world.send(alice, carol.account());
    world.send(carol, bob.account());
    world.send(bob, carol.account());
  }
  endWell();
}

}  // namespace
}  // namespace waxwing::testing
