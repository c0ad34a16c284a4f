#include "crypto/hash.h"

#include <stdexcept>

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

constexpr std::size_t kKeySize = 32;

// BLAKE2b-256 in pieces, keyed if `key` is not empty. Its state is wiped: it may hold secrets.
class Blake2b {
 public:
  explicit Blake2b(ByteView key = {}) {
    ensureSodium();
    crypto_generichash_init(&state_, key.data(), key.size(), Hash::kSize);
  }
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  ~Blake2b() { sodium_memzero(&state_, sizeof state_); }

  Blake2b& update(ByteView bytes) {
    crypto_generichash_update(&state_, bytes.data(), bytes.size());
    return *this;
  }
  Blake2b& label(std::string_view use) {
    constexpr std::uint8_t kEnd[] = {0};
    return update(asBytes("waxwing ")).update(asBytes(use)).update(asBytes(" v1")).update(kEnd);
  }
  void finish(std::span<std::uint8_t, Hash::kSize> out) { crypto_generichash_final(&state_, out.data(), out.size()); }
  Hash finish() {
    Hash hash;
    finish(hash.bytes);
    return hash;
  }

 private:
  crypto_generichash_state state_;
};

ByteView checkedKey(ByteView key) {
  if (key.size() != kKeySize) throw std::logic_error("keyed BLAKE2b: the key is not 32 bytes");
  return key;
}

}  // namespace

Hash blake2b(ByteView bytes) { return Blake2b().update(bytes).finish(); }

Hash labelledHash(std::string_view use, ByteView bytes) { return Blake2b().label(use).update(bytes).finish(); }

Hash keyedHash(ByteView key, ByteView bytes) { return Blake2b(checkedKey(key)).update(bytes).finish(); }

SecretArray<32> deriveKey(ByteView key, std::string_view use) {
  SecretArray<32> subkey;
  Blake2b(checkedKey(key)).label(use).finish(subkey.span());
  return subkey;
}

}  // namespace waxwing
