#include "crypto/key_gate.h"

#include <gtest/gtest.h>

#include "crypto/curve.h"
#include "crypto/edwards.h"
#include "crypto/sign.h"
#include "tests/crypto/edwards_points.h"
#include "tests/support/vectors.h"
#include "tools/vectors/all_zero_points.h"

namespace waxwing {
namespace {

using testing::kSmallOrderPoints;
using testing::unhex;
using vectors::kAllZeroPoints;

constexpr auto kX25519Vectors = "wycheproof/x25519_test.json";

bool passes(ByteView key) {
  const auto checked = checkCurveKey(key);
  if (!checked) {
    EXPECT_EQ(checked.error().code, Errc::kBadKey);
    return false;
  }
  EXPECT_TRUE(equal(checked->view(), key));
  return true;
}

TEST(KeyGate, honestKeysPass) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(passes(CurveKeyPair::generate(random).publicKey().view()));
}

TEST(KeyGate, allZeroPointsAreRefused) {
  for (const auto point : kAllZeroPoints) EXPECT_FALSE(passes(unhex(point))) << point;
}

TEST(KeyGate, publicVectorsWithAnAllZeroSecretAreRefused) {
  WAXWING_SKIP_WITHOUT(kX25519Vectors);
  const std::string zeros(64, '0');
  int seen = 0;
  for (const auto& test : testing::wycheproofTests(kX25519Vectors)) {
    if (test["shared"] != zeros) continue;
    ++seen;
    EXPECT_FALSE(passes(unhex(test["public"]))) << test["tcId"];
  }
  EXPECT_EQ(seen, 31);
}

TEST(KeyGate, publicVectorsOnTheTwistAreRefused) {
  WAXWING_SKIP_WITHOUT(kX25519Vectors);
  int seen = 0;
  for (const auto& test : testing::wycheproofTests(kX25519Vectors)) {
    const auto& flags = test["flags"];
    if (std::ranges::find(flags, "Twist") == flags.end()) continue;
    ++seen;
    EXPECT_FALSE(passes(unhex(test["public"]))) << test["tcId"];
  }
  EXPECT_GT(seen, 100);
}

TEST(KeyGate, highBitIsRefused) {
  SeededRandom random(2);
  for (int i = 0; i < 100; ++i) {
    CurveKey key = CurveKeyPair::generate(random).publicKey();
    key.bytes.back() |= 0x80;
    EXPECT_FALSE(passes(key.view()));
  }
}

TEST(KeyGate, secondSpellingOfABasePointIsRefused) {
  CurveKey nine;
  nine.bytes.front() = 9;
  EXPECT_TRUE(passes(nine.view()));
  for (int first = 0xec; first <= 0xff; ++first) {
    CurveKey key;
    key.bytes.fill(0xff);
    key.bytes.front() = static_cast<std::uint8_t>(first);
    key.bytes.back() = 0x7f;
    EXPECT_FALSE(passes(key.view())) << first;
  }
}

TEST(KeyGate, twistPointsAreRefused) {
  int seen = 0;
  for (int u = 2; u < 256; ++u) {
    CurveKey key;
    key.bytes.front() = static_cast<std::uint8_t>(u);
    if (testing::sideOf(key) == testing::Side::kCurve) continue;
    ++seen;
    EXPECT_FALSE(passes(key.view())) << u;
  }
  EXPECT_GT(seen, 80);
}

TEST(KeyGate, tornPointsAreRefused) {
  SeededRandom random(3);
  for (int i = 0; i < 20; ++i) {
    const SigningKey honest = SigningKeyPair::generate(random).publicKey();
    EXPECT_TRUE(passes(testing::montgomeryOf(honest).view()));
    for (const auto torsion : kSmallOrderPoints) {
      const SigningKey torn = testing::sumOf(honest, *SigningKey::from(unhex(torsion)));
      EXPECT_FALSE(passes(testing::montgomeryOf(torn).view())) << torsion;
    }
  }
}

TEST(KeyGate, otherSizesAreRefused) {
  SeededRandom random(4);
  const CurveKey key = CurveKeyPair::generate(random).publicKey();
  EXPECT_FALSE(passes({}));
  EXPECT_FALSE(passes(key.view().first(31)));
  EXPECT_FALSE(passes(ByteWriter().raw(key.view()).u8(0).view()));
  EXPECT_FALSE(passes(ByteWriter().u8(5).raw(key.view()).view()));
}

TEST(KeyGate, aSigningKeyAsCurveKeyPassesAndMapsBack) {
  SeededRandom random(5);
  for (int i = 0; i < 100; ++i) {
    const SigningKey key = SigningKeyPair::generate(random).publicKey();
    const CurveKey curveKey = toCurveKey(key);
    EXPECT_TRUE(passes(curveKey.view()));
    const XSign sign = (key.bytes.back() & 0x80) != 0 ? XSign::kOdd : XSign::kEven;
    EXPECT_EQ(edwardsFromMontgomery(curveKey, sign), key);
  }
}

TEST(KeyGate, anUncheckedSigningKeyIsNotConverted) { EXPECT_THROW(toCurveKey(SigningKey{}), std::logic_error); }

}  // namespace
}  // namespace waxwing
