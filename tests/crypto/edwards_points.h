#pragma once

#include <array>
#include <string_view>

#include "crypto/ids.h"

namespace waxwing::testing {

// The seven points of small order other than the neutral element, encoded as Ed25519 keys. Order: 2, 4, 4, 8, 8, 8, 8.
inline constexpr std::array<std::string_view, 7> kSmallOrderPoints{
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

// The sum of two points on the curve, of whatever order.
SigningKey sumOf(const SigningKey& a, const SigningKey& b);

// u = (1 + y) / (1 - y), for points of whatever order; y is not 1.
CurveKey montgomeryOf(const SigningKey& point);

enum class Side { kCurve, kTwist };
// On which of the two curves the point with this u lies.
Side sideOf(const CurveKey& key);

}  // namespace waxwing::testing
