#include "crypto/curve.h"

#include <algorithm>
#include <stdexcept>

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

// RFC 7748 §5: a multiple of the cofactor, of fixed length.
void clamp(std::span<std::uint8_t> secret) {
  secret.front() &= 0xf8;
  secret.back() = static_cast<std::uint8_t>((secret.back() & 0x7f) | 0x40);
}

GuardedMemory clamped(ByteView secret) {
  if (secret.size() != CurveKey::kSize) throw std::logic_error("CurveKeyPair: a secret of not 32 bytes");
  ensureSodium();
  GuardedMemory guarded(secret.size());
  std::ranges::copy(secret, guarded.span().begin());
  clamp(guarded.span());
  return guarded;
}

CurveKey publicKeyOf(ByteView secret) {
  CurveKey key;
  if (crypto_scalarmult_curve25519_base(key.bytes.data(), secret.data()) != 0) {
    throw std::logic_error("CurveKeyPair: a clamped secret has no public key");
  }
  return key;
}

}  // namespace

bool multiplyX25519(std::span<std::uint8_t, CurveKey::kSize> product, ByteView secret, ByteView point) {
  if (secret.size() != CurveKey::kSize || point.size() != CurveKey::kSize) {
    throw std::logic_error("multiplyX25519: not 32 bytes");
  }
  ensureSodium();
  return crypto_scalarmult_curve25519(product.data(), secret.data(), point.data()) == 0;
}

CurveKeyPair CurveKeyPair::generate(Random& random) {
  const auto secret = random.secret<CurveKey::kSize>();
  return fromSecret(secret.view());
}

CurveKeyPair CurveKeyPair::fromSecret(ByteView secret) {
  GuardedMemory guarded = clamped(secret);
  const CurveKey publicKey = publicKeyOf(guarded.view());
  return {std::move(guarded), publicKey};
}

CurveKeyPair CurveKeyPair::fromStored(ByteView secret, const CurveKey& publicKey) {
  return {clamped(secret), publicKey};
}

}  // namespace waxwing
