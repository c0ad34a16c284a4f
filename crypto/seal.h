#pragma once

#include "crypto/bytes.h"
#include "crypto/curve.h"
#include "crypto/error.h"

namespace waxwing {

// Sealing suites (docs/protocol.md §3). Suite 1: libsodium's sealed box over XChaCha20-Poly1305
// (crypto_box_curve25519xchacha20poly1305_seal), its ephemeral key drawn from `Random`.
enum class SealSuite : std::uint8_t { kXChaCha = 1 };

inline constexpr std::size_t kSealOverhead = 48;

// ephemeral public key (32) ‖ box (16 + plaintext). `recipient` has passed the key gate.
Bytes seal(const CurveKey& recipient, ByteView plaintext, Random& random);

// kSealBroken if `sealed` was not sealed to this key or was altered.
Result<SecretBytes> openSeal(const CurveKeyPair& recipient, ByteView sealed);

}  // namespace waxwing
