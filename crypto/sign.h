#pragma once

#include "crypto/bytes.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/secret.h"

namespace waxwing {

// What a signature of ours is for. The signed bytes are `"waxwing <use> v1" ‖ 0 ‖ body` (docs/protocol.md §2); no two
// uses share a label.
enum class SignatureUse { kManifest, kBindIdentity, kBindSigning, kKeys, kLogin, kRegister, kDeviceGrant };

// The whole label, without its final zero byte: "waxwing manifest v1".
std::string_view label(SignatureUse use);

// An Ed25519 key pair. The secret half (libsodium's 64-byte form: seed ‖ public) lives in guarded memory. Move-only.
class SigningKeyPair {
 public:
  static SigningKeyPair generate(Random& random);
  // From the 32-byte seed, as it is stored. Throws std::logic_error if `seed` is not 32 bytes.
  static SigningKeyPair fromSeed(ByteView seed);

  const SigningKey& publicKey() const { return publicKey_; }
  // The seed, for storage in the encrypted database. Secret.
  SecretArray<32> seed() const;
  Signature sign(SignatureUse use, ByteView body) const;

 private:
  SigningKeyPair(GuardedMemory secret, SigningKey publicKey) : secret_(std::move(secret)), publicKey_(publicKey) {}

  GuardedMemory secret_;
  SigningKey publicKey_;
};

// Ed25519 (RFC 8032, libsodium: canonical S, no small-order keys).
bool verify(const SigningKey& key, SignatureUse use, ByteView body, const Signature& signature);
// The same over raw bytes without our label, for public test vectors.
bool verifyRaw(const SigningKey& key, ByteView body, const Signature& signature);

// XEdDSA over a Curve25519 key, as libsignal signs: the sign bit of the Edwards point stands in the signature's last
// byte. XEdDSA specification §2 with libsignal's storage; verified through libsodium's Ed25519 after mapping u to y.
// `key` has passed the key gate.
bool verifyXeddsa(const CurveKey& key, SignatureUse use, ByteView body, const Signature& signature);
// The same over raw bytes without our label: libsignal's own signed pre-key signature.
bool verifyXeddsaRaw(const CurveKey& key, ByteView body, const Signature& signature);

// The bytes that a signature covers. Exposed because libsignal makes the XEdDSA signatures (session/) and auditors
// recompute them.
Bytes signedBytes(SignatureUse use, ByteView body);

}  // namespace waxwing
