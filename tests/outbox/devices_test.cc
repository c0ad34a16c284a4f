#include "outbox/devices.h"

#include <gmock/gmock.h>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DevicesTest : public ::testing::Test {
 protected:
  void say(WorldClient& from, const AccountId& to, std::string_view text) {
    ASSERT_TRUE(from.outbox().send(to, text));
    ASSERT_TRUE(world_.settle());
  }

  World world_;
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
};

TEST_F(DevicesTest, AnAccountWithTwoDevicesReceivesOnBothAndStatesAccountForBoth) {
  world_.meet(alice_, bob_);
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  EXPECT_EQ(tablet.outbox().findContact("alice")->state, ContactState::kAccepted);
  say(alice_, bob_.account(), "to both");
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("to both"));
  EXPECT_THAT(tablet.received(alice_.account()), ElementsAre("to both"));
  EXPECT_THAT(alice_.states(bob_.account()), Each(DeliveryState::kDelivered));
  EXPECT_EQ(alice_.count(bob_.account(), TimelineItem::Kind::kDeviceAdded), 1u);
  tablet.readAll(alice_.account());
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(alice_.states(bob_.account()), Each(DeliveryState::kRead));
  EXPECT_TRUE(bob_.outbox().messages(alice_.account(), {}).back().readHere) << "siblings know what was read";
}

TEST_F(DevicesTest, SiblingsSeeWhatEitherSendsAndItsReceipts) {
  world_.meet(alice_, bob_);
  WorldClient& tablet = world_.addDevice(alice_, "alice-tablet");
  say(alice_, bob_.account(), "from the phone");
  say(tablet, bob_.account(), "from the tablet");
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("from the phone", "from the tablet"));
  EXPECT_THAT(tablet.texts(bob_.account()), ElementsAre("from the phone", "from the tablet"));
  EXPECT_THAT(alice_.texts(bob_.account()), ElementsAre("from the phone", "from the tablet"));
  EXPECT_THAT(tablet.states(bob_.account()), Each(DeliveryState::kDelivered));
  EXPECT_THAT(alice_.states(bob_.account()), Each(DeliveryState::kDelivered));
  say(bob_, alice_.account(), "to both");
  EXPECT_THAT(tablet.received(bob_.account()), ElementsAre("to both"));
  EXPECT_THAT(alice_.received(bob_.account()), ElementsAre("to both"));
}

TEST_F(DevicesTest, ANewContactIsKnownToSiblings) {
  WorldClient& tablet = world_.addDevice(alice_, "alice-tablet");
  world_.meet(alice_, bob_);
  ASSERT_TRUE(tablet.outbox().findContact("bob"));
  EXPECT_EQ(tablet.outbox().findContact("bob")->state, ContactState::kAccepted);
  say(tablet, bob_.account(), "hello from the other one");
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("hello from the other one"));
}

TEST_F(DevicesTest, ARetiredDeviceReceivesNothingNewAndStops) {
  world_.meet(alice_, bob_);
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  say(alice_, bob_.account(), "before");
  tablet.goOffline();
  ASSERT_TRUE(tablet.outbox().send(alice_.account(), "never leaves"));
  ASSERT_TRUE(bob_.outbox().retireDevice(tablet.address().device));
  ASSERT_TRUE(world_.settle());
  say(alice_, bob_.account(), "after");
  tablet.goOnline();
  ASSERT_TRUE(world_.settle());

  EXPECT_THAT(tablet.received(alice_.account()), ElementsAre("before"));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("before", "after"));
  EXPECT_EQ(tablet.outbox().linkState().stop, LinkState::Stop::kRetired);
  EXPECT_EQ(tablet.outbox().messages(alice_.account(), {}).back().failed, FailedReason::kThisDeviceRetired);
  EXPECT_EQ(tablet.outbox().send(alice_.account(), "no").error().code, Errc::kNotAllowed);
  EXPECT_THAT(alice_.received(bob_.account()), IsEmpty());
  EXPECT_EQ(alice_.count(bob_.account(), TimelineItem::Kind::kDeviceRetired), 1u);
  EXPECT_EQ(bob_.outbox().devices().size(), 1u);
}

TEST_F(DevicesTest, WhatWasWrittenBeforeADeviceWasAddedReachesItToo) {
  world_.meet(alice_, bob_);
  alice_.goOffline();
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "one"));
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "two"));
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  alice_.goOnline();
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two"));
  EXPECT_THAT(tablet.received(alice_.account()), ElementsAre("one", "two"));
  EXPECT_THAT(alice_.states(bob_.account()), Each(DeliveryState::kDelivered));
}

TEST_F(DevicesTest, ANewDeviceGetsWhatTheContactHasAlreadyAndSiblingsDoNot) {
  WorldClient& carol = world_.addAccount("carol", world_.addRelay("two.example"));
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  world_.meet(bob_, carol);
  world_.relay().isBusy = true;
  ASSERT_TRUE(tablet.outbox().send(carol.account(), "from the tablet"));
  world_.runFor(std::chrono::seconds(10));
  ASSERT_THAT(tablet.states(carol.account()), ElementsAre(DeliveryState::kSent));
  WorldClient& laptop = world_.addDevice(bob_, "bob-laptop");
  world_.relay().isBusy = false;
  world_.runFor(std::chrono::minutes(10));
  EXPECT_THAT(bob_.texts(carol.account()), ElementsAre("from the tablet"));
  EXPECT_THAT(laptop.texts(carol.account()), ElementsAre("from the tablet"));
}

// The contact rotated its key before it knew of the new device, which was granted one that opens nothing any more.
TEST_F(DevicesTest, ANewDeviceLearnsOfAKeyThatWasRotatedMeanwhile) {
  world_.meet(alice_, bob_);
  world_.relay().loses = [this](const DeviceAddress& to) { return to == bob_.address(); };
  for (std::size_t i = 0; i <= limits::kPastContactKeys; ++i) {
    WorldClient& tablet = world_.addDevice(alice_, "alice-tablet-" + std::to_string(i));
    ASSERT_TRUE(world_.settle());
    ASSERT_TRUE(alice_.outbox().retireDevice(tablet.address().device));
    ASSERT_TRUE(world_.settle());
  }
  world_.relay().loses = nullptr;
  WorldClient& phone = world_.addDevice(bob_, "bob-phone");
  ASSERT_TRUE(phone.outbox().send(alice_.account(), "hello"));
  ASSERT_TRUE(world_.settle());
  ASSERT_THAT(alice_.received(bob_.account()), IsEmpty());
  world_.runFor(std::chrono::minutes(30));
  EXPECT_THAT(alice_.received(bob_.account()), ElementsAre("hello"));
}

TEST_F(DevicesTest, OnlyThePrimaryGrantsAndRetires) {
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  EXPECT_EQ(tablet.outbox().retireDevice(bob_.address().device).error().code, Errc::kNotAllowed);
  EXPECT_EQ(tablet.outbox().grantDevice("x").error().code, Errc::kNotAllowed);
  EXPECT_FALSE(bob_.outbox().retireDevice(bob_.address().device));
}

}  // namespace
}  // namespace waxwing::testing
