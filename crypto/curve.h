#pragma once

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/secret.h"

namespace waxwing {

// A Curve25519 key pair for sealing and the device grant. The secret is stored clamped (hardening H8). Move-only.
class CurveKeyPair {
 public:
  static CurveKeyPair generate(Random& random);
  // Clamps. Throws std::logic_error if `secret` is not 32 bytes.
  static CurveKeyPair fromSecret(ByteView secret);

  const CurveKey& publicKey() const { return publicKey_; }
  ByteView secret() const { return secret_.view(); }

 private:
  CurveKeyPair(GuardedMemory secret, CurveKey publicKey) : secret_(std::move(secret)), publicKey_(publicKey) {}

  GuardedMemory secret_;
  CurveKey publicKey_;
};

}  // namespace waxwing
