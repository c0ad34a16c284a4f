#include "crypto/curve.h"

#include <map>

#include <gtest/gtest.h>

#include "tests/support/vectors.h"

namespace waxwing {
namespace {

using testing::unhex;

constexpr auto kSignalVectors = "signal/lspc_test_curve25519.json";

bool isClamped(ByteView secret) { return (secret.front() & 0x07) == 0 && (secret.back() & 0xc0) == 0x40; }

// One times the base point, but for the clamping: the secret 0 becomes 2^254.
TEST(Curve, aSecretIsClamped) {
  const auto pair = CurveKeyPair::fromSecret(Bytes(32));
  EXPECT_EQ(toHex(pair.secret()), "0000000000000000000000000000000000000000000000000000000000000040");
  EXPECT_EQ(toHex(CurveKeyPair::fromSecret(Bytes(32, 0xff)).secret()),
            "f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
}

// Hardening H8: whichever spelling of a secret is imported, one secret is kept.
TEST(Curve, spellingsOfASecretMakeOnePair) {
  SeededRandom random(1);
  const auto pair = CurveKeyPair::generate(random);
  EXPECT_TRUE(isClamped(pair.secret()));
  Bytes spelling = toBytes(pair.secret());
  spelling.front() |= 0x07;
  spelling.back() = static_cast<std::uint8_t>((spelling.back() | 0x80) & 0xbf);
  const auto imported = CurveKeyPair::fromSecret(spelling);
  EXPECT_TRUE(equal(imported.secret(), pair.secret()));
  EXPECT_EQ(imported.publicKey(), pair.publicKey());
  const auto stored = CurveKeyPair::fromStored(spelling, pair.publicKey());
  EXPECT_TRUE(equal(stored.secret(), pair.secret()));
  EXPECT_EQ(stored.publicKey(), pair.publicKey());
}

TEST(Curve, aSecretOfAnotherSizeIsABrokenInvariant) {
  EXPECT_THROW(CurveKeyPair::fromSecret(Bytes(31)), std::logic_error);
  EXPECT_THROW(CurveKeyPair::fromSecret({}), std::logic_error);
  EXPECT_THROW(CurveKeyPair::fromStored(Bytes(31), CurveKey{}), std::logic_error);
}

TEST(Curve, signalsPairs) {
  WAXWING_SKIP_WITHOUT(kSignalVectors);
  std::map<std::string, Bytes> named;
  const auto document = testing::vectorJson(kSignalVectors);
  for (const auto& vector : document["vectors"]) {
    if (vector["test"] == "test_curve25519_agreement") named[vector["name"]] = unhex(vector["hex"]);
  }
  for (const std::string who : {"alice", "bob"}) {
    const auto pair = CurveKeyPair::fromSecret(named.at(who + "Private"));
    EXPECT_TRUE(equal(pair.publicKey().view(), ByteView(named.at(who + "Public")).subspan(1))) << who;
  }
}

}  // namespace
}  // namespace waxwing
