#pragma once

#include <deque>
#include <fstream>
#include <string>
#include <string_view>

#include "crypto/ids.h"

namespace waxwing::testing {

// What happened in a simulation, in order: the last lines, to read, and a hash over all of them, to compare runs. Two
// runs from one seed have the same hash. WAXWING_TRACE=FILE adds all lines to that file.
class SimTrace {
 public:
  SimTrace();
  void note(std::string_view line);

  const Hash& hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  // The last lines, oldest first.
  std::string tail() const;

 private:
  static constexpr std::size_t kKept = 400;

  Hash hash_;
  std::uint64_t lines_ = 0;
  std::deque<std::string> last_;
  std::ofstream file_;
};

}  // namespace waxwing::testing
