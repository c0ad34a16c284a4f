#include "crypto/ports.h"

#include <array>
#include <limits>
#include <stdexcept>

#include <sodium.h>

#include "crypto/hash.h"
#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

constexpr std::size_t kBlockSize = 64;

class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    const auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::floor<std::chrono::milliseconds>(sinceEpoch).count()};
  }
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (out.empty()) return;
    ensureSodium();
    randombytes_buf(out.data(), out.size());
  }
};

SecretArray<32> seededKey(std::uint64_t seed) {
  const Hash hash = labelledHash("seeded-random", ByteWriter().u64(seed).view());
  return std::move(*SecretArray<32>::from(hash.view()));
}

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) throw std::logic_error("Random::below: nothing is below 0");
  // 2^64 mod bound: the values under it would make the low remainders more frequent.
  const std::uint64_t biased = (std::numeric_limits<std::uint64_t>::max() - bound + 1) % bound;
  for (;;) {
    std::array<std::uint8_t, 8> bytes;
    fill(bytes);
    const std::uint64_t value = ByteReader(bytes).u64();
    if (value >= biased) return value % bound;
  }
}

const Clock& systemClock() {
  static const SystemClock clock;
  return clock;
}

Random& systemRandom() {
  static SystemRandom random;
  return random;
}

SeededRandom::SeededRandom(std::uint64_t seed) : key_(seededKey(seed)) {}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  constexpr std::array<std::uint8_t, crypto_stream_chacha20_NONCEBYTES> kNonce{};
  std::ranges::fill(out, std::uint8_t{0});
  crypto_stream_chacha20_xor_ic(out.data(), out.data(), out.size(), kNonce.data(), block_, key_.view().data());
  block_ += (out.size() + kBlockSize - 1) / kBlockSize;
}

}  // namespace waxwing
