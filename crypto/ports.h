#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "crypto/bytes.h"
#include "crypto/secret.h"

namespace waxwing {

// Wall-clock time as protocol and store keep it: whole milliseconds since 1970-01-01 UTC.
struct WallTime {
  std::int64_t ms = 0;

  std::int64_t seconds() const { return ms / 1000; }
  auto operator<=>(const WallTime&) const = default;
  friend WallTime operator+(WallTime time, std::chrono::milliseconds span) { return {time.ms + span.count()}; }
  friend WallTime operator-(WallTime time, std::chrono::milliseconds span) { return {time.ms - span.count()}; }
  friend std::chrono::milliseconds operator-(WallTime a, WallTime b) { return std::chrono::milliseconds(a.ms - b.ms); }
};

// The wall clock. It may jump either way; elapsed time is never computed from two readings where a timer can be used.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

// The only source of randomness. Implementations for tests are seeded and reproducible.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <typename Fixed>
  Fixed fixed() {
    Fixed value;
    fill(value.bytes);
    return value;
  }
  template <std::size_t N>
  SecretArray<N> secret() {
    SecretArray<N> value;
    fill(value.span());
    return value;
  }
  // Uniform in [0, bound); `bound` > 0.
  std::uint64_t below(std::uint64_t bound);
};

// The operating system's clock and randomness. Both are stateless and thread-safe.
const Clock& systemClock();
Random& systemRandom();

// Deterministic randomness from a seed: tests, vectors and the simulator only. Not thread-safe.
// The bytes are the ChaCha20 key stream (64-bit zero nonce, 64-bit block counter) under the key
// labelledHash("seeded-random", seed as u64 LE). Every `fill` begins at the next whole 64-byte block.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::uint8_t> out) override;

 private:
  SecretArray<32> key_;
  std::uint64_t block_ = 0;
};

// A clock that stands still until it is moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start) : now_(start) {}
  WallTime now() const override { return now_; }
  void set(WallTime time) { now_ = time; }
  void advance(std::chrono::milliseconds span) { now_ = now_ + span; }

 private:
  WallTime now_;
};

}  // namespace waxwing
