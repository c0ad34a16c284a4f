#pragma once

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/secret.h"

namespace waxwing {

// X25519 (RFC 7748 §5): writes `secret` (32 bytes, clamped here) times `point` (32 bytes) to `product`, which is secret
// if it is not a public key. False, and `product` is of no use, if it is all zero: `point` is of low order.
// Constant time. Throws std::logic_error if a size is wrong.
[[nodiscard]] bool multiplyX25519(std::span<std::uint8_t, CurveKey::kSize> product, ByteView secret, ByteView point);

// A Curve25519 key pair for sealing and the device grant. The secret is stored clamped (hardening H8). Move-only.
class CurveKeyPair {
 public:
  static CurveKeyPair generate(Random& random);
  // Clamps. Throws std::logic_error if `secret` is not 32 bytes.
  static CurveKeyPair fromSecret(ByteView secret);
  // The same where the public half was stored beside it, which saves its computation. With another's, what is sealed to
  // the pair does not open.
  static CurveKeyPair fromStored(ByteView secret, const CurveKey& publicKey);

  const CurveKey& publicKey() const { return publicKey_; }
  ByteView secret() const { return secret_.view(); }

 private:
  CurveKeyPair(GuardedMemory secret, CurveKey publicKey) : secret_(std::move(secret)), publicKey_(publicKey) {}

  GuardedMemory secret_;
  CurveKey publicKey_;
};

}  // namespace waxwing
