#include "outbox/lanes.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LanesTest, ALostAnswerIsSubmittedAgainUnderTheSameIdAndStoredOnce) {
  World world(3);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);
  bob.goOffline();
  world.relay().wire.clear();
  world.network.faults.answerLost = 500;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(alice.outbox().send(bob.account(), std::to_string(i)));
  world.runFor(std::chrono::minutes(10));
  world.network.faults.answerLost = 0;
  world.settle();

  std::map<EnvelopeId, int> times;
  for (const auto& submitted : world.relay().wire) {
    if (submitted.to == bob.account()) ++times[submitted.envelope.id];
  }
  EXPECT_EQ(times.size(), 10u);
  EXPECT_TRUE(std::ranges::any_of(times, [](const auto& entry) { return entry.second > 1; }));
  bob.goOnline();
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(world.findKeyReuse(), "");
}

TEST(LanesTest, AFullDeviceHoldsBackItsOwnQueueAlone) {
  relay::StoreLimits limits;
  limits.mailboxEnvelopes = 5;
  World world(4, limits);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);
  WorldClient& tablet = world.addDevice(bob, "bob-tablet");
  tablet.goOffline();
  std::vector<std::string> said;
  for (int i = 0; i < 12; ++i) {
    said.push_back(std::to_string(i));
    ASSERT_TRUE(alice.outbox().send(bob.account(), said.back()));
    world.runFor(std::chrono::seconds(20));
  }
  EXPECT_EQ(bob.received(alice.account()), said);
  for (const DeliveryState state : alice.states(bob.account())) EXPECT_GE(state, DeliveryState::kDelivered);
  EXPECT_FALSE(alice.outbox().outbox().empty());
  tablet.goOnline();
  world.runFor(std::chrono::minutes(10));
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(tablet.received(alice.account()), said);
  EXPECT_THAT(alice.outbox().outbox(), IsEmpty());
}

// However much waits: what is refused was sealed and sent in vain, for months perhaps.
TEST(LanesTest, AFullMailboxIsAskedWithOneEnvelope) {
  relay::StoreLimits limits;
  limits.mailboxEnvelopes = 5;
  World world(4, limits);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);
  bob.goOffline();
  std::vector<std::string> said;
  for (int i = 0; i < 200; ++i) {
    said.push_back(std::to_string(i));
    ASSERT_TRUE(alice.outbox().send(bob.account(), said.back()));
  }
  world.runFor(std::chrono::minutes(2));
  EXPECT_GT(world.relay().largestBatch, 1u);
  for (const bool restarted : {false, true}) {
    if (restarted) alice.restart();
    world.relay().largestBatch = 0;
    world.runFor(std::chrono::minutes(30));
    EXPECT_EQ(world.relay().largestBatch, 1u);
  }
  bob.goOnline();
  world.runFor(std::chrono::hours(1));
  ASSERT_TRUE(world.settle());
  EXPECT_EQ(bob.received(alice.account()), said);
  EXPECT_GT(world.relay().largestBatch, 1u);
}

TEST(LanesTest, ABusyRelayIsAskedAgainLater) {
  World world(5);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);
  world.relay().isBusy = true;
  ASSERT_TRUE(alice.outbox().send(bob.account(), "patience"));
  world.runFor(std::chrono::seconds(5));
  EXPECT_EQ(alice.outbox().messages(bob.account(), {}).back().pending, PendingReason::kBusy);
  EXPECT_EQ(alice.outbox().outbox().front().lastAnswer, "busy");
  world.relay().isBusy = false;
  world.runFor(std::chrono::minutes(2));
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("patience"));
}

TEST(LanesTest, ADeniedLaneWaitsForANewerKeyAndTakesIt) {
  World world(6);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  WorldClient& mallory = world.addAccount("mallory");
  world.meet(alice, bob);
  world.meet(mallory, bob);
  alice.goOffline();
  ASSERT_TRUE(bob.outbox().blockContact(mallory.account()));  // Bob's contact key changes while Alice is away
  ASSERT_TRUE(world.settle());
  ASSERT_TRUE(alice.outbox().send(bob.account(), "with the old key"));
  alice.goOnline();
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("with the old key"));
}

TEST(LanesTest, ACancelledTextIsNotShownToAnybodyAndLeavesNoHole) {
  World world(7);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);
  alice.goOffline();
  for (const char* text : {"one", "regret", "three"}) ASSERT_TRUE(alice.outbox().send(bob.account(), text));
  std::set<std::int64_t> waiting;
  for (const auto& item : alice.outbox().outbox()) waiting.insert(item.id);
  ASSERT_EQ(waiting.size(), 3u);
  ASSERT_TRUE(alice.outbox().cancel(*std::next(waiting.begin())));
  alice.goOnline();
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("one", "three"));
  EXPECT_EQ(bob.count(alice.account(), TimelineItem::Kind::kHole), 0u);
  EXPECT_EQ(alice.states(bob.account())[1], DeliveryState::kFailed);
  EXPECT_FALSE(alice.outbox().cancel(*waiting.begin())) << "it has left";
  EXPECT_EQ(world.findKeyReuse(), "");
}

// Alice and Bob at relays of their own.
class FarRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.meet(alice_, bob_);
    ASSERT_TRUE(world_.settle());
  }
  void say(std::string_view text) { ASSERT_TRUE(alice_.outbox().send(bob_.account(), text)); }
  Result<void> cancel() { return alice_.outbox().cancel(alice_.outbox().outbox().front().id); }

  World world_{9};
  WorldRelay& far_ = world_.addRelay("far.example");
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob", far_);
};

// Her own relay stays away, so that no receipt tells her.
TEST_F(FarRelayTest, WhatAnEarlierProcessMayHaveSubmittedIsNotCancelledWhateverIsAnsweredLater) {
  alice_.crashAt(CommitPoint::kAnswer, CommitEdge::kBefore);
  say("it left");
  world_.runFor(std::chrono::minutes(1));
  ASSERT_EQ(alice_.crashes(), 1u);
  world_.relay().isUp = false;
  far_.isUp = false;
  alice_.open();
  for (const char* answer : {"the relay is away", "busy"}) {
    world_.runFor(std::chrono::minutes(2));
    ASSERT_EQ(alice_.outbox().outbox().front().lastAnswer, answer);
    const auto cancelled = cancel();
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, Errc::kNotAllowed);
    far_.isUp = true;
    far_.isBusy = true;
  }
  far_.isBusy = false;
  world_.relay().isUp = true;
  world_.runFor(std::chrono::minutes(5));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("it left"));
}

TEST_F(FarRelayTest, WhatNoRelayWasGivenCanBeCancelledHoweverOftenItWasTried) {
  far_.isUp = false;
  say("regret");
  world_.runFor(std::chrono::minutes(5));
  alice_.restart();
  ASSERT_EQ(alice_.outbox().outbox().front().lastAnswer, "the relay is away");
  ASSERT_TRUE(cancel());
  far_.isUp = true;
  say("better");
  world_.runFor(std::chrono::minutes(5));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("better"));
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
}

TEST_F(FarRelayTest, WhatARelayDidNotTakeCanBeCancelled) {
  far_.isBusy = true;
  say("regret");
  world_.runFor(std::chrono::minutes(1));
  alice_.restart();
  ASSERT_EQ(alice_.outbox().outbox().front().lastAnswer, "busy");
  EXPECT_TRUE(cancel());
}

// A restored copy opens sessions anew, and Bob is away: what Alice says is a pre-key message.
TEST_F(FarRelayTest, APreKeyMessageThatNoRelayHeardOfIsEncryptedAnewWhenItIsOld) {
  alice_.copyAside("copy");
  say("before");
  ASSERT_TRUE(world_.settle());
  bob_.goOffline();
  alice_.putBack("copy");
  world_.runFor(std::chrono::minutes(5));
  far_.isUp = false;
  say("weeks later");
  world_.runFor(std::chrono::minutes(2));
  alice_.kill();
  world_.runFor(limits::kUnsubmittedPreKeyMessageAge + std::chrono::hours(1));
  const std::size_t before = far_.bundlesTaken;
  far_.isUp = true;
  alice_.open();
  world_.runFor(std::chrono::minutes(5));
  EXPECT_GT(far_.bundlesTaken, before);
  bob_.goOnline();
  world_.runFor(std::chrono::minutes(5));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("before", "weeks later"));
}

TEST(LanesTest, ADeadRelayOfOneContactHoldsUpNobodyElse) {
  World world(8);
  WorldRelay& far = world.addRelay("far.example");
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob", far);
  WorldClient& carol = world.addAccount("carol");
  world.meet(alice, bob);
  world.meet(alice, carol);
  far.isUp = false;
  ASSERT_TRUE(alice.outbox().send(bob.account(), "later"));
  ASSERT_TRUE(alice.outbox().send(carol.account(), "now"));
  world.runFor(std::chrono::minutes(1));
  EXPECT_THAT(carol.received(alice.account()), ElementsAre("now"));
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kPending));
  far.isUp = true;
  world.runFor(std::chrono::minutes(3));
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("later"));
}

}  // namespace
}  // namespace waxwing::testing
