#pragma once

#include <optional>

#include "crypto/ids.h"

// Internal to crypto/: the two questions about public Edwards points that the key gate, account ids and XEdDSA share.
namespace waxwing {

// The sign of the Edwards x coordinate that a Montgomery u coordinate leaves open.
enum class XSign : std::uint8_t { kEven = 0, kOdd = 1 };

// The Ed25519 encoding of the point with y = (u - 1) / (u + 1) (RFC 7748 §4.1). nullopt if u is not canonical (below p)
// or is p - 1, which has no image. Whether the result lies on the curve is isPrimeOrderPoint's question.
std::optional<SigningKey> edwardsFromMontgomery(const CurveKey& key, XSign sign);

// Whether `key` is the canonical encoding of a point of the prime-order group other than the neutral element.
bool isPrimeOrderPoint(const SigningKey& key);

}  // namespace waxwing
