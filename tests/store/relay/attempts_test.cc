#include "tests/store/relay/relay_fixture.h"

namespace waxwing::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Verdict = NoteAttemptOutcome::Verdict;

// Relay rule 9: what may be what ends its reader.
class AttemptsTest : public RelayStoreTest {
 protected:
  void SetUp() override {
    RelayStoreTest::SetUp();
    openWithAlice();
    advance(std::chrono::minutes(1));
  }

  // Service time follows the wall clock by five minutes a beat.
  void advance(std::chrono::milliseconds time) {
    std::vector<Operation> beats;
    for (; time > std::chrono::milliseconds(0); time -= limits::kServiceTimeStep) {
      wall_ = wall_ + limits::kServiceTimeStep;
      beats.emplace_back(Upkeep{wall_});
    }
    store_->commit(beats);
  }
  Verdict attempt(std::uint64_t number) { return run(NoteAttempt{{account(1), device(1)}, number}).verdict; }
  void attempts(std::uint64_t number, int times) {
    for (int i = 0; i < times; ++i) EXPECT_EQ(attempt(number), Verdict::kCounted);
  }
  // Eight over a day.
  void setAside(std::uint64_t number) {
    attempts(number, 7);
    advance(std::chrono::hours(24));
    EXPECT_EQ(attempt(number), Verdict::kSetAside);
  }
  std::vector<QueueItem> page(std::uint64_t after = 0) { return store_->readPage({account(1), device(1)}, after, {}); }
  std::vector<QueueItem> kept() { return store_->readSetAside({account(1), device(1)}, 0, {}); }

  WallTime wall_{1'000'000'000'000};
};

TEST_F(AttemptsTest, TheFirstWaitingItemIsCountedAndNoOther) {
  submitOne(1);
  submitOne(2);
  EXPECT_EQ(attempt(2), Verdict::kGone);
  EXPECT_EQ(attempt(3), Verdict::kGone);
  EXPECT_EQ(attempt(1), Verdict::kCounted);
  EXPECT_EQ(page().at(0).attempts, 1u);
  EXPECT_EQ(page().at(1).attempts, 0u);
  run(Acknowledge{alice_, 1});
  EXPECT_EQ(attempt(1), Verdict::kGone);
  EXPECT_EQ(page().at(0).attempts, 0u) << "what was counted was of the item before";
}

TEST_F(AttemptsTest, FromTheThirdAttemptOnItComesByItself) {
  submitOne(1);
  submitOne(2);
  attempts(1, 2);
  EXPECT_EQ(page().size(), 2u);
  attempts(1, 1);
  EXPECT_EQ(page().size(), 1u);
  EXPECT_EQ(page().front().attempts, 3u);
  EXPECT_EQ(page(1).size(), 1u) << "what follows is not held up";
}

TEST_F(AttemptsTest, ManyAttemptsInOneDayAreABadConnection) {
  submitOne(1);
  attempts(1, 50);
  EXPECT_THAT(waiting(), ElementsAre(1));
}

TEST_F(AttemptsTest, FewAttemptsOverManyDaysAreABadReader) {
  submitOne(1);
  for (int day = 0; day < 7; ++day) {
    attempts(1, 1);
    advance(std::chrono::hours(24));
  }
  EXPECT_THAT(waiting(), ElementsAre(1));
}

TEST_F(AttemptsTest, WhatIsSetAsideLeavesAGapAndCanBeFetched) {
  submitOne(1, 1, 2, 30);
  submitOne(2);
  setAside(1);
  const auto items = page();
  ASSERT_EQ(items.size(), 2u);
  const auto& gap = std::get<Gap>(items[0].content);
  EXPECT_EQ(items[0].number, 1u);
  EXPECT_EQ(gap.last, 1u);
  EXPECT_EQ(gap.count, 1u);
  EXPECT_EQ(gap.reason, Gap::Reason::kSetAside);
  EXPECT_EQ(gap.firstAt, gap.lastAt);
  EXPECT_EQ(items[1].number, 2u);
  const auto aside = kept();
  ASSERT_EQ(aside.size(), 1u);
  const auto& envelope = std::get<QueuedEnvelope>(aside.front().content);
  EXPECT_EQ(aside.front().number, 1u);
  EXPECT_EQ(envelope.id, envelopeId(1));
  EXPECT_EQ(envelope.keyClass, KeyClass::kInvite);
  EXPECT_EQ(envelope.payload, Bytes(30, 1));
  EXPECT_EQ(position().envelopes, 1u);
  EXPECT_EQ(position().bytes, 20u);
}

TEST_F(AttemptsTest, AGapIsAcknowledgedLikeAnEnvelope) {
  submitOne(1);
  submitOne(2);
  setAside(1);
  EXPECT_EQ(run(Acknowledge{alice_, 1}).verdict, AcknowledgeOutcome::Verdict::kOk);
  EXPECT_THAT(waiting(), ElementsAre(2));
  openStore();
  EXPECT_THAT(waiting(), ElementsAre(2));
  EXPECT_EQ(kept().size(), 1u);
}

TEST_F(AttemptsTest, AGapOutlivesACrashWhereverItsNeighboursStand) {
  submitOne(1);
  submitOne(2);
  submitOne(3);
  run(Acknowledge{alice_, 1});
  setAside(2);
  crash();
  EXPECT_EQ(page().size(), 2u);
  EXPECT_TRUE(std::holds_alternative<Gap>(page()[0].content));
  limits_.foldAfter = 1;
  openStore();
  store_->checkpointIfDue();
  openStore();
  EXPECT_EQ(page().size(), 2u);
  EXPECT_EQ(page()[0].number, 2u);
  EXPECT_EQ(page()[1].number, 3u);
}

TEST_F(AttemptsTest, AFoldedEnvelopeIsSetAsideToo) {
  limits_.foldAfter = 1;
  openStore();
  submitOne(1);
  store_->checkpointIfDue();
  setAside(1);
  openStore();
  EXPECT_TRUE(std::holds_alternative<Gap>(page().at(0).content));
  run(Acknowledge{alice_, 1});
  EXPECT_THAT(page(), IsEmpty());
}

TEST_F(AttemptsTest, WhatWasSetAsideIsStillKnown) {
  submitOne(1);
  setAside(1);
  EXPECT_EQ(submitOne(1), Item::kAccepted);
  EXPECT_EQ(page().size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Gap>(page()[0].content));
}

TEST_F(AttemptsTest, AGapIsNeverSetAside) {
  submitOne(1);
  setAside(1);
  EXPECT_EQ(attempt(1), Verdict::kGone);
}

TEST_F(AttemptsTest, WhatWasSetAsideIsKeptForThirtyDays) {
  submitOne(1);
  setAside(1);
  advance(std::chrono::hours(29 * 24));
  EXPECT_EQ(kept().size(), 1u);
  advance(std::chrono::hours(25));
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(AttemptsTest, ARetiredDeviceLeavesNothingBehind) {
  submitOne(1);
  submitOne(2);
  setAside(1);
  run(Register{manifest(11, {2}, {1})});
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(attempt(1), Verdict::kGone);
}

}  // namespace
}  // namespace waxwing::relay
