#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <vector>

// What the benchmarks share: a stopwatch, percentiles, and the spread over repetitions.
namespace waxwing::bench {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  double milliseconds() const { return seconds() * 1e3; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// `fraction` in [0, 1]; 0 for no samples.
inline double percentile(std::vector<double> samples, double fraction) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(fraction * static_cast<double>(samples.size() - 1))];
}

// Smallest, median and largest of the repetitions.
inline void printSpread(std::string_view what, std::string_view unit, const std::vector<double>& repetitions) {
  std::printf("%-52.*s %9.0f %9.0f %9.0f  %.*s\n", static_cast<int>(what.size()), what.data(),
              percentile(repetitions, 0), percentile(repetitions, 0.5), percentile(repetitions, 1),
              static_cast<int>(unit.size()), unit.data());
  std::fflush(stdout);
}

}  // namespace waxwing::bench
