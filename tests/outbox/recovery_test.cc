#include "outbox/recovery.h"

#include <gmock/gmock.h>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;
using Kind = TimelineItem::Kind;
using ::testing::ElementsAre;

std::int64_t integerOf(WorldClient& client, Sql sql) {
  Statement read(client.database().prepare(sql));
  Rows rows = read.query();
  return rows.next() ? rows.integer(0) : -1;
}

class RecoveryTest : public ::testing::Test {
 protected:
  void SetUp() override { world_.meet(alice_, bob_); }

  void say(WorldClient& from, WorldClient& to, const std::string& text) {
    ASSERT_TRUE(from.outbox().send(to.account(), text));
    ASSERT_TRUE(world_.settle());
  }
  // The relay accepts what goes to a device, and forgets it.
  void loseTo(const WorldClient& to) {
    world_.relay().loses = [device = to.address()](const DeviceAddress& recipient) { return recipient == device; };
  }
  void loseNothing() { world_.relay().loses = nullptr; }
  void sayLost(WorldClient& from, WorldClient& to, const std::string& text) {
    loseTo(to);
    say(from, to, text);
    loseNothing();
  }
  std::size_t sentTo(const WorldClient& to) {
    return static_cast<std::size_t>(std::ranges::count(world_.relay().wire, to.account(), &WorldRelay::Submitted::to));
  }
  std::size_t restores(const WorldClient& client, event::Restored::What what) {
    return static_cast<std::size_t>(std::ranges::count_if(client.events, [what](const Event& event) {
      const auto* restored = std::get_if<event::Restored>(&event);
      return restored != nullptr && restored->what == what;
    }));
  }

  World world_{41};
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
};

TEST_F(RecoveryTest, WhatIsMissingIsAskedForAndStandsInItsPlace) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  sayLost(alice_, bob_, "three");
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "four"));
  world_.runFor(2s);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "four"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 1u);
  ASSERT_TRUE(bob_.outbox().send(alice_.account(), "in between"));
  world_.runFor(1min);
  EXPECT_THAT(bob_.texts(alice_.account()), ElementsAre("one", "two", "three", "four", "in between"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
  EXPECT_THAT(alice_.states(bob_.account()), ElementsAre(DeliveryState::kDelivered, DeliveryState::kDelivered,
                                                         DeliveryState::kDelivered, DeliveryState::kDelivered));
  EXPECT_EQ(world_.findKeyReuse(), "");
}

// The request is queued already when the session is there over which it should be asked.
TEST_F(RecoveryTest, ASessionIsOpenedOnceWhileARequestWaits) {
  sayLost(alice_, bob_, "lost");
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "after it"));
  world_.runFor(2s);
  world_.relay().isBusy = true;
  world_.runFor(10s);
  ASSERT_EQ(integerOf(bob_, "SELECT tries FROM recovery"), 1);
  Statement(bob_.database().prepare("UPDATE recovery SET lacks = lacks | 8")).run();
  const std::size_t before = world_.relay().bundlesTaken;
  world_.relay().isBusy = false;
  world_.runFor(10min);
  EXPECT_EQ(world_.relay().bundlesTaken - before, 1u);
  EXPECT_THAT(bob_.texts(alice_.account()), ElementsAre("lost", "after it"));
}

TEST_F(RecoveryTest, PartsOfAHoleAreFilledOneByOne) {
  say(alice_, bob_, "1");
  for (const char* text : {"2", "3", "4"}) sayLost(alice_, bob_, text);
  // The first answer arrives in part: its second envelope is lost.
  int answers = 0;
  world_.relay().loses = [&](const DeviceAddress& to) { return to == bob_.address() && ++answers == 3; };
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "5"));
  world_.runFor(30s);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("1", "2", "4", "5"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 1u);
  world_.runFor(10min);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
}

TEST_F(RecoveryTest, ADroppedTailIsSentAgainUnasked) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  world_.runFor(15min);
  say(bob_, alice_, "what I say shows what I hold");
  world_.runFor(5min);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
}

TEST_F(RecoveryTest, ALongDroppedTailIsFoundByItsEnd) {
  loseTo(bob_);
  std::vector<std::string> said;
  for (int i = 0; i < 40; ++i) said.push_back(std::to_string(i));
  for (const std::string& text : said) say(alice_, bob_, text);
  loseNothing();
  world_.runFor(15min);
  const std::size_t before = sentTo(bob_);
  say(bob_, alice_, "hello");
  world_.runFor(10min);
  EXPECT_EQ(bob_.received(alice_.account()), said);
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
  EXPECT_LE(sentTo(bob_) - before, said.size() + 5);
}

TEST_F(RecoveryTest, WhatIsGoneIsSaidToBothSides) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  alice_.database().script("DELETE FROM sent");
  say(alice_, bob_, "three");
  world_.runFor(5min);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "three"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kLost), 1u);
  EXPECT_EQ(alice_.count(bob_.account(), Kind::kUndelivered), 1u);
  EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM stream_above"), 0);
  say(alice_, bob_, "four");
  world_.runFor(48h);
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kLost), 1u);
  EXPECT_EQ(alice_.count(bob_.account(), Kind::kUndelivered), 1u);
  EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM refusal"), 0);
}

TEST_F(RecoveryTest, WhatWasGivenUpIsShownWhenItComesNevertheless) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  alice_.database().script("CREATE TEMP TABLE kept AS SELECT * FROM sent; DELETE FROM sent");
  say(alice_, bob_, "three");
  world_.runFor(5min);
  ASSERT_EQ(bob_.count(alice_.account(), Kind::kLost), 1u);
  alice_.database().script("DELETE FROM sent; INSERT INTO sent SELECT * FROM kept");
  bob_.database().script("UPDATE hole SET lost = 0; UPDATE recovery SET lacks = 1, due_at = 0, tries = 0");
  bob_.restart();
  world_.settle();
  world_.runFor(5min);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "three"));
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kLost), 0u);
}

TEST_F(RecoveryTest, AskingEndsWhereNobodyAnswers) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "three"));
  world_.runFor(2s);
  loseTo(alice_);
  const std::size_t before = sentTo(alice_);
  world_.runFor(30 * 24h);
  EXPECT_LE(sentTo(alice_) - before, limits::kAsksMost);
  EXPECT_GE(sentTo(alice_) - before, limits::kAsksMost / 2);
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kLost), 1u);
}

TEST_F(RecoveryTest, ABlockedContactIsNotAsked) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "three"));
  world_.runFor(2s);
  const std::size_t before = sentTo(alice_);
  ASSERT_TRUE(bob_.outbox().blockContact(alice_.account()));
  world_.runFor(48h);
  EXPECT_EQ(sentTo(alice_), before);
  EXPECT_EQ(integerOf(bob_, "SELECT count(*) FROM sent"), 0);
}

TEST_F(RecoveryTest, AnUnreadableEnvelopeIsAskedForAndNothingIsShownTwice) {
  bob_.goOffline();
  say(alice_, bob_, "one");
  alice_.goOffline();
  world_.relay().copyAside();
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  bob_.goOffline();
  ASSERT_THAT(bob_.received(alice_.account()), ElementsAre("one"));
  // The same key by a ciphertext that was never read, as far as can be seen.
  bob_.database().script("DELETE FROM decrypted; DELETE FROM stream_above; UPDATE stream_in SET mark = mark - 1");
  bob_.database().script("DELETE FROM message WHERE kind = 1");
  world_.relay().putBack();
  bob_.goOnline();
  alice_.goOnline();
  world_.settle();
  world_.runFor(5min);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one"));
}

TEST_F(RecoveryTest, WhatARestoredReceiverLacksComesAgain) {
  std::vector<std::string> said;
  const auto speak = [&](int count) {
    for (int i = 0; i < count; ++i) {
      said.push_back(std::to_string(said.size()));
      say(alice_, bob_, said.back());
      say(bob_, alice_, "and " + said.back());
    }
  };
  speak(5);
  bob_.copyAside("copy");
  speak(30);
  world_.runFor(10min);
  bob_.putBack("copy");
  ASSERT_TRUE(world_.settle());
  world_.runFor(5min);
  EXPECT_EQ(restores(bob_, event::Restored::What::kDatabase), 1u);
  EXPECT_EQ(bob_.received(alice_.account()), said);
  speak(3);
  EXPECT_EQ(bob_.received(alice_.account()), said);
  EXPECT_EQ(alice_.received(bob_.account()).size(), said.size());
  EXPECT_EQ(bob_.count(alice_.account(), Kind::kHole), 0u);
  EXPECT_EQ(world_.findKeyReuse(), "");
}

TEST_F(RecoveryTest, WhatARestoredRelayForgotComesAgain) {
  say(alice_, bob_, "one");
  bob_.goOffline();
  alice_.goOffline();
  world_.relay().copyAside();
  alice_.goOnline();
  say(alice_, bob_, "two");
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  bob_.goOffline();
  say(alice_, bob_, "three");
  alice_.goOffline();
  world_.relay().putBack();
  world_.runFor(2min);
  alice_.goOnline();
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  world_.runFor(5min);
  EXPECT_GE(restores(bob_, event::Restored::What::kRelay), 1u);
  EXPECT_GE(restores(alice_, event::Restored::What::kRelay), 1u);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "three"));
  say(bob_, alice_, "back");
  EXPECT_THAT(alice_.received(bob_.account()), ElementsAre("back"));
}

TEST_F(RecoveryTest, ANumberThatIsGivenTwiceTellsOfARestoredRelay) {
  bob_.goOffline();
  alice_.goOffline();
  world_.relay().copyAside();
  bob_.goOnline();
  alice_.goOnline();
  say(alice_, bob_, "one");
  bob_.goOffline();
  alice_.goOffline();
  world_.relay().putBack();
  // As if the anchors agreed: only the numbers can tell.
  bob_.database().script("UPDATE anchor SET confirmed = 0");
  world_.runFor(2min);
  alice_.goOnline();
  for (const char* text : {"two", "three", "four", "five"}) {
    ASSERT_TRUE(alice_.outbox().send(bob_.account(), text));
  }
  world_.runFor(1min);
  bob_.events.clear();
  bob_.goOnline();
  ASSERT_TRUE(world_.settle());
  world_.runFor(5min);
  EXPECT_GE(restores(bob_, event::Restored::What::kRelay), 1u);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two", "three", "four", "five"));
}

TEST_F(RecoveryTest, AGapOfTheRelayIsShownAndItsSendersAreAsked) {
  say(alice_, bob_, "one");
  sayLost(alice_, bob_, "two");
  world_.runFor(5min);
  const auto number = static_cast<std::uint64_t>(world_.relay().store().findPosition(bob_.address())->last);
  bob_.outbox().onPage(
      {.attempts = 1,
       .items = {IncomingGap{
           .first = number + 1, .last = number + 1, .count = 1, .reason = {}, .firstAt = {}, .lastAt = {}}}});
  world_.runFor(1min);
  EXPECT_EQ(bob_.count(bob_.account(), Kind::kGap), 1u);
  EXPECT_EQ(integerOf(alice_, "SELECT resends FROM sent ORDER BY sequence DESC LIMIT 1"), 1);
}

TEST_F(RecoveryTest, SiblingsSendEachOtherAgainWhatTheyLack) {
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  world_.runFor(1min);
  loseTo(tablet);
  say(bob_, alice_, "one");
  loseNothing();
  say(bob_, alice_, "two");
  world_.runFor(5min);
  EXPECT_THAT(tablet.texts(alice_.account()), ElementsAre("one", "two"));
  EXPECT_EQ(tablet.count(alice_.account(), Kind::kHole), 0u);
}

TEST_F(RecoveryTest, WhatArrivedIsForgottenAfterAMonth) {
  say(alice_, bob_, "one");
  EXPECT_GE(integerOf(alice_, "SELECT count(*) FROM sent"), 1);
  say(bob_, alice_, "two");  // shows what he holds
  world_.runFor(32 * 24h);
  EXPECT_LE(integerOf(alice_, "SELECT count(*) FROM sent"), 1);
  EXPECT_EQ(integerOf(alice_, "SELECT count(*) FROM sent"),
            integerOf(alice_, "SELECT sum(sent_count) FROM peer_device"));
}

TEST_F(RecoveryTest, WhatIsKeptForADeviceIsBounded) {
  for (int i = 0; i < 20; ++i) say(alice_, bob_, std::to_string(i));
  const auto kept = integerOf(alice_, "SELECT count(*) FROM sent");
  alice_.database().script("UPDATE peer_device SET sent_bytes = 1000000000");
  say(alice_, bob_, "one more");
  EXPECT_LT(integerOf(alice_, "SELECT count(*) FROM sent"), kept);
  EXPECT_EQ(integerOf(alice_, "SELECT sum(sent_count) FROM peer_device"),
            integerOf(alice_, "SELECT count(*) FROM sent"));
  EXPECT_LT(integerOf(alice_, "SELECT sum(sent_bytes) FROM peer_device"), 1'000'000);
}

}  // namespace
}  // namespace waxwing::testing
