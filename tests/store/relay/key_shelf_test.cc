#include <set>

#include "tests/store/relay/relay_fixture.h"

namespace waxwing::relay {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Mode = PublishKeys::Mode;
using Verdict = PublishKeysOutcome::Verdict;

class KeyShelfTest : public RelayStoreTest {
 protected:
  void SetUp() override { openWithAlice(); }

  static std::vector<OneTimeKey> oneTime(std::uint32_t first, std::uint32_t count) {
    std::vector<OneTimeKey> keys;
    for (std::uint32_t i = 0; i < count; ++i) keys.push_back({first + i, fixed<CurveKey>(first + i)});
    return keys;
  }
  PublishKeysOutcome publish(std::uint64_t counter, std::vector<OneTimeKey> keys, Mode mode = Mode::kRefill) {
    return run(PublishKeys{alice_, Bytes(40, static_cast<std::uint8_t>(counter)), counter, mode, std::move(keys)});
  }
  std::vector<Bundle> take(Access access) { return run(TakePreKeyBundles{account(1), access, {device(1)}}).bundles; }
  std::optional<std::uint32_t> takeId(Access access) {
    const auto bundles = take(access);
    return bundles.at(0).oneTime ? std::optional(bundles[0].oneTime->id) : std::nullopt;
  }
  KeyStatus status() { return store_->findKeyStatus({account(1), device(1)}).value(); }
  void pass(std::chrono::milliseconds span) {
    for (; span.count() > 0; span -= limits::kServiceTimeStep) {
      wall_ = wall_ + std::min(span, std::chrono::milliseconds(limits::kServiceTimeStep));
      run(Upkeep{wall_});
    }
  }
  static Access contact(std::uint64_t connection) { return KeyHolder{keyHash(1), connection}; }
  static Access invite(std::uint64_t connection, std::uint64_t key = 2) { return KeyHolder{keyHash(key), connection}; }

  WallTime wall_{1};
};

TEST_F(KeyShelfTest, TheCounterOnlyRises) {
  EXPECT_EQ(status().counter, 0u);
  EXPECT_EQ(publish(5, oneTime(1, 3)).verdict, Verdict::kOk);
  for (const std::uint64_t counter : {0u, 4u, 5u}) {
    const auto outcome = publish(counter, oneTime(10, 3));
    EXPECT_EQ(outcome.verdict, Verdict::kStale);
    EXPECT_EQ(outcome.counter, 5u);
  }
  EXPECT_EQ(status().oneTimeKeys, 3u);
  EXPECT_EQ(publish(6, {}).counter, 6u);
  crash();
  EXPECT_EQ(status().counter, 6u);
  EXPECT_EQ(status().oneTimeKeys, 3u);
}

TEST_F(KeyShelfTest, ARefillAddsAndAReplacementReplaces) {
  publish(1, oneTime(1, 3));
  publish(2, oneTime(3, 3));
  EXPECT_EQ(status().oneTimeKeys, 5u) << "the same id counts once";
  publish(3, oneTime(50, 2), Mode::kReplaceAll);
  EXPECT_EQ(status().oneTimeKeys, 2u);
  EXPECT_EQ(takeId(alice_), 50u);
  EXPECT_EQ(takeId(alice_), 51u);
  EXPECT_EQ(takeId(alice_), std::nullopt);
  EXPECT_EQ(take(alice_).at(0).signedKeys, Bytes(40, 3));
}

TEST_F(KeyShelfTest, OneTimeKeysAreBounded) {
  EXPECT_EQ(publish(1, oneTime(1, 101)).verdict, Verdict::kOverLimit);
  EXPECT_EQ(publish(1, oneTime(1, 100)).verdict, Verdict::kOk);
  EXPECT_EQ(publish(2, oneTime(101, 100)).verdict, Verdict::kOk);
  const auto over = publish(3, oneTime(201, 1));
  EXPECT_EQ(over.verdict, Verdict::kOverLimit);
  EXPECT_EQ(over.counter, 2u);
  EXPECT_EQ(publish(3, oneTime(201, 1), Mode::kReplaceAll).verdict, Verdict::kOk);
}

TEST_F(KeyShelfTest, ReadingKeysHandsOutNone) {
  publish(1, oneTime(1, 3));
  const std::vector<DeviceId> devices = {device(2), device(1), device(3)};
  const auto bundles = store_->readPublishedKeys(account(1), devices);
  ASSERT_THAT(bundles, SizeIs(1));
  EXPECT_EQ(bundles[0].device, device(1));
  EXPECT_FALSE(bundles[0].oneTime);
  EXPECT_EQ(status().oneTimeKeys, 3u);
}

// Rule 6: at most once, whatever crashes.
TEST_F(KeyShelfTest, AOneTimeKeyIsHandedOutOnce) {
  publish(1, oneTime(1, 10));
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 10; ++i) {
    const auto id = takeId(alice_);
    ASSERT_TRUE(id);
    EXPECT_TRUE(seen.insert(*id).second);
    if (i % 3 == 0) crash();
  }
  EXPECT_EQ(takeId(alice_), std::nullopt);
  EXPECT_EQ(status().oneTimeKeys, 0u);
}

TEST_F(KeyShelfTest, AFailedCommitHandsOutNothing) {
  publish(1, oneTime(1, 2));
  hook_ = [](CommitPoint, CommitEdge) { throw StoreFailure(Errc::kStoreFull, "test"); };
  EXPECT_THROW(takeId(alice_), StoreFailure);
  hook_ = nullptr;
  EXPECT_EQ(status().oneTimeKeys, 2u);
}

TEST_F(KeyShelfTest, TwoInOneCommitGetDifferentKeys) {
  publish(1, oneTime(1, 5));
  const TakePreKeyBundles twice = {account(1), contact(1), {device(1), device(1)}};
  const auto outcomes = store_->commit(std::vector<Operation>{twice, twice});
  std::set<std::uint32_t> seen;
  for (const auto& outcome : outcomes) {
    for (const auto& bundle : std::get<TakePreKeyBundlesOutcome>(outcome).bundles) {
      EXPECT_TRUE(seen.insert(bundle.oneTime.value().id).second);
    }
  }
  EXPECT_THAT(seen, SizeIs(4));
}

TEST_F(KeyShelfTest, OnlyTheAdmittedTake) {
  publish(1, oneTime(1, 5));
  const auto refused = run(TakePreKeyBundles{account(1), KeyHolder{keyHash(9), 1}, {device(1)}});
  EXPECT_EQ(refused.verdict, TakePreKeyBundlesOutcome::Verdict::kDenied);
  EXPECT_THAT(refused.bundles, IsEmpty());
  EXPECT_EQ(run(TakePreKeyBundles{account(2), contact(1), {device(1)}}).verdict,
            TakePreKeyBundlesOutcome::Verdict::kDenied);
  EXPECT_EQ(status().oneTimeKeys, 5u);
}

TEST_F(KeyShelfTest, AnInviteKeyDrawsSixAndThenOneInTenMinutes) {
  publish(1, oneTime(1, 100));
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_TRUE(takeId(invite(i))) << "whatever the connection";
  const auto beyond = take(invite(9));
  ASSERT_THAT(beyond, SizeIs(1));
  EXPECT_FALSE(beyond[0].oneTime);
  EXPECT_FALSE(beyond[0].signedKeys.empty()) << "served, without a one-time key";
  run(Upkeep{wall_});
  pass(std::chrono::minutes(10));
  EXPECT_TRUE(takeId(invite(0)));
  EXPECT_FALSE(takeId(invite(0)));
  EXPECT_TRUE(takeId(contact(1))) << "contacts have a budget of their own";
}

TEST_F(KeyShelfTest, ContactsAreToldApartByConnection) {
  publish(1, oneTime(1, 100));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(takeId(contact(1)));
  EXPECT_FALSE(takeId(contact(1)));
  EXPECT_TRUE(takeId(contact(2)));
}

TEST_F(KeyShelfTest, FourFifthsSurviveADrain) {
  std::vector<AccessKeyHash> invites;
  for (std::uint64_t i = 100; i < 132; ++i) invites.push_back(keyHash(i));
  run(SetAccessKeys{alice_, {keyHash(1)}, invites});
  publish(1, oneTime(1, 100));
  for (std::uint64_t i = 100; i < 132; ++i) {
    for (std::uint64_t attempt = 0; attempt < 10; ++attempt) take(invite(attempt, i));
  }
  for (std::uint64_t connection = 0; connection < 50; ++connection) take(contact(connection));
  EXPECT_EQ(status().oneTimeKeys, 80u);
  EXPECT_TRUE(takeId(alice_)) << "own devices are not held up";
}

}  // namespace
}  // namespace waxwing::relay
