#include "crypto/sign.h"

#include <stdexcept>

#include <sodium.h>

#include "crypto/edwards.h"
#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

constexpr std::size_t kSeedSize = 32;
constexpr std::uint8_t kSignBit = 0x80;

static_assert(kSeedSize == crypto_sign_ed25519_SEEDBYTES);

}  // namespace

std::string_view label(SignatureUse use) {
  switch (use) {
    case SignatureUse::kManifest:
      return "waxwing manifest v1";
    case SignatureUse::kBindIdentity:
      return "waxwing bind-identity v1";
    case SignatureUse::kBindSigning:
      return "waxwing bind-signing v1";
    case SignatureUse::kKeys:
      return "waxwing keys v1";
    case SignatureUse::kLogin:
      return "waxwing login v1";
    case SignatureUse::kRegister:
      return "waxwing register v1";
    case SignatureUse::kDeviceGrant:
      return "waxwing device-grant v1";
  }
  throw std::logic_error("label: no such use");
}

Bytes signedBytes(SignatureUse use, ByteView body) {
  return ByteWriter().raw(asBytes(label(use))).u8(0).raw(body).take();
}

SigningKeyPair SigningKeyPair::generate(Random& random) {
  const auto seed = random.secret<kSeedSize>();
  return fromSeed(seed.view());
}

SigningKeyPair SigningKeyPair::fromSeed(ByteView seed) {
  if (seed.size() != kSeedSize) throw std::logic_error("SigningKeyPair::fromSeed: not 32 bytes");
  ensureSodium();
  GuardedMemory secret(crypto_sign_ed25519_SECRETKEYBYTES);
  SigningKey publicKey;
  crypto_sign_ed25519_seed_keypair(publicKey.bytes.data(), secret.span().data(), seed.data());
  return {std::move(secret), publicKey};
}

SecretArray<32> SigningKeyPair::seed() const {
  return std::move(*SecretArray<kSeedSize>::from(secret_.view().first(kSeedSize)));
}

Signature SigningKeyPair::sign(SignatureUse use, ByteView body) const {
  const Bytes message = signedBytes(use, body);
  Signature signature;
  crypto_sign_ed25519_detached(signature.bytes.data(), nullptr, message.data(), message.size(), secret_.view().data());
  return signature;
}

bool verify(const SigningKey& key, SignatureUse use, ByteView body, const Signature& signature) {
  return verifyRaw(key, signedBytes(use, body), signature);
}

bool verifyRaw(const SigningKey& key, ByteView body, const Signature& signature) {
  ensureSodium();
  return crypto_sign_ed25519_verify_detached(signature.bytes.data(), body.data(), body.size(), key.bytes.data()) == 0;
}

bool verifyXeddsa(const CurveKey& key, SignatureUse use, ByteView body, const Signature& signature) {
  return verifyXeddsaRaw(key, signedBytes(use, body), signature);
}

bool verifyXeddsaRaw(const CurveKey& key, ByteView body, const Signature& signature) {
  const XSign sign = (signature.bytes.back() & kSignBit) != 0 ? XSign::kOdd : XSign::kEven;
  const auto point = edwardsFromMontgomery(key, sign);
  if (!point) return false;
  Signature plain = signature;
  plain.bytes.back() &= static_cast<std::uint8_t>(~kSignBit);
  return verifyRaw(*point, body, plain);
}

}  // namespace waxwing
