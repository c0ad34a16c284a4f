#include "crypto/edwards.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "crypto/curve.h"
#include "crypto/sign.h"
#include "tests/crypto/edwards_points.h"
#include "tests/support/vectors.h"

namespace waxwing {
namespace {

using testing::kSmallOrderPoints;
using testing::unhex;

TEST(Edwards, signingKeysHavePrimeOrder) {
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(isPrimeOrderPoint(SigningKeyPair::generate(random).publicKey()));
}

TEST(Edwards, smallOrderPointsAreRefused) {
  for (const auto point : kSmallOrderPoints) EXPECT_FALSE(isPrimeOrderPoint(*SigningKey::from(unhex(point)))) << point;
  SigningKey neutral;
  neutral.bytes.front() = 1;
  EXPECT_FALSE(isPrimeOrderPoint(neutral));
}

// Order two is the one that libsodium's own check has let pass.
TEST(Edwards, tornPointsAreRefused) {
  SeededRandom random(2);
  for (int i = 0; i < 20; ++i) {
    const SigningKey honest = SigningKeyPair::generate(random).publicKey();
    for (const auto torsion : kSmallOrderPoints) {
      EXPECT_FALSE(isPrimeOrderPoint(testing::sumOf(honest, *SigningKey::from(unhex(torsion))))) << torsion;
    }
  }
}

TEST(Edwards, bothSignsOfXHaveTheSameOrder) {
  SeededRandom random(3);
  for (int i = 0; i < 20; ++i) {
    const CurveKey honest = CurveKeyPair::generate(random).publicKey();
    const auto even = edwardsFromMontgomery(honest, XSign::kEven);
    const auto odd = edwardsFromMontgomery(honest, XSign::kOdd);
    ASSERT_TRUE(even && odd);
    EXPECT_NE(*even, *odd);
    EXPECT_TRUE(isPrimeOrderPoint(*even));
    EXPECT_TRUE(isPrimeOrderPoint(*odd));

    const CurveKey torn = testing::montgomeryOf(testing::sumOf(*even, *SigningKey::from(unhex(kSmallOrderPoints[3]))));
    EXPECT_FALSE(isPrimeOrderPoint(*edwardsFromMontgomery(torn, XSign::kEven)));
    EXPECT_FALSE(isPrimeOrderPoint(*edwardsFromMontgomery(torn, XSign::kOdd)));
  }
}

TEST(Edwards, theBasePointIsTheBasePoint) {
  CurveKey nine;
  nine.bytes.front() = 9;
  EXPECT_EQ(toHex(edwardsFromMontgomery(nine, XSign::kEven)->view()),
            "5866666666666666666666666666666666666666666666666666666666666666");
}

TEST(Edwards, minusOneHasNoImage) {
  const auto minusOne = *CurveKey::from(unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
  EXPECT_EQ(edwardsFromMontgomery(minusOne, XSign::kEven), std::nullopt);
}

TEST(Edwards, zeroIsThePointOfOrderTwo) {
  const auto point = edwardsFromMontgomery(CurveKey{}, XSign::kEven);
  ASSERT_TRUE(point);
  EXPECT_EQ(toHex(point->view()), kSmallOrderPoints[0]);
}

}  // namespace
}  // namespace waxwing
