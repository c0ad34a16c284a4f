#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/error.h"
#include "tests/sim/hostile_store.h"
#include "tests/sim/sim_ledger.h"

namespace waxwing::testing {

// What may go wrong in a simulated run. The tricks of a hostile relay stand behind kFirstTrick, in their own order.
enum class Fault : std::uint8_t {
  kCut,           // connections end at any byte: requests lost, answers lost, pages cut
  kSilence,       // half-open connections, hosts whose cable is pulled
  kCrash,         // a client ends between two events, at a commit, or at any call of its disk
  kPower,         // a client's machine does, and what was not synced is lost in part
  kDisk,          // a client's disk fails to write or to sync
  kFull,          // a client's disk is full for a while
  kClock,         // a client's or a relay's clock jumps
  kRelayCrash,    // a relay ends: killed, drained, at a commit, at any call of its disk
  kRelayPower,    // a relay's machine loses its power
  kRelayDisk,     // a relay's disk fails or is full
  kMailboxFull,   // relays that keep few envelopes
  kPreKeys,       // a device's one-time keys are used up
  kRestore,       // a client goes on from an old copy of its database
  kClone,         // a copy of a client runs beside it for a while
  kRelayRestore,  // a relay goes on from an old copy of its store
  kFirstTrick,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kFirstTrick) + kTricks;
using FaultSet = std::bitset<kFaults>;

constexpr Fault faultOf(Trick trick) {
  return static_cast<Fault>(static_cast<std::size_t>(Fault::kFirstTrick) + static_cast<std::size_t>(trick));
}
inline bool has(const FaultSet& faults, Fault fault) { return faults[static_cast<std::size_t>(fault)]; }

std::string_view name(Fault fault);
// What the core cannot mend yet once that fault has struck.
Excuses excusesOf(Fault fault);

// Names, separated by commas, and the groups none, honest (all but hostile relays and copies), copies (restore, clone,
// relayRestore), hostile (all tricks), strict (all that excuse nothing) and all; a minus before a word takes away.
// kInvalidArgument.
Result<FaultSet> parseFaults(std::string_view list);
std::string text(const FaultSet& faults);

}  // namespace waxwing::testing
