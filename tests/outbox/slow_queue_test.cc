#include "outbox/slow_queue.h"

#include <gmock/gmock.h>

#include "session/envelope.h"
#include "store/client/slow_queue_table.h"
#include "tests/support/forged_message.h"
#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::ElementsAre;

std::int64_t integerOf(WorldClient& client, Sql sql) {
  Statement read(client.database().prepare(sql));
  Rows rows = read.query();
  return rows.next() ? rows.integer(0) : -1;
}

// Mallory, a contact of Bob, writes in the name of Alice, who is one as well.
class SlowQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.meet(alice_, bob_);
    world_.meet(mallory_, bob_);
    // A receipt would turn the ratchet, and begin the new chain.
    for (WorldClient* client : {&alice_, &bob_}) client->outbox().switchDeliveredReceipts(Outbox::ReceiptSwitch::kOff);
    say(mallory_, "hello");  // so that she holds Bob's seal key
    say(alice_, "before");
  }

  void say(WorldClient& from, const std::string& text) {
    ASSERT_TRUE(from.outbox().send(bob_.account(), text));
    ASSERT_TRUE(world_.settle());
  }
  void forge(int count, std::uint32_t counter) {
    const auto sealKey = PeerDeviceTable(mallory_.database()).get(bob_.address()).sealKey;
    const auto contact = ContactTable(mallory_.database()).find(bob_.account());
    const auto manifest = ManifestBook(mallory_.database(), world_.clock).find(bob_.account());
    const auto key = AccessKey::from(contact->accessKey->view());
    Submission batch{.manifestVersion = (*manifest)->version, .envelopes = {}};
    const auto submit = [&] {
      const auto answer = world_.relay().submit(bob_.account(), relay::KeyHolder{hashOf(*key)}, batch);
      ASSERT_TRUE(std::holds_alternative<std::vector<ItemOutcome>>(answer.outcome));
      batch.envelopes.clear();
    };
    for (int i = 0; i < count; ++i) {
      const Envelope envelope{.id = random_.fixed<EnvelopeId>(),
                              .to = bob_.address(),
                              .from = alice_.address(),
                              .kind = CipherKind::kMessage,
                              .manifest = {},
                              .ciphertext = forgedMessage(CurveKeyPair::generate(random_).publicKey(), counter)};
      const SealKey sealed{static_cast<SealSuite>(sealKey->suite), sealKey->id, sealKey->key};
      batch.envelopes.push_back({envelope.id, bob_.address().device, *sealEnvelope(envelope, sealed, random_)});
      if (batch.envelopes.size() == limits::kBatchEnvelopes) submit();
    }
    if (!batch.envelopes.empty()) submit();
  }
  // Alice begins a new chain, whose first `lost` messages the relay loses.
  void loseSome(int lost) {
    ASSERT_TRUE(bob_.outbox().send(alice_.account(), "a turn"));
    ASSERT_TRUE(world_.settle());
    bob_.goOffline();
    ASSERT_TRUE(world_.settle());
    world_.relay().loses = [this](const DeviceAddress& to) { return to == bob_.address(); };
    write(lost);
    world_.relay().loses = nullptr;
  }
  // And writes five more.
  void leaveGap(int lost) {
    loseSome(lost);
    write(5);
  }
  void write(int count) {
    for (int i = 0; i < count; ++i) {
      said_.push_back(std::to_string(said_.size()));
      ASSERT_TRUE(alice_.outbox().send(bob_.account(), said_.back()));
    }
    ASSERT_TRUE(world_.settle());
  }
  // Lets Bob read until he has so many of Alice's. The most that waited meanwhile.
  std::int64_t readUntil(std::size_t count) {
    std::int64_t most = 0;
    for (int i = 0; i < 100'000 && bob_.received(alice_.account()).size() < count; ++i) {
      world_.runFor(std::chrono::milliseconds(1));
      most = std::max(most, waiting());
    }
    return most;
  }
  std::int64_t waiting() { return integerOf(bob_, "SELECT count(*) FROM slow_queue"); }
  std::int64_t turnedAway() {
    return integerOf(bob_, "SELECT count(*) FROM refusal WHERE code IN (58, 59)");  // kCostly, kOverBudget
  }
  std::int64_t refused() { return integerOf(bob_, "SELECT count(*) FROM refusal"); }

  World world_{47};
  SeededRandom random_{48};
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
  WorldClient& mallory_ = world_.addAccount("mallory");
  std::vector<std::string> said_{"before"};
};

// T-forgery-cost
TEST_F(SlowQueueTest, HonestTrafficGoesFirst) {
  bob_.goOffline();
  ASSERT_TRUE(world_.settle());
  forge(900, 0);
  forge(100, 2'000);
  write(5);
  bob_.goOnline();
  readUntil(said_.size());
  const auto inVain = static_cast<std::uint64_t>(refused());
  EXPECT_GT(inVain, 0u);
  EXPECT_LE(inVain, limits::kWorkPerKeyClass / limits::kTurnWork + 1);
  EXPECT_EQ(waiting(), 1'000 - static_cast<std::int64_t>(inVain));

  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(refused(), 1'000);
  std::uint64_t told = 0;
  for (const auto& [code, reason, count, newest] : bob_.outbox().refused()) {
    EXPECT_TRUE(code == Errc::kUndecryptable || code == Errc::kCostly || code == Errc::kOverBudget) << reason;
    told += count;
  }
  EXPECT_EQ(told, 1'000u);
  EXPECT_EQ(bob_.received(alice_.account()), said_);
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
}

// T-forgery-cost: what forged ones cost in all is bounded, and what is turned away with them comes in another envelope.
TEST_F(SlowQueueTest, WhatIsTurnedAwayIsAskedFor) {
  loseSome(150);
  forge(100, 2'000);
  write(5);
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  const auto turned = turnedAway();
  EXPECT_EQ(refused(), 105);
  EXPECT_LT(turned, 105);
  EXPECT_GE(turned, 105 - static_cast<std::int64_t>(limits::kSlowWorkInVain / 2'000 + 1));
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(bob_.received(alice_.account()).size(), 1u);
  world_.runFor(std::chrono::minutes(10));
  EXPECT_EQ(bob_.received(alice_.account()), said_);
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);

  world_.runFor(limits::kSlowWorkWithin);
  leaveGap(150);
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  world_.runFor(std::chrono::minutes(5));
  EXPECT_EQ(bob_.received(alice_.account()), said_);
  EXPECT_EQ(turnedAway(), turned);
}

TEST_F(SlowQueueTest, AGenuineOneComesToStandInItsPlace) {
  leaveGap(150);
  bob_.goOnline();
  EXPECT_EQ(readUntil(6), 5);
  EXPECT_EQ(waiting(), 0);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("before", "151", "152", "153", "154", "155"));
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 1u);
  EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM unreadable"), 0);
  EXPECT_EQ(refused(), 0);
  world_.runFor(std::chrono::minutes(5));
  EXPECT_EQ(bob_.received(alice_.account()), said_);
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
}

// Those behind a costly one are not held back: anyone can write one in their sender's name.
TEST_F(SlowQueueTest, WhatFollowsIsShownAndMakesRoom) {
  bob_.goOffline();
  ASSERT_TRUE(world_.settle());
  write(1);
  forge(600, 0);
  write(1);
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(bob_.received(alice_.account()), said_);
  EXPECT_EQ(refused(), 600);
}

TEST_F(SlowQueueTest, KilledAtAnyCommitNothingIsLostOrShownTwice) {
  for (int edge = 1; edge <= 8; ++edge) {
    SCOPED_TRACE(edge);
    leaveGap(101);
    bob_.crashAfterEdges(edge);
    bob_.goOnline();
    world_.runFor(std::chrono::seconds(1));
    EXPECT_FALSE(bob_.isRunning());
    bob_.open();
    bob_.doNotCrash();
    bob_.goOnline();
    ASSERT_TRUE(world_.settle());
    EXPECT_EQ(waiting(), 0);
    world_.runFor(std::chrono::minutes(5));
    EXPECT_EQ(bob_.received(alice_.account()), said_);
    EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM refusal WHERE code <> 51"), 0);  // kDuplicate: it came again
  }
}

TEST_F(SlowQueueTest, WhatFindsNoRoomStaysOnTheRelay) {
  bob_.goOffline();
  ASSERT_TRUE(world_.settle());
  forge(1'100, limits::kUnknownChainCounterAtOnce + 1);
  write(1);
  bob_.goOnline();
  const std::int64_t most = readUntil(said_.size());
  EXPECT_LE(most, static_cast<std::int64_t>(limits::kSlowQueueEnvelopes));
  EXPECT_GE(most, static_cast<std::int64_t>(limits::kSlowQueueEnvelopes) - 100);
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(bob_.received(alice_.account()), said_);
}

// An envelope that ends the process each time is given up, and those behind it are opened.
TEST_F(SlowQueueTest, OneThatWasBegunTooOftenIsPutAside) {
  leaveGap(120);
  bob_.goOnline();
  bob_.crashAt(CommitPoint::kReceive, CommitEdge::kAfter, 1);
  world_.runFor(std::chrono::seconds(5));
  ASSERT_FALSE(bob_.isRunning());
  bob_.open();
  ASSERT_EQ(waiting(), 5);
  bob_.database().script("UPDATE slow_queue SET attempts = 3 WHERE id = (SELECT min(id) FROM slow_queue)");
  bob_.outbox().tick();
  EXPECT_EQ(waiting(), 4);
  EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM refusal WHERE payload IS NOT NULL"), 1);
  for (int i = 0; i < 5; ++i) bob_.outbox().tick();
  EXPECT_EQ(waiting(), 0);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("before", "122", "123", "124", "125"));
}

}  // namespace
}  // namespace waxwing::testing
