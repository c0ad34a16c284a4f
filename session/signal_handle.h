#pragma once

#include <signal/signal_protocol.h>

#include <utility>

#include "crypto/bytes.h"
#include "crypto/ids.h"

// Owners of libsignal-protocol-c's objects. Internal to session/*.cc, the only files that know the library.
namespace waxwing {

// A counted reference to one of the library's objects.
template <typename T>
class SignalRef {
 public:
  SignalRef() = default;
  // Takes over the caller's reference.
  explicit SignalRef(T* object) : object_(object) {}
  SignalRef(SignalRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  SignalRef& operator=(SignalRef&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~SignalRef() {
    if (object_ != nullptr) signal_type_unref(reinterpret_cast<signal_type_base*>(object_));
  }

  // For the library's out-parameters; only on an empty reference.
  T** out() { return &object_; }
  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

// An object that has a function of its own to free it.
template <typename T, auto Free>
class SignalOwned {
 public:
  SignalOwned() = default;
  explicit SignalOwned(T* object) : object_(object) {}
  SignalOwned(SignalOwned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  SignalOwned& operator=(SignalOwned&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~SignalOwned() {
    if (object_ != nullptr) Free(object_);
  }

  T** out() { return &object_; }
  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

// Every buffer is wiped when freed: most hold plaintext or keys, and none is worth the distinction (hardening H9).
using SignalBuffer = SignalOwned<signal_buffer, signal_buffer_bzero_free>;

inline ByteView view(const signal_buffer* buffer) {
  return {signal_buffer_const_data(buffer), signal_buffer_len(buffer)};
}
inline ByteView view(const SignalBuffer& buffer) { return view(buffer.get()); }

// Throws std::bad_alloc; the library's own word for a failure on its own objects is not enough memory.
void requireSignal(int result);
signal_buffer* newSignalBuffer(ByteView bytes);

// The library's keys from ours and back. A public key that reaches these has passed the key gate or is our own.
SignalRef<ec_public_key> toSignal(const CurveKey& key);
SignalRef<ec_private_key> toSignalPrivate(ByteView secret);
SignalRef<ec_key_pair> toSignalPair(const CurveKey& key, ByteView secret);
CurveKey fromSignal(const ec_public_key* key);

}  // namespace waxwing
