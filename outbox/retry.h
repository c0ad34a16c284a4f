#pragma once

#include <chrono>
#include <cstdint>

#include "crypto/limits.h"
#include "crypto/ports.h"

namespace waxwing {

// Full jitter: the n-th wait is drawn uniformly from zero to 0.5 s · 2ⁿ, at most 60 s (docs/protocol.md §8).
class Backoff {
 public:
  // The next wait; each call doubles the bound.
  std::chrono::milliseconds next(Random& random) {
    const auto bound = std::min(limits::kBackoffMost, limits::kBackoffFirst * (std::int64_t{1} << doublings()));
    ++failures_;
    return std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(bound.count()) + 1));
  }
  void reset() { failures_ = 0; }
  std::uint32_t failures() const { return failures_; }

 private:
  std::uint32_t doublings() const { return std::min(failures_, 16u); }

  std::uint32_t failures_ = 0;
};

}  // namespace waxwing
