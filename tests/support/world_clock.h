#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "crypto/ports.h"

namespace waxwing::testing {

// What is to happen, by virtual time; what is due at the same time happens in the order in which it was planned.
class Agenda {
 public:
  explicit Agenda(ManualClock& clock) : clock_(clock) {}

  void at(WallTime time, std::function<void()> what) {
    planned_.emplace(std::pair(std::max(time, clock_.now()).ms, ++number_), std::move(what));
  }
  void after(std::chrono::milliseconds span, std::function<void()> what) { at(clock_.now() + span, std::move(what)); }

  bool empty() const { return planned_.empty(); }
  std::optional<WallTime> next() const {
    return planned_.empty() ? std::nullopt : std::optional(WallTime{planned_.begin()->first.first});
  }
  // Moves the clock to the next thing and does it.
  void doNext() {
    auto node = planned_.extract(planned_.begin());
    if (WallTime{node.key().first} > clock_.now()) clock_.set({node.key().first});
    node.mapped()();
  }

 private:
  ManualClock& clock_;
  std::uint64_t number_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> planned_;
};

// Chances in a thousand, per call.
struct Faults {
  std::uint32_t requestLost = 0;
  std::uint32_t answerLost = 0;
  std::uint32_t cut = 0;  // of the own link, after a page or an answer
  std::chrono::milliseconds delayMost{40};
};

}  // namespace waxwing::testing
