#include "tests/sim/script.h"

#include <optional>

#include "crypto/ports.h"

namespace waxwing::testing {
namespace {

struct Weighted {
  Act act;
  std::uint32_t weight;
  std::optional<Fault> needs;
};

constexpr Weighted kActs[] = {
    {Act::kSend, 450, {}},
    {Act::kRead, 120, {}},
    {Act::kBefriend, 10, {}},
    {Act::kAccept, 20, {}},
    {Act::kAddDevice, 3, {}},
    {Act::kRetireDevice, 1, {}},
    {Act::kToggleOnline, 100, {}},
    {Act::kCut, 80, Fault::kCut},
    {Act::kSilence, 50, Fault::kSilence},
    {Act::kCrash, 90, Fault::kCrash},
    {Act::kPower, 40, Fault::kPower},
    {Act::kDisk, 20, Fault::kDisk},
    {Act::kFull, 15, Fault::kFull},
    {Act::kClock, 20, Fault::kClock},
    {Act::kRelayCrash, 35, Fault::kRelayCrash},
    {Act::kRelayPower, 15, Fault::kRelayPower},
    {Act::kRelayDisk, 10, Fault::kRelayDisk},
    {Act::kPreKeys, 5, Fault::kPreKeys},
    {Act::kCopyOrRestore, 5, Fault::kRestore},
    {Act::kClone, 2, Fault::kClone},
    {Act::kRelayCopyOrRestore, 5, Fault::kRelayRestore},
};
constexpr std::uint32_t kTrickWeight = 10;  // for each trick that may be played

bool anyTrick(const FaultSet& faults) { return (faults >> static_cast<std::size_t>(Fault::kFirstTrick)).any(); }

FaultSet someOf(const FaultSet& all, Random& random) {
  FaultSet some;
  for (std::size_t i = 0; i < kFaults; ++i) some[i] = all[i] && random.below(3) != 0;
  return some;
}

}  // namespace

Script write(const Plan& plan) {
  SeededRandom random(plan.seed ^ 0x5c7197);
  Script script;
  script.clients = plan.clients != 0 ? plan.clients : static_cast<std::uint32_t>(3 + random.below(4));
  script.faults = plan.faults.count() > 1 ? someOf(plan.faults, random) : plan.faults;

  std::vector<Weighted> possible;
  std::uint64_t whole = 0;
  const auto add = [&](const Weighted& entry) {
    possible.push_back(entry);
    whole += entry.weight;
  };
  for (const Weighted& entry : kActs) {
    if (!entry.needs || has(script.faults, *entry.needs)) add(entry);
  }
  if (anyTrick(script.faults)) add({Act::kTrick, 5 * kTrickWeight, {}});

  for (std::uint32_t number = 0; number < plan.steps; ++number) {
    std::uint64_t dice = random.below(whole);
    auto entry = possible.begin();
    while (dice >= entry->weight) dice -= (entry++)->weight;
    script.steps.push_back({number, entry->act, random.below(UINT64_MAX)});
  }
  return script;
}

}  // namespace waxwing::testing
