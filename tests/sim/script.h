#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/faults.h"

namespace waxwing::testing {

// What happens in one step of a run; whom it meets is drawn when it is done.
enum class Act : std::uint8_t {
  kSend,
  kRead,
  kBefriend,
  kAccept,
  kAddDevice,
  kRetireDevice,
  kToggleOnline,
  kCut,
  kSilence,
  kCrash,
  kPower,
  kDisk,
  kFull,
  kClock,
  kRelayCrash,
  kRelayPower,
  kRelayDisk,
  kPreKeys,
  kCopyOrRestore,
  kClone,
  kRelayCopyOrRestore,
  kTrick,
};

struct Step {
  std::uint32_t number = 0;  // from 0, kept when others are left out
  Act act = Act::kSend;
  std::uint64_t chance = 0;  // the seed of all that the step draws: it does not depend on other steps
};

// What makes a run: the same plan is the same run.
struct Plan {
  std::uint64_t seed = 1;
  std::uint32_t steps = 2000;
  std::uint32_t clients = 0;  // 0: three to six, by the seed
  FaultSet faults;
};

// The steps of a plan. Each seed takes about two thirds of the plan's faults: some are seen only where others are not.
struct Script {
  std::uint32_t clients = 0;
  FaultSet faults;
  std::vector<Step> steps;
};
Script write(const Plan& plan);

}  // namespace waxwing::testing
