#include "crypto/seal.h"

#include <array>
#include <stdexcept>

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

using SealNonce = std::array<std::uint8_t, crypto_box_curve25519xchacha20poly1305_NONCEBYTES>;

static_assert(kSealOverhead == crypto_box_curve25519xchacha20poly1305_SEALBYTES);

// As libsodium's sealed boxes do: the nonce is BLAKE2b-192 over both public keys.
SealNonce nonceFor(const CurveKey& ephemeral, const CurveKey& recipient) {
  SealNonce nonce;
  const Bytes keys = ByteWriter().raw(ephemeral.view()).raw(recipient.view()).take();
  crypto_generichash(nonce.data(), nonce.size(), keys.data(), keys.size(), nullptr, 0);
  return nonce;
}

}  // namespace

Bytes seal(const CurveKey& recipient, ByteView plaintext, Random& random) {
  ensureSodium();
  const auto secret = random.secret<CurveKey::kSize>();
  CurveKey ephemeral;
  crypto_scalarmult_curve25519_base(ephemeral.bytes.data(), secret.view().data());
  const SealNonce nonce = nonceFor(ephemeral, recipient);

  Bytes sealed(kSealOverhead + plaintext.size());
  std::ranges::copy(ephemeral.bytes, sealed.begin());
  if (crypto_box_curve25519xchacha20poly1305_easy(sealed.data() + CurveKey::kSize, plaintext.data(), plaintext.size(),
                                                  nonce.data(), recipient.bytes.data(), secret.view().data()) != 0) {
    throw std::logic_error("seal: the recipient's key has not passed the key gate");
  }
  return sealed;
}

Result<SecretBytes> openSeal(const CurveKeyPair& recipient, ByteView sealed) {
  ensureSodium();
  const auto broken = fail(Errc::kSealBroken, "the envelope was altered or sealed to another key; it is dropped");
  if (sealed.size() < kSealOverhead) return broken;
  SecretBytes plaintext(sealed.size() - kSealOverhead);
  if (crypto_box_curve25519xchacha20poly1305_seal_open(plaintext.span().data(), sealed.data(), sealed.size(),
                                                       recipient.publicKey().bytes.data(),
                                                       recipient.secret().data()) != 0) {
    return broken;
  }
  return plaintext;
}

}  // namespace waxwing
