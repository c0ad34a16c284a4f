#include "session/signal_context.h"

#include <signal/curve.h>

#include <memory>
#include <stdexcept>

#include "crypto/signal_primitives.h"
#include "session/signal_curve.h"

namespace waxwing {
namespace {

// The library is C: nothing may be thrown through it.
template <typename Work>
int guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return SG_ERR_UNKNOWN;
  }
}

ByteView input(const std::uint8_t* bytes, std::size_t size) { return {bytes, size}; }

int hmacUpdate(void* hmac, const std::uint8_t* bytes, std::size_t size, void*) {
  return guarded([&] {
    static_cast<HmacSha256*>(hmac)->update(input(bytes, size));
    return SG_SUCCESS;
  });
}

int hmacFinal(void* hmac, signal_buffer** out, void*) {
  return guarded([&] {
    *out = newSignalBuffer(static_cast<HmacSha256*>(hmac)->finish().view());
    return SG_SUCCESS;
  });
}

void hmacCleanup(void* hmac, void*) { delete static_cast<HmacSha256*>(hmac); }

int sha512Init(void** digest, void*) {
  return guarded([&] {
    *digest = new Sha512;
    return SG_SUCCESS;
  });
}

int sha512Update(void* digest, const std::uint8_t* bytes, std::size_t size, void*) {
  return guarded([&] {
    static_cast<Sha512*>(digest)->update(input(bytes, size));
    return SG_SUCCESS;
  });
}

int sha512Final(void* digest, signal_buffer** out, void*) {
  return guarded([&] {
    *out = newSignalBuffer(static_cast<Sha512*>(digest)->finish().view());
    return SG_SUCCESS;
  });
}

void sha512Cleanup(void* digest, void*) { delete static_cast<Sha512*>(digest); }

using AesFunction = Result<SecretBytes> (*)(AesMode, ByteView key, ByteView iv, ByteView input);

template <AesFunction Run>
int runAes(signal_buffer** out, int cipher, const std::uint8_t* key, std::size_t keySize, const std::uint8_t* iv,
           std::size_t ivSize, const std::uint8_t* text, std::size_t textSize, void*) {
  return guarded([&] {
    const auto mode = cipher == SG_CIPHER_AES_CTR_NOPADDING ? AesMode::kCtr : AesMode::kCbcPkcs5;
    const auto result = Run(mode, input(key, keySize), input(iv, ivSize), input(text, textSize));
    if (!result) return SG_ERR_UNKNOWN;
    *out = newSignalBuffer(result->view());
    return SG_SUCCESS;
  });
}

void dropLog(int, const char*, std::size_t, void*) {}

signal_crypto_provider provider() {
  signal_crypto_provider callbacks{};
  callbacks.hmac_sha256_update_func = hmacUpdate;
  callbacks.hmac_sha256_final_func = hmacFinal;
  callbacks.hmac_sha256_cleanup_func = hmacCleanup;
  callbacks.sha512_digest_init_func = sha512Init;
  callbacks.sha512_digest_update_func = sha512Update;
  callbacks.sha512_digest_final_func = sha512Final;
  callbacks.sha512_digest_cleanup_func = sha512Cleanup;
  callbacks.encrypt_func = runAes<aesEncrypt>;
  callbacks.decrypt_func = runAes<aesDecrypt>;
  return callbacks;
}

}  // namespace

// What needs the context itself.
struct SignalContext::Primitives {
  static SignalContext& of(void* user) { return *static_cast<SignalContext*>(user); }

  static int fillRandom(std::uint8_t* out, std::size_t size, void* user) {
    return guarded([&] {
      of(user).random_.fill({out, size});
      return SG_SUCCESS;
    });
  }
  static int hmacInit(void** hmac, const std::uint8_t* key, std::size_t size, void* user) {
    return guarded([&] {
      ++of(user).hmacs_;
      *hmac = new HmacSha256(input(key, size));
      return SG_SUCCESS;
    });
  }
};

SignalContext::SignalContext(Random& random) : random_(random) {
  signalCurve();
  requireSignal(signal_context_create(&context_, nullptr));
  auto callbacks = provider();
  callbacks.random_func = Primitives::fillRandom;
  callbacks.hmac_sha256_init_func = Primitives::hmacInit;
  callbacks.user_data = this;
  requireSignal(signal_context_set_crypto_provider(context_, &callbacks));
  requireSignal(signal_context_set_log_function(context_, dropLog));
}

SignalContext::~SignalContext() { signal_context_destroy(context_); }

Signature SignalContext::signXeddsa(ByteView identitySecret, SignatureUse use, ByteView body) const {
  return signXeddsaRaw(identitySecret, signedBytes(use, body));
}

Signature SignalContext::signXeddsaRaw(ByteView identitySecret, ByteView body) const {
  const auto key = toSignalPrivate(identitySecret);
  SignalBuffer signature;
  requireSignal(curve_calculate_signature(context_, signature.out(), key.get(), body.data(), body.size()));
  const auto result = Signature::from(view(signature));
  if (!result) throw std::logic_error("libsignal-protocol-c: a signature of another size");
  return *result;
}

}  // namespace waxwing
