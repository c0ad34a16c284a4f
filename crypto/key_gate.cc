#include "crypto/key_gate.h"

#include <stdexcept>

#include <sodium.h>

#include "crypto/edwards.h"
#include "crypto/sodium_ready.h"

namespace waxwing {

Result<CurveKey> checkCurveKey(ByteView key) {
  const auto curveKey = CurveKey::from(key);
  if (!curveKey) return fail(Errc::kBadKey, "a Curve25519 key has 32 bytes; refuse whoever sent this one");
  // P and -P share their u and their order, so either sign of x answers for both.
  const auto point = edwardsFromMontgomery(*curveKey, XSign::kEven);
  if (!point || !isPrimeOrderPoint(*point)) {
    return fail(Errc::kBadKey, "this Curve25519 key is not one that an honest device makes; refuse whoever sent it");
  }
  return *curveKey;
}

CurveKey toCurveKey(const SigningKey& key) {
  ensureSodium();
  CurveKey converted;
  if (crypto_sign_ed25519_pk_to_curve25519(converted.bytes.data(), key.bytes.data()) != 0) {
    throw std::logic_error("toCurveKey: the signing key was never checked");
  }
  return converted;
}

}  // namespace waxwing
