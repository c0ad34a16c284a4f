#include "crypto/secret.h"

#include <new>

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {

void wipe(std::span<std::uint8_t> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

bool constantTimeEqual(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

GuardedMemory::GuardedMemory(std::size_t size) : data_(nullptr), size_(size) {
  ensureSodium();
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  if (data_ == nullptr) throw std::bad_alloc();
  std::ranges::fill(span(), std::uint8_t{0});
}

GuardedMemory& GuardedMemory::operator=(GuardedMemory&& other) noexcept {
  if (this != &other) {
    sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

GuardedMemory::~GuardedMemory() { sodium_free(data_); }

}  // namespace waxwing
