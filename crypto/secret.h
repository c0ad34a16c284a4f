#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "crypto/bytes.h"

namespace waxwing {

// Overwrites `bytes` in a way that the compiler may not remove.
void wipe(std::span<std::uint8_t> bytes);

// Constant time in the contents; lengths are public.
bool constantTimeEqual(ByteView a, ByteView b);

// A long-lived secret of N bytes in guarded memory (sodium_malloc: locked, between guard pages, wiped when freed).
// Move-only; a moved-from key is empty and may only be destroyed or assigned. No ==, no copy, no <<.
class GuardedMemory {
 public:
  // Zeroed. Throws std::bad_alloc.
  explicit GuardedMemory(std::size_t size);
  GuardedMemory(GuardedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  GuardedMemory& operator=(GuardedMemory&& other) noexcept;
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory();

  std::span<std::uint8_t> span() { return {data_, size_}; }
  ByteView view() const { return {data_, size_}; }

 private:
  std::uint8_t* data_;
  std::size_t size_;
};

// A short-lived secret of exactly N bytes, wiped when it goes out of scope. Move-only (the source is wiped).
template <std::size_t N>
class SecretArray {
 public:
  static constexpr std::size_t kSize = N;

  SecretArray() = default;
  SecretArray(SecretArray&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  SecretArray& operator=(SecretArray&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  SecretArray(const SecretArray&) = delete;
  SecretArray& operator=(const SecretArray&) = delete;
  ~SecretArray() { wipe(bytes_); }

  // nullopt unless `view` has exactly N bytes. The caller wipes his own copy.
  static std::optional<SecretArray> from(ByteView view) {
    if (view.size() != N) return std::nullopt;
    SecretArray value;
    std::ranges::copy(view, value.bytes_.begin());
    return value;
  }

  SecretArray clone() const {
    SecretArray copy;
    copy.bytes_ = bytes_;
    return copy;
  }

  std::span<std::uint8_t, N> span() { return bytes_; }
  ByteView view() const { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

// A short-lived secret of any size (plaintext, serialised ratchet state), wiped when it goes out of scope. Move-only.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  explicit SecretBytes(ByteView view) : bytes_(view.begin(), view.end()) {}
  SecretBytes(SecretBytes&& other) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(bytes_); }

  SecretBytes clone() const { return SecretBytes(view()); }
  // Keeps the first `size` bytes (size <= size()) and wipes the rest.
  void truncate(std::size_t size) {
    wipe(std::span(bytes_).subspan(size));
    bytes_.resize(size);
  }
  std::span<std::uint8_t> span() { return bytes_; }
  ByteView view() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
};

}  // namespace waxwing
