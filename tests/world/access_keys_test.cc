#include "outbox/context.h"
#include "session/access_key.h"
#include "store/client/contact_table.h"
#include "tests/support/test_device.h"
#include "tests/world/world_test.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;
using relay::KeyClass;

// Bob has a phone, and Carol for a contact whom he can block.
class AccessKeysTest : public Meeting {
 protected:
  AccessKeysTest() : carol(world.addAccount("carol", aliceRelay)) {
    world.introduce(carol, bob);
    EXPECT_TRUE(world.comeToRest()) << world.report();
  }

  // What opens with the key by which `who` knows `account`.
  std::optional<KeyClass> opens(SimDevice& who, const AccountId& account) {
    const auto contact = ContactTable(who.db()).find(account);
    if (!contact || !contact->accessKey) return std::nullopt;
    const AccessKeyHash key = hashOf(AccessKey::from(contact->accessKey->view()).value());
    return world.home(account).store().findAccess(account, key);
  }
  void block(SimDevice& at, const SimDevice& whom) {
    must(at.perform([&](Outbox& outbox) { return outbox.blockContact(whom.account()); }));
  }
  bool reaches(SimDevice& from, SimDevice& to) {
    const MessageId id = world.send(from, to.account()).value();
    return world.runUntil([&] { return stateOf(from, to.account(), id) == DeliveryState::kDelivered; }, 10min);
  }

  SimDevice& carol;
};

TEST_F(AccessKeysTest, BlockingChangesTheKey) {
  const auto before = ContactTable(carol.db()).find(bob.account());
  ASSERT_EQ(opens(carol, bob.account()), KeyClass::kContact);
  block(bob, carol);
  world.run(1min);
  EXPECT_EQ(opens(carol, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(alice, bob));
  endWell();
}

// Neither has heard of the other's new key when its own is replaced.
TEST_F(AccessKeysTest, TwoContactsChangeTheirKeysAtOneTime) {
  SimDevice& dave = world.addAccount("dave", aliceRelay);
  world.introduce(dave, alice);
  EXPECT_TRUE(world.comeToRest());
  alice.goOffline();
  bob.goOffline();
  block(alice, dave);
  block(bob, carol);
  // Each tells its own relay, while the other's is away.
  bobRelay.kill();
  alice.goOnline();
  world.run(1min);
  alice.goOffline();
  bobRelay.start();
  aliceRelay.kill();
  bob.goOnline();
  world.run(1min);
  aliceRelay.start();
  alice.goOnline();
  EXPECT_TRUE(reaches(alice, bob));
  EXPECT_TRUE(reaches(bob, alice));
  EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
  EXPECT_EQ(opens(bob, alice.account()), KeyClass::kContact);
  endWell();
}

// Its keys are those that the retired device knows, of which it knows nothing.
TEST_F(AccessKeysTest, APrimaryThatGoesBackToBeforeARetirementChangesTheKeyOnceMore) {
  const auto old = world.copy(bob);
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  ASSERT_TRUE(world.comeToRest());
  const AccessKeyHash key = hashOf(AccessKey::from(Settings(phone.db()).find(setting::kContactKey)->view()).value());
  ASSERT_TRUE(world.retire(bob, phone));
  world.run(1min);
  ASSERT_EQ(bobRelay.store().findAccess(bob.account(), key), KeyClass::kInvite);
  world.restore(bob, old);
  world.run(1min);
  EXPECT_EQ(bobRelay.store().findAccess(bob.account(), key), KeyClass::kInvite);
  EXPECT_TRUE(reaches(alice, bob));
  endWell();
}

// A month later it opens nothing.
TEST_F(AccessKeysTest, AReplacedKeyIsForgottenInTheEnd) {
  block(bob, carol);
  world.run(1min);
  ASSERT_EQ(opens(carol, bob.account()), KeyClass::kInvite);
  bob.clock().jump(limits::kPastContactKeysKept + 1h);
  EXPECT_TRUE(reaches(alice, bob));
  world.run(3min);
  EXPECT_EQ(opens(carol, bob.account()), std::nullopt);
  endWell();
}

// What it was granted was replaced before it came to its relay for the first time.
TEST_F(AccessKeysTest, ADeviceThatJoinsLateBringsNoOldKeyBack) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  phone.goOffline();
  block(bob, carol);
  world.run(1min);
  phone.goOnline();
  world.run(1min);
  EXPECT_EQ(opens(carol, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(alice, bob));
  endWell();
}

// Two devices replace one key without knowing of each other: each has told contacts of its own.
TEST_F(AccessKeysTest, KeysChangedAtOneTimeBecomeOne) {
  SimDevice& dave = world.addAccount("dave", aliceRelay);
  world.introduce(dave, bob);
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  EXPECT_TRUE(world.comeToRest());
  phone.goOffline();
  bob.goOffline();
  block(bob, carol);
  block(phone, dave);
  bob.goOnline();
  world.run(1min);
  phone.goOnline();
  world.run(10min);
  EXPECT_EQ(opens(carol, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(dave, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(alice, bob));
  EXPECT_TRUE(reaches(alice, phone));
  endWell();
}

// Its clock says that what it made is older than what it replaced.
TEST_F(AccessKeysTest, ADeviceWhoseClockIsBehindChangesTheKeyAllTheSame) {
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  EXPECT_TRUE(world.comeToRest());
  phone.clock().jump(-48h);
  block(phone, carol);
  world.run(10min);
  EXPECT_EQ(opens(carol, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(alice, bob));
  endWell();
}

// What a device says last is what it numbered last, whatever its clock said.
TEST_F(AccessKeysTest, WhatComesLateIsInTheOrderOfItsNumbers) {
  SimDevice& dave = world.addAccount("dave", aliceRelay);
  world.introduce(dave, bob);
  SimDevice& phone = *world.addDevice(bob, "bob-phone");
  EXPECT_TRUE(world.comeToRest());
  bobRelay.loses = [to = phone.self()](const DeviceAddress& device) { return device == to; };
  block(bob, carol);
  world.run(1min);
  bob.kill();
  bob.clock().jump(-48h);
  bob.start();
  block(bob, dave);
  world.run(1min);
  bobRelay.loses = nullptr;
  EXPECT_TRUE(reaches(bob, alice));
  world.recoverAll();
  EXPECT_EQ(opens(carol, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(dave, bob.account()), KeyClass::kInvite);
  EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(alice, bob));
  endWell();
}

// Bob's phone, whose clock is days ahead, tells contacts a key of which Bob does not hear before he retires it: what he
// tells them seems older for days.
class AheadOfItsTime : public AccessKeysTest {
 protected:
  AheadOfItsTime() {
    SimDevice& phone = *world.addDevice(bob, "bob-phone");
    EXPECT_TRUE(world.comeToRest());
    phone.clock().jump(72h);
    bobRelay.loses = [to = bob.self()](const DeviceAddress& device) { return device == to; };
    block(phone, carol);
    world.run(1min);
    EXPECT_EQ(opens(alice, bob.account()), KeyClass::kContact);
    bobRelay.loses = nullptr;
    EXPECT_TRUE(world.retire(bob, phone));
    world.run(10min);
  }
};

TEST_F(AheadOfItsTime, TheKeyOfARetiredDeviceGivesWay) {
  EXPECT_EQ(opens(alice, bob.account()), std::nullopt);
  EXPECT_TRUE(reaches(alice, bob));
  EXPECT_TRUE(reaches(bob, alice));
  alice.kill();
  alice.start();
  EXPECT_TRUE(reaches(alice, bob));
  endWell();
}

TEST_F(AheadOfItsTime, ADeviceThatIsGrantedSuchAKeyHearsOfTheOther) {
  SimDevice& tablet = *world.addDevice(alice, "alice-tablet");
  EXPECT_TRUE(world.comeToRest()) << world.report();
  EXPECT_TRUE(reaches(tablet, bob));
  endWell();
}

TEST_F(AccessKeysTest, ADeviceThatIsGrantedAfterAChangeHoldsTheKeyThatOpens) {
  block(bob, carol);
  world.run(1min);
  SimDevice& tablet = *world.addDevice(alice, "alice-tablet");
  EXPECT_TRUE(world.comeToRest()) << world.report();
  EXPECT_EQ(opens(tablet, bob.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(tablet, bob));
  endWell();
}

// Where neither opens anything it waits, until Bob, who sees no sign of her, tells his key again.
TEST_F(AheadOfItsTime, WhereNeitherKeyOpensAnythingItWaits) {
  EXPECT_TRUE(reaches(alice, bob));
  aliceRelay.loses = [to = alice.self()](const DeviceAddress& device) { return device == to; };
  block(bob, carol);
  bob.clock().jump(limits::kPastContactKeysKept + 1h);
  world.run(10min);
  const MessageId id = world.send(alice, bob.account()).value();
  world.run(3min);
  EXPECT_EQ(stateOf(alice, bob.account(), id), DeliveryState::kPending);
  aliceRelay.loses = nullptr;
  EXPECT_TRUE(world.runUntil([&] { return stateOf(alice, bob.account(), id) == DeliveryState::kDelivered; }, 6h));
  endWell();
}

// The request brought a key that opens nothing any more when it is answered.
TEST_F(AccessKeysTest, ARequestFollowsTheKey) {
  const Invite invite = must(alice.perform([](Outbox& outbox) { return outbox.createInvite(); }));
  world.run(5s);
  must(carol.perform([&](Outbox& outbox) { return outbox.addContact("alice", invite); }));
  ASSERT_TRUE(world.runUntil([&] { return stateAt(alice, carol) == ContactState::kRequested; }, 5min));
  block(carol, bob);
  world.run(1min);
  must(alice.perform([&](Outbox& outbox) { return outbox.acceptContact(carol.account(), "carol"); }));
  EXPECT_TRUE(world.runUntil([&] { return stateAt(carol, alice) == ContactState::kAccepted; }, 5min)) << world.report();
  EXPECT_EQ(opens(alice, carol.account()), KeyClass::kContact);
  EXPECT_TRUE(reaches(alice, carol));
  endWell();
}

}  // namespace
}  // namespace waxwing::testing
