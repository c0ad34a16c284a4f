#pragma once

#include <functional>

#include "tests/sim/simulation.h"

namespace waxwing::testing {

// A shorter script that fails in the same way (Verdict::kind): acts of one kind are left out together, then ever
// smaller runs of steps. At most `plays` replays; `tell` is called with each shorter script.
Script shrink(const Script& script, std::uint64_t seed, std::uint32_t plays,
              const std::function<void(const Script&)>& tell);

// Step numbers as people write them: "3,17-20".
std::string stepList(const Script& script);
// Leaves only these steps. kInvalidArgument.
Result<void> keepOnly(Script& script, std::string_view list);

}  // namespace waxwing::testing
