#include "crypto/ports.h"

#include <deque>
#include <limits>

#include <gtest/gtest.h>

#include "crypto/text.h"

namespace waxwing {
namespace {

// Deals the given numbers as little-endian words.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::deque<std::uint64_t> words) : words_(std::move(words)) {}
  void fill(std::span<std::uint8_t> out) override {
    const Bytes word = ByteWriter().u64(words_.at(0)).take();
    words_.pop_front();
    std::ranges::copy(word, out.begin());
  }
  std::size_t left() const { return words_.size(); }

 private:
  std::deque<std::uint64_t> words_;
};

// The expected bytes come from an implementation of ChaCha20 and BLAKE2b apart from libsodium's.
TEST(SeededRandom, givesTheSameBytesOnEveryMachine) {
  SeededRandom random(7);
  Bytes first(65);
  random.fill(first);
  EXPECT_EQ(toHex(first),
            "5dc3a65654c3a3a3adffa98e267190a260803affabd960e148b2990b29d2853e"
            "9eab3dd440fabb934b9b936564e73a2b40a81612c26f7c0d983e4bf61ef0cb233a");
  Bytes next(8);
  random.fill(next);
  EXPECT_EQ(toHex(next), "a461222a7df82b6a");
}

TEST(SeededRandom, nothingTakesNothing) {
  SeededRandom first(1);
  SeededRandom second(1);
  first.fill({});
  EXPECT_TRUE(equal(first.secret<32>().view(), second.secret<32>().view()));
}

TEST(SeededRandom, seedsDiffer) {
  EXPECT_FALSE(equal(SeededRandom(1).secret<32>().view(), SeededRandom(2).secret<32>().view()));
}

TEST(Random, belowRejectsTheBiasedWords) {
  constexpr std::uint64_t kBound = (1ull << 63) + 1;
  ScriptedRandom random({0, (1ull << 63) - 2, (1ull << 63) - 1, 5});
  EXPECT_EQ(random.below(kBound), (1ull << 63) - 1);
  EXPECT_EQ(random.left(), 1u);
}

TEST(Random, belowStaysBelow) {
  SeededRandom random(3);
  for (const std::uint64_t bound :
       {1ull, 2ull, 3ull, 1000ull, 1ull << 63, std::numeric_limits<std::uint64_t>::max() + 0ull}) {
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(bound), bound);
  }
  EXPECT_THROW(random.below(0), std::logic_error);
}

TEST(Random, belowReachesEverything) {
  SeededRandom random(4);
  std::array<int, 6> seen{};
  for (int i = 0; i < 6000; ++i) ++seen[random.below(6)];
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST(SystemRandom, neverRepeats) {
  EXPECT_FALSE(equal(systemRandom().secret<32>().view(), systemRandom().secret<32>().view()));
}

TEST(SystemClock, isAfterThisWasWritten) { EXPECT_GT(systemClock().now().seconds(), 1'700'000'000); }

TEST(ManualClock, movesOnlyWhenTold) {
  using namespace std::chrono_literals;
  ManualClock clock(WallTime{1000});
  EXPECT_EQ(clock.now().ms, 1000);
  clock.advance(250ms);
  EXPECT_EQ(clock.now() - WallTime{1000}, 250ms);
  clock.set(WallTime{5});
  EXPECT_EQ(clock.now().ms, 5);
}

}  // namespace
}  // namespace waxwing
