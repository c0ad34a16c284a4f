#include "session/anchors.h"

#include <gtest/gtest.h>

#include "crypto/limits.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

using Verdict = Anchors::Verdict;

class AnchorsTest : public ::testing::Test {
 protected:
  std::int64_t renew() {
    return device_.commit([&](Transaction& transaction) { return device_->anchors.renew(transaction); });
  }
  std::optional<Anchors::Swap> begin() {
    return device_.commit([&](Transaction& transaction) { return device_->anchors.begin(transaction); });
  }
  Verdict judge(const Anchors::Swap& swap, const std::optional<Anchor>& current) {
    return device_.commit([&](Transaction& transaction) { return device_->anchors.judge(transaction, swap, current); });
  }
  // A new anchor that the relay takes.
  Anchor confirmNext() {
    renew();
    const auto swap = *begin();
    EXPECT_EQ(swap.expected, relay_);
    EXPECT_EQ(judge(swap, std::nullopt), Verdict::kConfirmed);
    return relay_ = swap.next;
  }
  Anchor stranger() { return device_.random().fixed<Anchor>(); }

  ManualClock clock_{kTestStart};
  TestDevice device_{1, clock_};
  Anchor relay_;  // what the relay holds
};

TEST_F(AnchorsTest, NothingIsAskedBeforeTheFirst) {
  EXPECT_FALSE(begin());
  EXPECT_TRUE(device_->anchors.newestConfirmed().isZero());
  EXPECT_EQ(device_->anchors.confirmed(), 0);
}

TEST_F(AnchorsTest, OneTransactionHasOneAnchor) {
  device_.commit([&](Transaction& transaction) {
    const auto first = device_->anchors.renew(transaction);
    EXPECT_EQ(device_->anchors.renew(transaction), first);
  });
  const auto second = renew();
  EXPECT_EQ(renew(), second + 1);
}

TEST_F(AnchorsTest, WhatWasUndoneIsDrawnAgain) {
  device_.commit([&](Transaction& transaction) {
    std::int64_t undone = 0;
    {
      Savepoint savepoint(transaction);
      undone = device_->anchors.renew(transaction);
    }
    EXPECT_EQ(device_->anchors.renew(transaction), undone);
    EXPECT_EQ(device_->anchors.renew(transaction), undone);
  });
  EXPECT_TRUE(begin());
}

TEST_F(AnchorsTest, ASwapConfirmsItsNumber) {
  const auto number = renew();
  EXPECT_LT(device_->anchors.confirmed(), number);
  const auto swap = *begin();
  EXPECT_TRUE(swap.expected.isZero());
  const auto later = renew();
  EXPECT_EQ(judge(swap, std::nullopt), Verdict::kConfirmed);
  EXPECT_EQ(device_->anchors.confirmed(), number);
  EXPECT_LT(number, later);
  EXPECT_EQ(device_->anchors.newestConfirmed(), swap.next);
  EXPECT_EQ(begin()->expected, swap.next);
}

TEST_F(AnchorsTest, ALostAnswerIsFoundOut) {
  confirmNext();
  const auto number = renew();
  const auto lost = *begin();
  device_.restart();
  renew();
  const auto again = *begin();
  EXPECT_EQ(again.expected, lost.expected);
  EXPECT_EQ(judge(again, lost.next), Verdict::kConfirmed);
  EXPECT_EQ(device_->anchors.confirmed(), number);
  EXPECT_EQ(begin()->expected, lost.next);
}

TEST_F(AnchorsTest, AFormerAnchorMeansARestoredRelay) {
  const auto former = confirmNext();
  confirmNext();
  renew();
  const auto swap = *begin();
  EXPECT_EQ(judge(swap, former), Verdict::kRelayRestored);
  const auto next = *begin();
  EXPECT_EQ(next.expected, former);
  EXPECT_EQ(judge(next, std::nullopt), Verdict::kConfirmed);
}

TEST_F(AnchorsTest, AnEmptyMailboxAfterAConfirmedAnchorMeansARestoredRelay) {
  confirmNext();
  renew();
  EXPECT_EQ(judge(*begin(), Anchor{}), Verdict::kRelayRestored);
  EXPECT_TRUE(begin()->expected.isZero());
}

TEST_F(AnchorsTest, AnUnknownAnchorMeansARestoredDatabase) {
  confirmNext();
  const auto number = renew();
  const auto current = stranger();
  const auto swap = *begin();
  EXPECT_EQ(judge(swap, current), Verdict::kDatabaseRestored);
  const auto next = *begin();
  EXPECT_EQ(next.expected, current);
  EXPECT_NE(next.next, swap.next);  // which the twin may know
  EXPECT_GT(next.number, number);
}

TEST_F(AnchorsTest, TwiceInADayMeansAClone) {
  renew();
  EXPECT_EQ(judge(*begin(), stranger()), Verdict::kDatabaseRestored);
  clock_.advance(limits::kClonedWithin - std::chrono::hours(1));
  device_.restart();
  EXPECT_EQ(judge(*begin(), stranger()), Verdict::kCloned);
  clock_.advance(limits::kClonedWithin + std::chrono::hours(1));
  EXPECT_EQ(judge(*begin(), stranger()), Verdict::kDatabaseRestored);
}

TEST_F(AnchorsTest, AnUnknownAnchorOfARestoredRelayIsNoSignOfAClone) {
  renew();
  EXPECT_EQ(judge(*begin(), stranger()), Verdict::kDatabaseRestored);
  const auto unknown = stranger();
  EXPECT_TRUE(device_->anchors.isForeign(unknown));
  const auto again = device_.commit([&](Transaction& transaction) {
    return device_->anchors.judge(transaction, *device_->anchors.begin(transaction), unknown,
                                  Anchors::Relay::kRestored);
  });
  EXPECT_EQ(again, Verdict::kDatabaseRestored);
  EXPECT_EQ(begin()->expected, unknown);
}

TEST_F(AnchorsTest, TheNewestFormerOnesAreKept) {
  const auto first = confirmNext();
  for (std::size_t i = 1; i < limits::kConfirmedAnchorsKept; ++i) confirmNext();
  renew();
  EXPECT_EQ(judge(*begin(), first), Verdict::kRelayRestored);
  relay_ = first;
  for (std::size_t i = 0; i < limits::kConfirmedAnchorsKept; ++i) confirmNext();
  renew();
  EXPECT_EQ(judge(*begin(), first), Verdict::kDatabaseRestored);
}

}  // namespace
}  // namespace waxwing::testing
