#include "outbox/anchor_flush.h"

#include <gmock/gmock.h>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class RestoreTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override { world_.meet(alice_, bob_); }
  void say(WorldClient& from, WorldClient& to, std::string_view text) {
    ASSERT_TRUE(from.outbox().send(to.account(), text));
  }
  void copyRelay() {
    goOffline();
    world_.relay().copyAside();
    goOnline();
  }
  // With what else happens while nobody is connected.
  void restoreRelay(const std::function<void()>& meanwhile) {
    goOffline();
    world_.relay().putBack();
    meanwhile();
    goOnline();
  }
  void goOffline() {
    for (WorldClient* client : {&alice_, &bob_}) client->goOffline();
    world_.settle();
  }
  void goOnline() {
    for (WorldClient* client : {&alice_, &bob_}) client->goOnline();
    world_.settle();
    world_.runFor(std::chrono::minutes(2));
  }
  bool toldOfRestore(const WorldClient& client) {
    return std::ranges::any_of(client.events,
                               [](const Event& event) { return std::holds_alternative<event::Restored>(event); });
  }

  World world_{GetParam()};
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
};

TEST_P(RestoreTest, ASenderThatWasRestoredLosesAndDoublesNothingAndUsesNoKeyTwice) {
  say(alice_, bob_, "before");
  ASSERT_TRUE(world_.settle());
  alice_.copyAside("copy");
  say(alice_, bob_, "lost to the copy 1");
  say(alice_, bob_, "lost to the copy 2");
  ASSERT_TRUE(world_.settle());
  alice_.setNetwork(false);
  alice_.putBack("copy");
  alice_.setNetwork(false);
  say(alice_, bob_, "written on the copy, offline");
  alice_.setNetwork(true);
  world_.runFor(std::chrono::minutes(3));
  say(alice_, bob_, "written on the copy, online");
  ASSERT_TRUE(world_.settle());

  EXPECT_TRUE(toldOfRestore(alice_));
  EXPECT_THAT(bob_.received(alice_.account()),
              ElementsAre("before", "lost to the copy 1", "lost to the copy 2", "written on the copy, offline",
                          "written on the copy, online"));
  EXPECT_EQ(world_.findKeyReuse(), "");
  say(bob_, alice_, "and back");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(alice_.received(bob_.account()), Contains("and back"));
}

TEST_P(RestoreTest, WhatWaitedInTheCopyAndHadLeftMeanwhileArrivesOnce) {
  alice_.goOffline();
  say(alice_, bob_, "one");
  say(alice_, bob_, "two");
  alice_.copyAside("copy");
  alice_.goOnline();
  ASSERT_TRUE(world_.settle());
  say(alice_, bob_, "three");
  ASSERT_TRUE(world_.settle());
  ASSERT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "three"));
  alice_.putBack("copy");
  ASSERT_TRUE(world_.settle());
  say(alice_, bob_, "four");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "three", "four"));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

TEST_P(RestoreTest, AReceiverThatWasRestoredIsSentAgainWhatItLacks) {
  say(alice_, bob_, "before");
  ASSERT_TRUE(world_.settle());
  bob_.copyAside("copy");
  say(alice_, bob_, "lost 1");
  say(bob_, alice_, "a turn of the ratchet");
  ASSERT_TRUE(world_.settle());
  say(alice_, bob_, "lost 2");
  ASSERT_TRUE(world_.settle());
  bob_.putBack("copy");
  ASSERT_TRUE(world_.settle());
  EXPECT_TRUE(toldOfRestore(bob_));
  say(alice_, bob_, "after");
  ASSERT_TRUE(world_.settle());
  world_.runFor(std::chrono::minutes(5));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("before", "lost 1", "lost 2", "after"));
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
  say(bob_, alice_, "I am back");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(alice_.received(bob_.account()), ElementsAre("a turn of the ratchet", "I am back"));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

TEST_P(RestoreTest, ATwinThatComesBackWithinADayStops) {
  alice_.copyAside("copy");
  say(alice_, bob_, "goes on");
  ASSERT_TRUE(world_.settle());
  alice_.putBack("copy");
  ASSERT_TRUE(world_.settle());
  alice_.copyAside("second");
  say(alice_, bob_, "goes on again");
  ASSERT_TRUE(world_.settle());
  alice_.putBack("second");
  world_.runFor(std::chrono::minutes(1));
  EXPECT_EQ(alice_.outbox().linkState().stop, LinkState::Stop::kCloned);
  EXPECT_FALSE(alice_.outbox().send(bob_.account(), "no"));
  alice_.restart();
  EXPECT_FALSE(alice_.outbox().send(bob_.account(), "not yet"));
}

TEST_P(RestoreTest, ACloneThatRestedForADayGoesOn) {
  for (const char* copy : {"first", "second"}) {
    alice_.copyAside(copy);
    say(alice_, bob_, copy);
    ASSERT_TRUE(world_.settle());
    alice_.putBack(copy);
    world_.runFor(std::chrono::minutes(2));
  }
  ASSERT_EQ(alice_.outbox().linkState().stop, LinkState::Stop::kCloned);
  alice_.kill();
  world_.runFor(limits::kClonedWithin);
  alice_.open();
  ASSERT_TRUE(world_.settle());
  say(alice_, bob_, "third");
  world_.runFor(std::chrono::minutes(2));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("first", "second", "third"));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

// Both go back: the relay to before the copy, so that it knows none of what the newest copy said since.
TEST_P(RestoreTest, AnOldCopyAtAnOldRelayUsesNoKeyTwiceAndLosesNothing) {
  say(alice_, bob_, "one");
  ASSERT_TRUE(world_.settle());
  copyRelay();
  say(alice_, bob_, "two");
  ASSERT_TRUE(world_.settle());
  alice_.copyAside("copy");
  say(alice_, bob_, "three");
  ASSERT_TRUE(world_.settle());
  restoreRelay([&] { alice_.putBack("copy"); });
  say(alice_, bob_, "four");
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(world_.findKeyReuse(), "");
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "three", "four"));
}

TEST_P(RestoreTest, ARelayThatIsRestoredSoonAfterTheDatabaseIsNoClone) {
  say(alice_, bob_, "one");
  ASSERT_TRUE(world_.settle());
  alice_.copyAside("copy");
  for (int i = 0; i < 3; ++i) {
    say(alice_, bob_, "later");
    ASSERT_TRUE(world_.settle());
  }
  copyRelay();
  say(alice_, bob_, "last");
  ASSERT_TRUE(world_.settle());
  alice_.putBack("copy");
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(toldOfRestore(alice_));
  restoreRelay([] {});
  EXPECT_EQ(alice_.outbox().linkState().stop, LinkState::Stop::kNone);
  say(alice_, bob_, "still here");
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), Contains("still here"));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

// Had the relay counted keys before its anchor was judged, it would look as if it had never been restored.
TEST_P(RestoreTest, NoKeysArePublishedBeforeTheRelaysAnchorIsJudged) {
  alice_.copyAside("copy");
  for (int i = 0; i < 3; ++i) {
    say(alice_, bob_, "later");
    ASSERT_TRUE(world_.settle());
  }
  copyRelay();
  bob_.goOffline();
  alice_.putBack("copy");
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(toldOfRestore(alice_));
  restoreRelay([&] { world_.relay().anchorsLateBy = std::chrono::seconds(2); });
  EXPECT_EQ(alice_.outbox().linkState().stop, LinkState::Stop::kNone);
}

// What was confirmed before is submitted while the device finds out that its relay was restored, and begins anew.
TEST_P(RestoreTest, WhatIsUnderWayWhileTheDeviceBeginsAnewArrivesEvenIfTheRelayForgetsIt) {
  copyRelay();
  world_.relay().isBusy = true;
  say(alice_, bob_, "text");
  world_.runFor(std::chrono::seconds(10));
  restoreRelay([&] {
    world_.relay().isBusy = false;
    world_.relay().answersLateBy = std::chrono::seconds(5);
    world_.relay().loses = [first = true](const DeviceAddress&) mutable { return std::exchange(first, false); };
  });
  ASSERT_TRUE(toldOfRestore(alice_));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("text"));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

class MarkerInMemory final : public RestoreMarker {
 public:
  std::optional<Anchor> read() override { return held_; }
  void write(const Anchor& anchor) override { held_ = anchor; }

 private:
  std::optional<Anchor> held_;
};

// Alice's own relay goes away while Bob's can be reached.
class OwnRelayAwayTest : public ::testing::Test {
 protected:
  void SetUp() override { world_.meet(alice_, bob_); }
  void useMarker() {
    alice_.useMarker(marker_);
    alice_.restart();
    ASSERT_TRUE(world_.settle());
  }
  void sayWhileAway(std::string_view text) {
    world_.relay().isUp = false;
    world_.runFor(std::chrono::seconds(10));
    ASSERT_TRUE(alice_.outbox().send(bob_.account(), text));
    world_.runFor(std::chrono::minutes(3));
  }

  World world_{31};
  MarkerInMemory marker_;
  WorldRelay& far_ = world_.addRelay("far.example");
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob", far_);
};

TEST_F(OwnRelayAwayTest, WithoutAMarkerNothingLeaves) {
  sayWhileAway("waits");
  EXPECT_TRUE(bob_.received(alice_.account()).empty());
  world_.relay().isUp = true;
  world_.runFor(std::chrono::minutes(3));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("waits"));
}

TEST_F(OwnRelayAwayTest, AMarkerThatAgreesLetsItGo) {
  useMarker();
  sayWhileAway("goes");
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("goes"));
}

TEST_F(OwnRelayAwayTest, AMarkerThatKnowsOfANewerCopyHoldsItBack) {
  useMarker();
  alice_.copyAside("copy");
  ASSERT_TRUE(world_.settle());
  for (const char* text : {"one", "two"}) {
    ASSERT_TRUE(alice_.outbox().send(bob_.account(), text));
    ASSERT_TRUE(world_.settle());
  }
  alice_.putBack("copy");
  world_.relay().isUp = false;
  sayWhileAway("from the old copy");
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two"));
  world_.relay().isUp = true;
  world_.runFor(std::chrono::minutes(3));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "from the old copy"));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, RestoreTest, ::testing::Values(11, 12, 13));

}  // namespace
}  // namespace waxwing::testing
