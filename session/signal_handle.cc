#include "session/signal_handle.h"

#include <stdexcept>

#include "session/published_keys.h"

namespace waxwing {

void requireSignal(int result) {
  if (result == SG_ERR_NOMEM) throw std::bad_alloc();
  if (result < 0) throw std::logic_error("libsignal-protocol-c refused its own input");
}

signal_buffer* newSignalBuffer(ByteView bytes) {
  signal_buffer* buffer = signal_buffer_create(bytes.data(), bytes.size());
  if (buffer == nullptr) throw std::bad_alloc();
  return buffer;
}

SignalRef<ec_public_key> toSignal(const CurveKey& key) {
  const auto bytes = ByteWriter().u8(kCurveKeyType).raw(key.view()).take();
  SignalRef<ec_public_key> result;
  requireSignal(curve_decode_point(result.out(), bytes.data(), bytes.size(), nullptr));
  return result;
}

SignalRef<ec_private_key> toSignalPrivate(ByteView secret) {
  SignalRef<ec_private_key> result;
  requireSignal(curve_decode_private_point(result.out(), secret.data(), secret.size(), nullptr));
  return result;
}

SignalRef<ec_key_pair> toSignalPair(const CurveKey& key, ByteView secret) {
  const auto publicKey = toSignal(key);
  const auto privateKey = toSignalPrivate(secret);
  SignalRef<ec_key_pair> result;
  requireSignal(ec_key_pair_create(result.out(), publicKey.get(), privateKey.get()));
  return result;
}

CurveKey fromSignal(const ec_public_key* key) {
  SignalBuffer buffer;
  requireSignal(ec_public_key_serialize(buffer.out(), key));
  const auto bytes = view(buffer);
  const auto result = CurveKey::from(bytes.subspan(1));
  if (!result) throw std::logic_error("libsignal-protocol-c: a public key of another size");
  return *result;
}

}  // namespace waxwing
