#include "outbox/retry.h"

#include <gtest/gtest.h>

namespace waxwing {
namespace {

TEST(BackoffRule, JitterIsFullAndItsBoundDoublesToAMinute) {
  for (int failures = 0; failures < 12; ++failures) {
    const auto bound = std::min(limits::kBackoffMost, limits::kBackoffFirst * (1 << failures));
    std::chrono::milliseconds most{0};
    std::chrono::milliseconds least = bound;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      SeededRandom random(seed);
      Backoff backoff;
      for (int i = 0; i < failures; ++i) backoff.next(random);
      const auto wait = backoff.next(random);
      most = std::max(most, wait);
      least = std::min(least, wait);
    }
    EXPECT_LE(most, bound);
    EXPECT_GT(most, bound * 9 / 10);
    EXPECT_LT(least, bound / 10);
  }
}

TEST(BackoffRule, ResetStartsOver) {
  SeededRandom random(1);
  Backoff backoff;
  for (int i = 0; i < 20; ++i) backoff.next(random);
  backoff.reset();
  EXPECT_EQ(backoff.failures(), 0u);
  EXPECT_LE(backoff.next(random), limits::kBackoffFirst);
}

}  // namespace
}  // namespace waxwing
