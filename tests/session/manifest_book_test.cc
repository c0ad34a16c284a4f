#include "session/manifest_book.h"

#include <gtest/gtest.h>

#include "crypto/limits.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

// A second goes by between any two looks.
class HurryingClock final : public Clock {
 public:
  WallTime now() const override { return {kTestStart.ms + 1000 * looks_++}; }

 private:
  mutable std::int64_t looks_ = 0;
};

class ManifestBookTest : public ::testing::Test {
 protected:
  // Another manifest of Bob's with that version.
  SignedManifest variant(std::uint64_t version, std::uint8_t mark) {
    auto manifest = bob_.manifest().manifest();
    manifest.version = version;
    manifest.previousHash.bytes.fill(mark);
    return must(SignedManifest::sign(manifest, *bob_->self.accountKey()));
  }
  Result<void> settle(const Hash& hash) {
    return alice_.commit([&](Transaction& transaction) { return alice_->manifests.settle(transaction, bob(), hash); });
  }
  AccountId bob() const { return bob_.address().account; }

  ManualClock clock_{kTestStart};
  TestDevice alice_{1, clock_};
  TestDevice bob_{2, clock_};
  TestDevice mallory_{4, clock_};
};

TEST_F(ManifestBookTest, TheFirstIsTaken) {
  EXPECT_FALSE(alice_->manifests.find(bob()));
  EXPECT_EQ(alice_->manifests.ref(bob()), ManifestRef{});
  const auto adoption = alice_.adopt(bob_.manifest());
  EXPECT_EQ(adoption.order, ManifestOrder::kNewer);
  EXPECT_TRUE(adoption.first);
  EXPECT_FALSE(adoption.unconfirmed);
  EXPECT_TRUE(adoption.added.empty());
  EXPECT_EQ(alice_->manifests.ref(bob()), bob_.manifest().ref());
}

TEST_F(ManifestBookTest, AnOldFirstOneIsUnconfirmed) {
  clock_.advance(limits::kManifestUnconfirmedAge + std::chrono::hours(1));
  EXPECT_TRUE(alice_.adopt(bob_.manifest()).unconfirmed);
}

TEST_F(ManifestBookTest, TellsOfAddedAndRetiredDevices) {
  alice_.adopt(bob_.manifest());
  TestDevice second(3, clock_, bob_);
  EXPECT_EQ(alice_.adopt(bob_.manifest()).added, std::vector{second.address().device});
  EXPECT_TRUE(alice_->manifests.vouched(second.address()));
  const auto retired = alice_.adopt(bob_.retire(second.address().device));
  EXPECT_EQ(retired.retired, std::vector{second.address().device});
  EXPECT_TRUE(retired.added.empty());
  EXPECT_EQ(codeOf(alice_->manifests.vouched(second.address())), Errc::kRetiredDevice);
  EXPECT_EQ(codeOf(alice_->manifests.vouched({bob(), DeviceId::fromTrusted(1)})), Errc{});
  EXPECT_EQ(codeOf(alice_->manifests.listed(mallory_.address())), Errc::kUnlistedDevice);
}

TEST_F(ManifestBookTest, StaleSameAndUnretiringOnesAreIgnored) {
  TestDevice second(3, clock_, bob_);
  const auto before = bob_.manifest();
  const auto newest = bob_.retire(second.address().device);
  alice_.adopt(newest);
  EXPECT_EQ(alice_.adopt(newest).order, ManifestOrder::kSame);
  EXPECT_EQ(alice_.adopt(before).order, ManifestOrder::kStale);
  auto revived = before.manifest();
  revived.version = newest->version + 1;
  EXPECT_EQ(alice_.adopt(must(SignedManifest::sign(revived, *bob_->self.accountKey()))).order,
            ManifestOrder::kUnretires);
  EXPECT_EQ(alice_->manifests.ref(bob()), newest.ref());
}

TEST_F(ManifestBookTest, EquivocationWaitsForTheUser) {
  const auto held = bob_.manifest();
  const auto other = variant(held->version, 1);
  alice_.adopt(held);
  EXPECT_FALSE(alice_->manifests.equivocates(bob()));
  EXPECT_EQ(alice_.adopt(other).order, ManifestOrder::kEquivocation);
  alice_.restart();
  EXPECT_TRUE(alice_->manifests.equivocates(bob()));
  EXPECT_EQ(alice_->manifests.equivocation(bob())->held, held.hash());
  EXPECT_EQ(alice_->manifests.equivocation(bob())->other, other.hash());
  EXPECT_EQ(codeOf(alice_->manifests.vouched(bob_.address())), Errc::kEquivocation);
  EXPECT_TRUE(alice_->manifests.listed(bob_.address()));
  // A newer one does not decide it.
  const auto newer = variant(held->version + 1, 2);
  EXPECT_EQ(alice_.adopt(newer).order, ManifestOrder::kNewer);
  EXPECT_TRUE(alice_->manifests.equivocates(bob()));
  EXPECT_EQ(codeOf(settle(held.hash())), Errc::kNotFound);
  EXPECT_TRUE(settle(newer.hash()));
  EXPECT_FALSE(alice_->manifests.equivocates(bob()));
  EXPECT_TRUE(alice_->manifests.vouched(bob_.address()));
}

TEST_F(ManifestBookTest, WhatTheUserDecidedAgainstStaysOut) {
  const auto held = bob_.manifest();
  const auto other = variant(held->version, 1);
  alice_.adopt(held);
  alice_.adopt(other);
  EXPECT_TRUE(settle(other.hash()));
  EXPECT_EQ(alice_->manifests.ref(bob()), other.ref());
  EXPECT_EQ(alice_.adopt(held).order, ManifestOrder::kStale);
  EXPECT_FALSE(alice_->manifests.equivocates(bob()));
  EXPECT_EQ(codeOf(settle(other.hash())), Errc::kNotFound);
}

// Any second up to 2^62 may stand there, and is computed with.
TEST_F(ManifestBookTest, OneOfTheFarFutureIsNotOld) {
  auto manifest = bob_.manifest().manifest();
  manifest.version = manifest.issuedAt = limits::kManifestVersionMax;
  const auto far = must(SignedManifest::sign(manifest, *bob_->self.accountKey()));
  EXPECT_GT(issuedAt(far.manifest()), clock_.now() + std::chrono::years(10'000));
  EXPECT_FALSE(alice_.adopt(far).unconfirmed);
}

TEST_F(ManifestBookTest, ThePrimarySignsAnew) {
  const auto before = bob_.manifest();
  clock_.advance(limits::kManifestRefresh);
  const auto next = bob_.reissue(before.manifest());
  EXPECT_EQ(next->version, static_cast<std::uint64_t>(clock_.now().seconds()));
  EXPECT_EQ(next->previousHash, before.hash());
  const auto again = bob_.reissue(next.manifest());
  EXPECT_EQ(again->version, next->version + 1);
}

TEST(ManifestTime, ASecondMayPassWhileOneIsMade) {
  const HurryingClock clock;
  SeededRandom random(5);
  const TemporaryDirectory directory;
  const Bytes key(32, 1);
  const auto db = must(
      openClientDatabase({.path = directory / "test.db", .key = key, .existing = Database::Existing::kMustNotExist}));
  Transaction transaction(*db, CommitPoint::kCreateProfile);
  must(OwnDevice::createAccount(transaction, must(RelayAddress::parse("relay:1")), clock, random));
  const auto self = must(OwnDevice::load(*db));
  ManifestBook book(*db, clock);
  const auto first = book.find(self.address().account);
  ASSERT_TRUE(first);
  const auto next = must(book.reissue(transaction, self, first->manifest()));
  EXPECT_EQ(next->version, next->issuedAt);
}

TEST_F(ManifestBookTest, OthersDoNotSign) {
  TestDevice second(3, clock_, bob_);
  const auto refused = second.commit([&](Transaction& transaction) {
    return second->manifests.reissue(transaction, second->self, second.manifest().manifest());
  });
  EXPECT_EQ(codeOf(refused), Errc::kNotAllowed);
}

}  // namespace
}  // namespace waxwing::testing
