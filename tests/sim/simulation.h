#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/script.h"

namespace waxwing::testing {

// What a run came to.
struct Verdict {
  std::vector<std::string> offences;  // empty: everything held
  Hash events;                        // a digest over all that happened; the same for the same script
  std::string report;                 // for a person, where something is wrong
  std::uint64_t messages = 0;
  std::chrono::milliseconds span{0};            // of virtual time
  std::array<std::uint64_t, kFaults> struck{};  // how often each fault struck

  bool clean() const { return offences.empty(); }
  // Of two failures alike: the first offence without whom and what it was about.
  std::string kind() const;
};

// Plays a script: people who write to each other over relays and networks on which the script's faults strike,
// everything looked at on the way. Then all faults end, everything must come to rest within a bound, everyone writes
// once more, and everything is looked at in whole.
Verdict play(const Script& script, std::uint64_t seed);

}  // namespace waxwing::testing
