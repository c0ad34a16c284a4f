#include "tests/interop/sender_keys.h"

#include <signal/group_cipher.h>
#include <signal/group_session_builder.h>
#include <signal/protocol.h>

#include <stdexcept>

#include "crypto/padding.h"

namespace waxwing::testing {
namespace {

using Builder = SignalOwned<group_session_builder, group_session_builder_free>;
using Cipher = SignalOwned<group_cipher, group_cipher_free>;

// The library's name for a sender in a group. No byte of a message depends on it.
const signal_protocol_sender_key_name kName{"group", 5, {"sender", 6, 1}};

template <typename Message>
Bytes serialized(const SignalRef<Message>& message) {
  return toBytes(view(ciphertext_message_get_serialized(reinterpret_cast<ciphertext_message*>(message.get()))));
}

}  // namespace

struct SenderKeys::Callbacks {
  static int put(const signal_protocol_sender_key_name*, std::uint8_t* record, std::size_t size, std::uint8_t*,
                 std::size_t, void* user) {
    static_cast<SenderKeys*>(user)->record_ = Bytes(record, record + size);
    return SG_SUCCESS;
  }
  static int load(signal_buffer** record, signal_buffer**, const signal_protocol_sender_key_name*, void* user) {
    const auto& held = static_cast<SenderKeys*>(user)->record_;
    if (held.empty()) return 0;
    *record = newSignalBuffer(held);
    return 1;
  }
  static void nothingToDestroy(void*) {}
};

SenderKeys::SenderKeys(Random& random) : random_(random), signal_(random) {
  requireSignal(signal_protocol_store_context_create(&store_, signal_.get()));
  const signal_protocol_sender_key_store callbacks{Callbacks::put, Callbacks::load, Callbacks::nothingToDestroy, this};
  requireSignal(signal_protocol_store_context_set_sender_key_store(store_, &callbacks));
}

SenderKeys::~SenderKeys() { signal_protocol_store_context_destroy(store_); }

Bytes SenderKeys::create() {
  record_.clear();
  Builder builder;
  requireSignal(group_session_builder_create(builder.out(), store_, signal_.get()));
  SignalRef<sender_key_distribution_message> distribution;
  requireSignal(group_session_builder_create_session(builder.get(), distribution.out(), &kName));
  return serialized(distribution);
}

void SenderKeys::take(ByteView bytes) {
  record_.clear();
  SignalRef<sender_key_distribution_message> distribution;
  if (sender_key_distribution_message_deserialize(distribution.out(), bytes.data(), bytes.size(), signal_.get()) < 0) {
    throw std::runtime_error("not a distribution message");
  }
  Builder builder;
  requireSignal(group_session_builder_create(builder.out(), store_, signal_.get()));
  requireSignal(group_session_builder_process_session(builder.get(), &kName, distribution.get()));
}

Bytes SenderKeys::encrypt(ByteView content) {
  const auto padded = padContent(content, random_);
  Cipher cipher;
  requireSignal(group_cipher_create(cipher.out(), store_, &kName, signal_.get()));
  SignalRef<ciphertext_message> message;
  requireSignal(group_cipher_encrypt(cipher.get(), padded.view().data(), padded.size(), message.out()));
  return serialized(message);
}

Result<Bytes> SenderKeys::decrypt(ByteView bytes) {
  SignalRef<sender_key_message> message;
  if (sender_key_message_deserialize(message.out(), bytes.data(), bytes.size(), signal_.get()) < 0) {
    return fail(Errc::kMalformed, "not a sender-key message");
  }
  Cipher cipher;
  requireSignal(group_cipher_create(cipher.out(), store_, &kName, signal_.get()));
  SignalBuffer padded;
  if (group_cipher_decrypt(cipher.get(), message.get(), nullptr, padded.out()) < 0) {
    return fail(Errc::kUndecryptable, "no sender key opens it");
  }
  const auto content = unpadContent(view(padded));
  if (!content) return tl::unexpected(content.error());
  return toBytes(content->view());
}

}  // namespace waxwing::testing
