#include "crypto/ids.h"

#include <unordered_set>

#include <gtest/gtest.h>

#include "crypto/sign.h"
#include "tests/crypto/edwards_points.h"
#include "tests/support/vectors.h"

namespace waxwing {
namespace {

using testing::unhex;

TEST(AccountId, signingKeysAreAccounts) {
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) {
    const SigningKey key = SigningKeyPair::generate(random).publicKey();
    const auto account = AccountId::parse(key.view());
    ASSERT_TRUE(account);
    EXPECT_EQ(account->key(), key);
    EXPECT_FALSE(account->isNobody());
    EXPECT_EQ(fromHex(account->hex()), toBytes(key.view()));
    EXPECT_EQ(fromBase64url(account->text()), toBytes(key.view()));
    EXPECT_EQ(AccountId::fromTrusted(key.view()), *account);
  }
}

TEST(AccountId, otherBytesAreNot) {
  SeededRandom random(2);
  const SigningKey honest = SigningKeyPair::generate(random).publicKey();
  const auto refused = [](ByteView bytes) {
    const auto account = AccountId::parse(bytes);
    return !account && account.error().code == Errc::kBadKey;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(honest.view().first(31)));
  EXPECT_TRUE(refused(SigningKey{}.view()));
  for (const auto torsion : testing::kSmallOrderPoints) {
    EXPECT_TRUE(refused(unhex(torsion))) << torsion;
    EXPECT_TRUE(refused(testing::sumOf(honest, *SigningKey::from(unhex(torsion))).view())) << torsion;
  }
}

// y + p for the y that fit: each has another, canonical spelling or no point at all.
TEST(AccountId, nonCanonicalSpellingsAreNot) {
  for (int first = 0xed; first <= 0xff; ++first) {
    for (const std::uint8_t last : {std::uint8_t{0x7f}, std::uint8_t{0xff}}) {
      SigningKey key;
      key.bytes.fill(0xff);
      key.bytes.front() = static_cast<std::uint8_t>(first);
      key.bytes.back() = last;
      EXPECT_FALSE(AccountId::parse(key.view())) << first;
    }
  }
}

TEST(AccountId, theDefaultIsNobody) { EXPECT_TRUE(AccountId().isNobody()); }

TEST(AccountId, trustedBytesOfAnotherSizeAreABrokenInvariant) {
  EXPECT_THROW(AccountId::fromTrusted(Bytes(31)), std::logic_error);
}

TEST(DeviceId, oneTo127) {
  EXPECT_EQ(DeviceId::parse(1)->value(), 1);
  EXPECT_EQ(DeviceId::parse(127)->value(), 127);
  for (const std::uint64_t value : {0ull, 128ull, 257ull, 1ull << 63}) {
    EXPECT_EQ(DeviceId::parse(value).error().code, Errc::kInvalidArgument) << value;
  }
  EXPECT_EQ(DeviceId::fromTrusted(5), *DeviceId::parse(5));
  for (const std::int64_t value : {0, -1, 128}) EXPECT_THROW(DeviceId::fromTrusted(value), std::logic_error);
}

TEST(DeviceAddress, hashesApart) {
  SeededRandom random(3);
  std::unordered_set<std::size_t> hashes;
  for (int i = 0; i < 8; ++i) {
    const auto account = AccountId::fromTrusted(SigningKeyPair::generate(random).publicKey().view());
    for (std::uint64_t device = 1; device <= DeviceId::kMax; ++device) {
      hashes.insert(std::hash<DeviceAddress>{}({account, *DeviceId::parse(device)}));
    }
  }
  EXPECT_EQ(hashes.size(), 8u * DeviceId::kMax);
}

}  // namespace
}  // namespace waxwing
