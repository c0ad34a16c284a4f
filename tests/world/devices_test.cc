#include "store/client/refusal_table.h"
#include "tests/support/test_device.h"
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

// A sibling accepted the contact, and its word of that comes later than what the contact writes.
TEST_F(Meeting, ATextThatComesBeforeTheWordOfItsAcceptanceWaits) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  SimDevice& carol = world.addAccount("carol", aliceRelay);
  EXPECT_TRUE(world.comeToRest());
  const Invite invite = must(bob.perform([](Outbox& outbox) { return outbox.createInvite(); }));
  world.run(5s);
  must(carol.perform([&](Outbox& outbox) { return outbox.addContact("bob", invite); }));
  const auto isRequested = [&](SimDevice& at) { return stateAt(at, carol) == ContactState::kRequested; };
  ASSERT_TRUE(world.runUntil([&] { return isRequested(bob) && isRequested(phone); }, 5min));

  bobRelay.loses = [to = bob.self()](const DeviceAddress& device) { return device == to; };
  must(phone.perform([&](Outbox& outbox) { return outbox.acceptContact(carol.account(), "carol"); }));
  ASSERT_TRUE(world.runUntil([&] { return stateAt(carol, bob) == ContactState::kAccepted; }, 5min));
  bobRelay.loses = nullptr;
  world.send(carol, bob.account());
  world.send(carol, bob.account());
  world.run(10s);
  EXPECT_EQ(textsOf(phone, carol.account()).size(), 2u);
  EXPECT_EQ(textsOf(bob, carol.account()).size(), 0u);

  world.send(phone, carol.account());  // shows that something is missing
  EXPECT_TRUE(world.comeToRest());
  EXPECT_EQ(textsOf(bob, carol.account()).size(), 3u);
  for (const auto& row : RefusalTable(bob.db()).all()) EXPECT_NE(row.code, Errc::kNotPermitted) << row.reason;
  endWell();
}

// The sibling did not know of the new device, and the primary granted that before it heard the sibling.
TEST_F(Meeting, WhatASiblingSaidOfContactsComesToADeviceThatWasGrantedMeanwhile) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  SimDevice& carol = world.addAccount("carol", aliceRelay);
  SimDevice& dave = world.addAccount("dave", aliceRelay);
  world.introduce(dave, bob);
  EXPECT_TRUE(world.comeToRest());
  const Invite invite = must(bob.perform([](Outbox& outbox) { return outbox.createInvite(); }));
  world.run(5s);
  must(carol.perform([&](Outbox& outbox) { return outbox.addContact("bob", invite); }));
  ASSERT_TRUE(world.runUntil([&] { return stateAt(phone, carol) == ContactState::kRequested; }, 5min));

  bob.goOffline();
  must(phone.perform([&](Outbox& outbox) { return outbox.acceptContact(carol.account(), "carol"); }));
  must(phone.perform([&](Outbox& outbox) { return outbox.blockContact(dave.account()); }));
  ASSERT_TRUE(world.runUntil([&] { return stateAt(carol, bob) == ContactState::kAccepted; }, 5min));
  SimDevice& tablet = *world.addDevice(bob, "bob-tablet");
  world.run(1min);
  bob.goOnline();
  EXPECT_TRUE(world.comeToRest());
  EXPECT_EQ(stateAt(tablet, carol), ContactState::kAccepted);
  EXPECT_EQ(stateAt(tablet, dave), ContactState::kBlocked);
  world.send(carol, bob.account());
  EXPECT_TRUE(world.comeToRest());
  EXPECT_EQ(textsOf(tablet, carol.account()).size(), 1u);
  endWell();
}

// What the contact wrote comes before his acceptance, which the relay keeps back.
TEST_F(Meeting, AnAcceptanceIsNotHeldUpByWhatWaitsForIt) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  SimDevice& carol = world.addAccount("carol", aliceRelay);
  EXPECT_TRUE(world.comeToRest());
  const Invite invite = must(carol.perform([](Outbox& outbox) { return outbox.createInvite(); }));
  world.run(5s);
  must(bob.perform([&](Outbox& outbox) { return outbox.addContact("carol", invite); }));
  ASSERT_TRUE(world.runUntil(
      [&] {
        return stateAt(carol, bob) == ContactState::kRequested && stateAt(phone, carol) == ContactState::kInvited;
      },
      5min));

  bob.goOffline();
  bobRelay.mischief().allow(Trick::kDelay, 2);
  must(carol.perform([&](Outbox& outbox) { return outbox.acceptContact(bob.account(), "bob"); }));
  world.run(1s);
  bobRelay.mischief().stop();
  ASSERT_FALSE(bobRelay.mischief().held.empty());
  auto kept = std::exchange(bobRelay.mischief().held, {});
  world.send(carol, bob.account());
  world.run(1min);
  EXPECT_EQ(stateAt(phone, carol), ContactState::kInvited);
  bobRelay.mischief().held = std::move(kept);  // stored with the next commit
  world.send(carol, bob.account());
  world.run(1min);
  EXPECT_EQ(stateAt(phone, carol), ContactState::kAccepted);
  EXPECT_EQ(textsOf(phone, carol.account()).size(), 2u);
  bob.goOnline();
  endWell();
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
