#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace waxwing::bench {

// How long one thing took, many times.
class Samples {
 public:
  // Runs `work` once and keeps its time.
  template <typename Work>
  void time(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    add(std::chrono::steady_clock::now() - start);
  }
  void add(std::chrono::nanoseconds span) {
    microseconds_.push_back(std::chrono::duration<double, std::micro>(span).count());
  }

  std::size_t size() const { return microseconds_.size(); }
  // `quantile` in [0, 1]; microseconds.
  double at(double quantile) const {
    auto sorted = microseconds_;
    std::ranges::sort(sorted);
    return sorted.at(static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1)));
  }
  double median() const { return at(0.5); }
  double p99() const { return at(0.99); }

 private:
  std::vector<double> microseconds_;
};

}  // namespace waxwing::bench
