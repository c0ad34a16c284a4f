#pragma once

#include <deque>

#include "crypto/ports.h"

namespace waxwing::vectors {

// Randomness that a case gives: what is drawn is what was put in, in that order. A draw of another size, or of more
// than there is, gets zeros and is remembered; it cannot throw, for a C library may stand between.
class ScriptedRandom final : public Random {
 public:
  ScriptedRandom() = default;
  explicit ScriptedRandom(Bytes draw) { put(std::move(draw)); }

  void put(Bytes draw) { draws_.push_back(std::move(draw)); }
  // Every further draw of that size gets these bytes.
  void repeat(Bytes draw) { repeated_ = std::move(draw); }

  void fill(std::span<std::uint8_t> out) override {
    if (!draws_.empty() && draws_.front().size() == out.size()) {
      std::ranges::copy(draws_.front(), out.begin());
      draws_.pop_front();
    } else if (repeated_.size() == out.size() && !out.empty()) {
      std::ranges::copy(repeated_, out.begin());
      ++repeats_;
    } else {
      std::ranges::fill(out, std::uint8_t{0});
      wrong_ = true;
    }
  }

  // Whether all that was given was drawn and nothing else; and empties it.
  bool finish() {
    const bool good = !wrong_ && draws_.empty() && (repeated_.empty() || repeats_ > 0);
    *this = ScriptedRandom();
    return good;
  }

 private:
  std::deque<Bytes> draws_;
  Bytes repeated_;
  int repeats_ = 0;
  bool wrong_ = false;
};

}  // namespace waxwing::vectors
