#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

std::int64_t integerOf(WorldClient& client, Sql sql) {
  Statement read(client.database().prepare(sql));
  Rows rows = read.query();
  return rows.next() ? rows.integer(0) : -1;
}

// T-long-offline: a device that was away comes back to all that one sender wrote meanwhile. Past the index at which a
// session is replaced; ten thousand, all that a mailbox takes, with WAXWING_LONG=1.
class LongOffline : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.meet(alice_, bob_);
    bob_.goOffline();
    ASSERT_TRUE(world_.settle());
  }
  static int howMany() { return std::getenv("WAXWING_LONG") != nullptr ? 10'000 : 2'500; }

  void say(int from, int to) {
    for (int i = from; i < to; ++i) {
      said_.push_back(std::to_string(i));
      ASSERT_TRUE(alice_.outbox().send(bob_.account(), said_.back()));
      if (i % 100 == 0) {
        ASSERT_TRUE(world_.settle());
      }
    }
    ASSERT_TRUE(world_.settle());
  }
  void comeBack() {
    bob_.goOnline();
    ASSERT_TRUE(world_.settle());
    world_.runFor(std::chrono::minutes(3));
    ASSERT_TRUE(world_.settle());
  }
  void expectAllOfIt() {
    EXPECT_EQ(bob_.received(alice_.account()), said_);
    EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
    EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM stream_above"), 0);
    EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM refusal"), 0);
    for (const DeliveryState state : alice_.states(bob_.account())) ASSERT_EQ(state, DeliveryState::kDelivered);
    EXPECT_TRUE(alice_.outbox().outbox().empty());
    EXPECT_EQ(world_.findKeyReuse(), "");
    // What either side ever holds at once.
    EXPECT_LE(world_.relay().largestBatch, limits::kBatchEnvelopes);
    EXPECT_LE(world_.network.mostDelivered, limits::kWindowEnvelopes + limits::kPageEnvelopes);
    for (WorldClient* client : {&alice_, &bob_}) {
      EXPECT_LE(integerOf(*client, "SELECT max(length(record)) FROM session"), 32 * 1024) << client->name();
    }
  }

  World world_{43};
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
  std::vector<std::string> said_;
};

TEST_F(LongOffline, AllOfItInOrderOverFreshSessions) {
  say(0, howMany());
  const auto sessions = integerOf(alice_, "SELECT count(*) FROM session_birth");
  EXPECT_EQ(sessions, std::min<std::int64_t>(1 + howMany() / limits::kSenderChainIndex, 1 + limits::kArchivedStates));
  comeBack();
  expectAllOfIt();
}

// Sent while offline: all of it in the one session that there was. The next message opens a fresh one.
TEST_F(LongOffline, AllOfItFromASenderWhoWasOfflineAsWell) {
  alice_.goOffline();
  for (int i = 0; i < 1'600; ++i) {
    said_.push_back(std::to_string(i));
    ASSERT_TRUE(alice_.outbox().send(bob_.account(), said_.back()));
  }
  EXPECT_EQ(integerOf(alice_, "SELECT count(*) FROM session_birth"), 1);
  alice_.goOnline();
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(integerOf(alice_, "SELECT count(*) FROM session_birth"), 2);
  comeBack();
  expectAllOfIt();
}

// Where no bundle can be had, the old session goes on.
TEST_F(LongOffline, WithoutABundleTheOldSessionGoesOn) {
  for (int i = 0; i < 1'600; ++i) {
    if (i == 1'400) world_.relay().withholdsBundles = true;
    said_.push_back(std::to_string(i));
    ASSERT_TRUE(alice_.outbox().send(bob_.account(), said_.back()));
    if (i % 100 == 0) {
      ASSERT_TRUE(world_.settle());
    }
  }
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(integerOf(alice_, "SELECT count(*) FROM session_birth"), 1);
  world_.relay().withholdsBundles = false;
  world_.runFor(limits::kFreshSessionEvery);
  say(1'600, 1'601);
  EXPECT_EQ(integerOf(alice_, "SELECT count(*) FROM session_birth"), 2);
  comeBack();
  expectAllOfIt();
}

}  // namespace
}  // namespace waxwing::testing
