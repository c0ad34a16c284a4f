#pragma once

#include <optional>

#include <signal/protocol.h>

#include "session/signal_context.h"
#include "tests/support/test_device.h"

// Messages as an attacker makes them: from genuine parts, with some exchanged.
namespace waxwing::testing {

// A pre-key message taken apart.
struct InitialParts {
  std::uint32_t registrationId = 0;
  std::optional<std::uint32_t> oneTimeId;
  std::uint32_t signedPreKeyId = 0;
  CurveKey baseKey;
  CurveKey identityKey;
  SignalRef<pre_key_signal_message> whole;
};

class Forge {
 public:
  InitialParts take(ByteView message) const {
    InitialParts parts;
    requireSignal(pre_key_signal_message_deserialize(parts.whole.out(), message.data(), message.size(), signal_.get()));
    auto* whole = parts.whole.get();
    parts.registrationId = pre_key_signal_message_get_registration_id(whole);
    if (pre_key_signal_message_has_pre_key_id(whole)) parts.oneTimeId = pre_key_signal_message_get_pre_key_id(whole);
    parts.signedPreKeyId = pre_key_signal_message_get_signed_pre_key_id(whole);
    parts.baseKey = fromSignal(pre_key_signal_message_get_base_key(whole));
    parts.identityKey = fromSignal(pre_key_signal_message_get_identity_key(whole));
    return parts;
  }

  Bytes put(const InitialParts& parts) const {
    return initial(parts, pre_key_signal_message_get_signal_message(parts.whole.get()));
  }
  // The same with a forged inner message.
  Bytes put(const InitialParts& parts, const CurveKey& ratchetKey, std::uint32_t counter) const {
    return initial(parts, message(ratchetKey, counter).get());
  }

  // A message that nobody has the keys for.
  Bytes plain(const CurveKey& ratchetKey, std::uint32_t counter) const {
    return toBytes(view(serialized(message(ratchetKey, counter).get())));
  }

  struct Place {
    CurveKey ratchetKey;
    std::uint32_t counter = 0;
    auto operator<=>(const Place&) const = default;
  };
  // Where in a chain a message stands: what its key and IV follow from.
  Place placeOf(const Ratchet::Encrypted& message) const {
    if (message.kind == CipherKind::kPreKey) {
      const auto parts = take(message.ciphertext);
      return placeOf(pre_key_signal_message_get_signal_message(parts.whole.get()));
    }
    SignalRef<signal_message> parsed;
    requireSignal(
        signal_message_deserialize(parsed.out(), message.ciphertext.data(), message.ciphertext.size(), signal_.get()));
    return placeOf(parsed.get());
  }

 private:
  static signal_buffer* serialized(void* message) {
    return ciphertext_message_get_serialized(static_cast<ciphertext_message*>(message));
  }
  static Place placeOf(signal_message* message) {
    return {fromSignal(signal_message_get_sender_ratchet_key(message)), signal_message_get_counter(message)};
  }

  Bytes initial(const InitialParts& parts, signal_message* inner) const {
    const auto baseKey = toSignal(parts.baseKey);
    const auto identityKey = toSignal(parts.identityKey);
    SignalRef<pre_key_signal_message> forged;
    requireSignal(pre_key_signal_message_create(forged.out(), CIPHERTEXT_CURRENT_VERSION, parts.registrationId,
                                                parts.oneTimeId ? &*parts.oneTimeId : nullptr, parts.signedPreKeyId,
                                                baseKey.get(), identityKey.get(), inner, signal_.get()));
    return toBytes(view(serialized(forged.get())));
  }
  SignalRef<signal_message> message(const CurveKey& ratchetKey, std::uint32_t counter) const {
    const Bytes key(32, 1), body(64, 2);
    const auto chain = toSignal(ratchetKey);
    const auto someone = toSignal(CurveKeyPair::generate(random_).publicKey());
    SignalRef<signal_message> forged;
    requireSignal(signal_message_create(forged.out(), CIPHERTEXT_CURRENT_VERSION, key.data(), key.size(), chain.get(),
                                        counter, 0, body.data(), body.size(), someone.get(), someone.get(),
                                        signal_.get()));
    return forged;
  }

  mutable SeededRandom random_{99};
  SignalContext signal_{random_};
};

}  // namespace waxwing::testing
