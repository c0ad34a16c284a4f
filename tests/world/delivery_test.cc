#include <string>
#include <vector>

#include "session/invite.h"
#include "tests/world/world_test.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

TEST_F(Meeting, SentOfflineArrivesInOrderAndIsReported) {
  alice.goOffline();
  std::vector<MessageId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(world.send(alice, bob.account()).value());
  world.run(1h);
  EXPECT_TRUE(textsOf(bob, alice.account()).empty());
  EXPECT_EQ(stateOf(alice, bob.account(), ids.back()), DeliveryState::kPending);

  alice.goOnline();
  EXPECT_TRUE(world.comeToRest());
  EXPECT_EQ(textsOf(bob, alice.account()), textsOf(alice, bob.account()));
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 20u);
  for (const MessageId& id : ids) EXPECT_EQ(stateOf(alice, bob.account(), id), DeliveryState::kDelivered);

  world.readAll(bob, alice.account());
  EXPECT_TRUE(world.comeToRest());
  for (const MessageId& id : ids) EXPECT_EQ(stateOf(alice, bob.account(), id), DeliveryState::kRead);
  endWell();
}

TEST_F(Meeting, WithTheRecipientAwayAMessageIsSent) {
  bob.goOffline();
  const MessageId id = world.send(alice, bob.account()).value();
  EXPECT_TRUE(world.runUntil([&] { return stateOf(alice, bob.account(), id) == DeliveryState::kSent; }, 5min));
  world.run(1h);
  EXPECT_EQ(stateOf(alice, bob.account(), id), DeliveryState::kSent);
  endWell();
}

TEST_F(Meeting, KilledRightAfterSendReturned) {
  alice.goOffline();
  world.send(alice, bob.account());
  alice.kill();
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 1u);
}

// The relay has it, and the answer is lost: it comes again under the same EnvelopeId, and is stored once.
TEST_F(Meeting, AnswersLostAfterAcceptance) {
  for (const std::uint64_t bytes : {0, 1, 100}) {
    world.send(alice, bob.account());
    world.run(1ms);
    for (SimConnection* connection : world.network().connections("alice")) {
      if (connection->name().relay == bobRelay.address().name()) connection->cutAfter(SimSide::kRelay, bytes);
    }
    world.run(5min);
  }
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 3u);
}

TEST_F(Meeting, RequestsCutAtAnyByte) {
  for (std::uint64_t bytes = 1; bytes < 4000; bytes += 333) {
    world.send(alice, bob.account());
    world.network().cutNext("alice", {SimSide::kClient, bytes});
    for (SimConnection* connection : world.network().connections("alice")) {
      connection->cutAfter(SimSide::kClient, bytes / 2);
    }
    world.run(3min);
  }
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 13u);
}

TEST_F(Meeting, TheRelayRestartsInTheMiddleOfABacklog) {
  bob.goOffline();
  for (int i = 0; i < 150; ++i) world.send(alice, bob.account());
  world.run(2min);
  bob.goOnline();
  EXPECT_TRUE(world.runUntil([&] { return textsOf(bob, alice.account()).size() > 30; }, 1min));
  bobRelay.kill();
  world.run(30s);
  bobRelay.start();
  EXPECT_TRUE(world.runUntil([&] { return textsOf(bob, alice.account()).size() > 100; }, 10min));
  bobRelay.drain();
  bobRelay.start();
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 150u);
}

TEST_F(Meeting, AHalfOpenConnectionIsNoticed) {
  EXPECT_EQ(bob.link().kind, LinkState::Kind::kOnline);
  world.network().swallowAll("bob");
  EXPECT_EQ(bob.link().kind, LinkState::Kind::kOnline);
  const auto noticed = limits::kPingEvery + limits::kPingAnswer;
  EXPECT_TRUE(world.runUntil([&] { return bob.link().kind != LinkState::Kind::kOnline; }, noticed + 1s));
  world.send(alice, bob.account());
  EXPECT_TRUE(world.runUntil([&] { return textsOf(bob, alice.account()).size() == 1; }, 2min));
  endWell();
}

TEST_F(Meeting, APartitionOfTheOwnRelayDoesNotLoseAnything) {
  world.network().partition(aliceRelay.address().name());
  world.send(alice, bob.account());
  world.send(bob, alice.account());
  world.run(20min);
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 2u);
  EXPECT_EQ(textsOf(alice, bob.account()).size(), 2u);
}

TEST_F(Meeting, KilledAtEveryCommit) {
  for (const CommitPoint point : clientCommitPoints()) {
    for (const CommitEdge edge : {CommitEdge::kBefore, CommitEdge::kAfter}) {
      for (SimDevice* device : {&alice, &bob}) {
        device->killAt({point, edge, 1});
        world.send(alice, bob.account());
        if (alice.dying()) alice.kill();
        if (!alice.running()) alice.start();
        if (bob.running() && !bob.dying()) world.readAll(bob, alice.account());
        world.run(10s);
        EXPECT_TRUE(world.comeToRest()) << name(point);
        world.check();
        ASSERT_TRUE(isSound(world)) << name(point);
      }
    }
  }
  endWell();
}

TEST_F(Meeting, ARelayKilledAtEveryCommit) {
  for (const CommitPoint point : relayCommitPoints()) {
    for (const CommitEdge edge : {CommitEdge::kBefore, CommitEdge::kAfter}) {
      for (const std::uint32_t times : {1u, 2u, 3u}) {
        bobRelay.killAt({point, edge, times});
        world.send(alice, bob.account());
        world.send(bob, alice.account());
        world.run(2min);
        EXPECT_TRUE(world.comeToRest()) << name(point);
        world.check();
        ASSERT_TRUE(isSound(world)) << name(point);
      }
    }
  }
  endWell();
}

TEST_F(Meeting, ClocksThatJumpLoseNothing) {
  for (const auto jump : {std::chrono::hours(24 * 365), std::chrono::hours(-2 * 24 * 365), std::chrono::hours(48)}) {
    alice.clock().jump(jump);
    bobRelay.clock().jump(-jump);
    world.send(alice, bob.account());
    world.send(bob, alice.account());
    world.run(10min);
  }
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 6u);
}

// What a lane waits for is a time of the wall clock; the clock must not be able to keep it there.
TEST_F(Meeting, AClockSetBackDoesNotKeepALaneWaiting) {
  bobRelay.kill();
  world.send(alice, bob.account());
  world.run(2min);
  alice.clock().jump(-std::chrono::hours(24 * 365));
  bobRelay.start();
  EXPECT_TRUE(world.runUntil([&] { return textsOf(bob, alice.account()).size() == 1; }, 10min));
  endWell();
}

// The invite is in Bob's hands before Alice's relay knows of it.
TEST_F(Meeting, AnInviteThatIsPublishedLaterIsHonouredLater) {
  SimDevice& carol = world.addAccount("carol", bobRelay);
  alice.goOffline();
  world.run(1min);
  const Invite invite = alice.perform([](Outbox& outbox) { return outbox.createInvite(); }).value();
  ASSERT_TRUE(carol.perform([&](Outbox& outbox) { return outbox.addContact("alice", invite); }));
  world.run(2h);
  alice.goOnline();
  const auto requested = [&] {
    const auto contact = alice.perform([&](Outbox& outbox) { return outbox.findContact(carol.account()); }).value();
    return contact && contact->state == ContactState::kRequested;
  };
  EXPECT_TRUE(world.runUntil(requested, 2h));
}

TEST_F(Meeting, AFullMailboxWaitsAndRecovers) {
  bob.goOffline();
  bobRelay.kill();
  bobRelay.adjust = [](relay::Options& options) { options.mailboxEnvelopes = 5; };
  bobRelay.start();
  std::optional<MessageId> last;
  for (int i = 0; i < 12; ++i) last = world.send(alice, bob.account());
  world.run(10min);
  EXPECT_EQ(stateOf(alice, bob.account(), *last), DeliveryState::kPending);
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 12u);
}

TEST_F(Meeting, NothingReadableIsOnAnyDisk) {
  world.send(alice, bob.account());
  endWell();
  world.send(bob, alice.account());
  for (SimDevice* device : {&alice, &bob}) {
    device->kill();
    EXPECT_GT(device->disk().bytes(), 0u);
    EXPECT_FALSE(device->disk().contains(RpcWorld::kMarker));
  }
  for (SimRelay* relay : {&aliceRelay, &bobRelay}) {
    relay->kill();
    EXPECT_GT(relay->disk().bytes(), 0u);
    EXPECT_FALSE(relay->disk().contains(RpcWorld::kMarker));
  }
  EXPECT_FALSE(anyFileContains(world.directory(), RpcWorld::kMarker));
}

}  // namespace
}  // namespace waxwing::testing
