#include "session/pre_keys.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/limits.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

using Occasion = PreKeys::Occasion;

class PreKeysTest : public ::testing::Test {
 protected:
  std::optional<PreKeys::Publication> prepare(Occasion occasion, const PreKeys::RelayStatus& relay) {
    return device_.commit(
        [&](Transaction& transaction) { return device_->preKeys.prepare(transaction, occasion, relay); });
  }
  // What the relay holds after the last publication, with so many one-time keys left.
  PreKeys::RelayStatus holding(std::uint32_t oneTimeKeys) { return {device_.relayStatus().counter, oneTimeKeys}; }
  static PublishedKeys keysOf(const PreKeys::Publication& publication) {
    return must(SignedKeys::peek(publication.signedKeys));
  }
  void upkeep() {
    device_.commit([&](Transaction& transaction) { device_->preKeys.destroyExpired(transaction); });
  }
  // As for a device that is in use: upkeep every other day.
  void pass(std::chrono::milliseconds span) {
    for (; span > limits::kKeyRotation; span -= limits::kKeyRotation) {
      clock_.advance(limits::kKeyRotation);
      upkeep();
    }
    clock_.advance(span);
    upkeep();
  }
  PublishedKeys first() { return must(SignedKeys::peek(device_.bundleWithoutOneTime().signedKeys)); }

  ManualClock clock_{kTestStart};
  TestDevice device_{1, clock_};  // has published once
};

TEST_F(PreKeysTest, TheFirstPublicationIsWhole) {
  EXPECT_EQ(device_.relayStatus().oneTimeKeys, limits::kOneTimeKeysPublished);
  EXPECT_EQ(device_.relayStatus().counter, static_cast<std::uint64_t>(clock_.now().seconds()));
  EXPECT_FALSE(prepare(Occasion::kRoutine, holding(100)));
  EXPECT_EQ(device_->preKeys.nextDue(), clock_.now() + limits::kKeyRotation);
}

// Making keys takes time: whatever second it ends in, the counter is not older than the date beside it.
TEST_F(PreKeysTest, AnswersToOneReadingOfTheClock) {
  class RunningClock final : public Clock {
   public:
    WallTime now() const override { return time_ = time_ + std::chrono::milliseconds(1100); }

   private:
    mutable WallTime time_ = kTestStart + limits::kKeyRotation;
  };
  const RunningClock clock;
  SeededRandom random(2);
  PreKeys preKeys(*device_->db, device_->self, clock, random);
  const auto publication = device_.commit([&](Transaction& transaction) {
    return preKeys.prepare(transaction, Occasion::kRestored, device_.relayStatus());
  });
  ASSERT_TRUE(publication);
  EXPECT_GE(publication->counter, keysOf(*publication).createdAt);
}

TEST_F(PreKeysTest, RefillsWhatIsMissing) {
  EXPECT_FALSE(prepare(Occasion::kRoutine, holding(limits::kOneTimeKeysRefillAt)));
  const auto refill = prepare(Occasion::kRoutine, holding(limits::kOneTimeKeysRefillAt - 1));
  ASSERT_TRUE(refill);
  EXPECT_EQ(refill->oneTime.size(), 76u);
  EXPECT_FALSE(refill->replaceAll);
  EXPECT_EQ(refill->counter, device_.relayStatus().counter + 1);
  EXPECT_EQ(keysOf(*refill).signedPreKeyId, first().signedPreKeyId);
}

TEST_F(PreKeysTest, RotatesEveryTwoDays) {
  clock_.advance(limits::kKeyRotation - std::chrono::seconds(1));
  EXPECT_FALSE(prepare(Occasion::kRoutine, holding(100)));
  clock_.advance(std::chrono::seconds(1));
  const auto rotated = prepare(Occasion::kRoutine, holding(100));
  ASSERT_TRUE(rotated);
  EXPECT_TRUE(rotated->oneTime.empty());
  EXPECT_NE(keysOf(*rotated).signedPreKey, first().signedPreKey);
  EXPECT_NE(keysOf(*rotated).sealKeys[0].key, first().sealKeys[0].key);
  EXPECT_TRUE(device_->preKeys.findSealKey(first().sealKeys[0].id));
}

TEST_F(PreKeysTest, TheCounterOutgrowsTheRelays) {
  const auto ahead = prepare(Occasion::kRoutine, {device_.relayStatus().counter + 50, 100});
  ASSERT_TRUE(ahead);
  EXPECT_TRUE(ahead->replaceAll);
  EXPECT_EQ(ahead->counter, device_.relayStatus().counter + 51);
}

TEST_F(PreKeysTest, ALostPublicationIsMadeAgain) {
  const auto again = prepare(Occasion::kRoutine, {0, 0});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->replaceAll);
  EXPECT_EQ(again->oneTime.size(), limits::kOneTimeKeysPublished);
}

TEST_F(PreKeysTest, ARestoreReplacesEverything) {
  const auto anew = prepare(Occasion::kRestored, holding(100));
  ASSERT_TRUE(anew);
  EXPECT_TRUE(anew->replaceAll);
  EXPECT_EQ(anew->oneTime.size(), limits::kOneTimeKeysPublished);
  EXPECT_NE(keysOf(*anew).signedPreKeyId, first().signedPreKeyId + 1);
  EXPECT_GE(anew->counter, static_cast<std::uint64_t>((clock_.now() + std::chrono::hours(366 * 24)).seconds()));
}

TEST_F(PreKeysTest, AnOldStockIsReplaced) {
  PreKeys::RelayStatus relay = holding(100);
  for (int day = 0; day < 30; day += 2) {
    clock_.advance(limits::kKeyRotation);
    const auto made = prepare(Occasion::kRoutine, relay);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->replaceAll, day == 28);
    relay.counter = made->counter;
  }
}

TEST_F(PreKeysTest, IdsAreDistinctAndInRange) {
  std::set<std::uint32_t> ids;
  const auto made = prepare(Occasion::kRestored, holding(0));
  for (const auto& key : made->oneTime) {
    EXPECT_TRUE(ids.insert(key.id).second);
    EXPECT_GE(key.id, 1u);
    EXPECT_LE(key.id, limits::kPreKeyIdMax);
  }
}

TEST_F(PreKeysTest, IdsWrapBelowTheOneThatIsNeverIssued) {
  device_->db->script("UPDATE publication SET next_one_time = 16777214");
  const auto refill = prepare(Occasion::kRoutine, holding(0));
  ASSERT_TRUE(refill);
  EXPECT_EQ(refill->oneTime[0].id, limits::kPreKeyIdMax);
  EXPECT_EQ(refill->oneTime[1].id, 1u);
}

TEST_F(PreKeysTest, PrivateHalvesOutliveEveryMessageForThem) {
  const auto sealKey = first().sealKeys[0].id;
  clock_.advance(limits::kKeyRotation);
  prepare(Occasion::kRoutine, holding(100));
  pass(limits::kRetention + limits::kPrivateKeysKeptAfterRetention - std::chrono::seconds(1));
  EXPECT_TRUE(device_->preKeys.findSealKey(sealKey));
  pass(std::chrono::seconds(1));
  EXPECT_FALSE(device_->preKeys.findSealKey(sealKey));
}

TEST_F(PreKeysTest, AClockThatIsYearsAheadDestroysNothingEarly) {
  const auto sealKey = first().sealKeys[0].id;
  clock_.advance(limits::kKeyRotation);
  prepare(Occasion::kRoutine, holding(100));
  for (int i = 0; i < 3; ++i) {
    clock_.advance(3 * 365 * limits::kDay);
    upkeep();
    clock_.advance(-3 * 365 * limits::kDay);
    upkeep();
  }
  EXPECT_TRUE(device_->preKeys.findSealKey(sealKey));
  pass(limits::kRetention + limits::kPrivateKeysKeptAfterRetention);
  EXPECT_FALSE(device_->preKeys.findSealKey(sealKey)) << "the time that did pass still counts";
}

TEST_F(PreKeysTest, AClockThatJumpedStartsNoStorm) {
  clock_.advance(365 * limits::kDay);
  auto relay = holding(100);
  relay.counter = prepare(Occasion::kRoutine, relay)->counter;
  clock_.set(kTestStart);
  const auto back = prepare(Occasion::kRoutine, relay);
  ASSERT_TRUE(back);
  relay.counter = back->counter;
  EXPECT_FALSE(prepare(Occasion::kRoutine, relay));
}

TEST_F(PreKeysTest, AOneTimeKeyServesOnce) {
  TestDevice alice(2, clock_);
  TestDevice mallory(3, clock_);
  device_.adopt(alice.manifest());
  device_.adopt(mallory.manifest());
  alice.adopt(device_.manifest());
  mallory.adopt(device_.manifest());
  const auto bundle = device_.bundle();
  must(alice.tryEstablish(device_.address(), bundle));
  must(mallory.tryEstablish(device_.address(), bundle));
  must(device_.receive(alice, alice.send(device_, "first")));
  EXPECT_EQ(codeOf(device_.receive(mallory, mallory.send(device_, "second"))), Errc::kUnknownPreKey);
}

}  // namespace
}  // namespace waxwing::testing
