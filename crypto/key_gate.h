#pragma once

#include "crypto/error.h"
#include "crypto/ids.h"

namespace waxwing {

// The gate that every received Curve25519 public key passes before libsignal or the seal sees it (hardening H2).
// kBadKey unless `key` is canonical (below p, high bit clear), lies on the curve (not the twist), and its point
// is in the prime-order group: no low order, no torsion. Not secret; variable time in nothing but public bytes.
Result<CurveKey> checkCurveKey(ByteView key);

// The account's Ed25519 key as a Curve25519 key, for safety numbers (birational map y → u).
CurveKey toCurveKey(const SigningKey& key);

}  // namespace waxwing
