#include <gmock/gmock.h>

#include <set>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(Exchange, TextsWrittenOfflineAreDeliveredOnceAndRead) {
  World world;
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);

  alice.goOffline();
  for (const char* text : {"one", "two", "three"}) ASSERT_TRUE(alice.outbox().send(bob.account(), text));
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kPending));
  EXPECT_EQ(alice.outbox().messages(bob.account(), {}).back().pending, PendingReason::kNoNetwork);

  alice.goOnline();
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("one", "two", "three"));
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kDelivered));
  bob.readAll(alice.account());
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kRead));
  EXPECT_EQ(world.findKeyReuse(), "");
}

// Sends one text, again after a crash unless it was committed.
void say(WorldClient& from, const AccountId& to, const std::string& text) {
  for (int tries = 0; tries < 3; ++tries) {
    if (!from.isRunning()) from.open();
    const auto written = from.writtenBy(from.address(), to);
    if (std::ranges::find(written, text) != written.end()) return;
    from.attempt([&] { ASSERT_TRUE(from.outbox().send(to, text)); });
  }
}

TEST(Exchange, ACrashAtAnyCommitPointOfEitherSideLosesAndDoublesNothing) {
  World world(2);
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);
  std::vector<std::string> fromAlice;
  std::vector<std::string> fromBob;
  std::size_t rounds = 0;
  std::set<CommitPoint> crashedAt;
  for (const CommitPoint point : clientCommitPoints()) {
    for (const CommitEdge edge : {CommitEdge::kBefore, CommitEdge::kAfter}) {
      for (WorldClient* victim : {&alice, &bob}) {
        const std::string round = std::to_string(++rounds);
        const std::size_t before = victim->crashes();
        victim->crashAt(point, edge);
        world.sleep(std::chrono::hours(25));  // keys rotate, so that all points are passed in the end
        fromAlice.push_back("a" + round);
        fromBob.push_back("b" + round);
        say(alice, bob.account(), fromAlice.back());
        say(bob, alice.account(), fromBob.back());
        world.settle();
        if (victim->crashes() != before) crashedAt.insert(point);
        victim->doNotCrash();
        if (!victim->isRunning()) victim->open();
        ASSERT_TRUE(world.settle());
        ASSERT_EQ(bob.received(alice.account()), fromAlice) << name(point);
        ASSERT_EQ(alice.received(bob.account()), fromBob) << name(point);
      }
    }
  }
  for (const CommitPoint point :
       {CommitPoint::kCompose, CommitPoint::kAnswer, CommitPoint::kReceive, CommitPoint::kAnchor, CommitPoint::kKeys}) {
    EXPECT_TRUE(crashedAt.contains(point)) << name(point);
  }
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kDelivered));
  EXPECT_EQ(alice.count(bob.account(), TimelineItem::Kind::kHole), 0u);
  EXPECT_EQ(bob.count(alice.account(), TimelineItem::Kind::kHole), 0u);
  EXPECT_EQ(world.findKeyReuse(), "");
}

// Meeting, too, survives a crash anywhere.
TEST(Exchange, ACrashWhileTwoMeetIsHarmless) {
  World world(9);
  for (int nth = 1; nth <= 25; nth += 4) {
    const std::string number = std::to_string(nth);
    WorldClient& alice = world.addAccount("alice" + number);
    WorldClient& bob = world.addAccount("bob" + number);
    const Invite invite = bob.outbox().createInvite().value();
    ASSERT_TRUE(world.settle());
    WorldClient& victim = nth % 8 == 1 ? alice : bob;
    ASSERT_TRUE(alice.outbox().addContact("bob", invite));
    victim.crashAfterEdges(nth);
    world.settle();
    if (!victim.isRunning()) victim.open();
    world.settle();
    victim.doNotCrash();
    ASSERT_TRUE(bob.outbox().findContact(alice.account())) << nth;
    ASSERT_TRUE(bob.outbox().acceptContact(alice.account(), "alice"));
    ASSERT_TRUE(world.settle());
    ASSERT_TRUE(alice.outbox().send(bob.account(), "hello"));
    ASSERT_TRUE(world.settle());
    EXPECT_THAT(bob.received(alice.account()), ElementsAre("hello"));
    alice.kill();
    bob.kill();
  }
}

}  // namespace
}  // namespace waxwing::testing
