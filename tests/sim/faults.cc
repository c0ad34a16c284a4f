#include "tests/sim/faults.h"

#include <array>

namespace waxwing::testing {
namespace {

struct Entry {
  std::string_view name;
  Excuses excuses = {};
};

constexpr Excuses kNone{};
// Ciphertext is gone or spoilt for good. The receiver sees that a number is missing when a later one comes, and nobody
// asks for it again. What was lost may have been a receipt.
constexpr Excuses kLoss{.lines = true, .reportedLoss = true, .lag = true};
// What comes late is shown late.
constexpr Excuses kLate{.lines = true};
// What one side holds of a session is older than what the other wrote to: until they meet anew, messages are refused
// before their numbers can be read. A contact request that names a one-time key which is gone cannot be read at all,
// and an invite that was made after a copy opens nothing any more.
constexpr Excuses kBroken{.lines = true, .reportedLoss = true, .silentLoss = true, .lag = true, .stuck = true};
// In the order of Fault.
constexpr std::array<Entry, kFaults> kEntries = {{
    {"cut", kNone},         {"silence", kNone},        {"crash", kNone},        {"power", kNone},
    {"disk", kNone},        {"full", kNone},           {"clock", kNone},        {"relayCrash", kNone},
    {"relayPower", kNone},  {"relayDisk", kNone},      {"mailboxFull", kNone},  {"preKeys", kNone},
    {"restore", kBroken},   {"clone", kBroken},        {"relayRestore", kLoss}, {"drop", kLoss},
    {"duplicate", kNone},   {"delay", kLate},          {"swap", kLate},         {"replay", kNone},
    {"crossReplay", kNone}, {"truncate", kLoss},       {"extend", kLoss},       {"flip", kLoss},
    {"oldManifest", kNone}, {"forgedManifest", kNone}, {"sameKey", kBroken},    {"refuse", kNone},
    {"numbers", kNone},     {"forge", kNone},
}};

bool excusesNothing(const Excuses& excuses) {
  return !excuses.lines && !excuses.reportedLoss && !excuses.silentLoss && !excuses.lag && !excuses.stuck;
}

bool isCopy(std::size_t i) {
  return i == static_cast<std::size_t>(Fault::kRestore) || i == static_cast<std::size_t>(Fault::kClone) ||
         i == static_cast<std::size_t>(Fault::kRelayRestore);
}

bool isTrick(std::size_t i) { return i >= static_cast<std::size_t>(Fault::kFirstTrick); }

bool isIn(std::string_view word, std::size_t i) {
  if (word == kEntries[i].name || word == "all") return true;
  if (word == "honest") return !isTrick(i) && !isCopy(i);
  if (word == "copies") return isCopy(i);
  if (word == "hostile") return isTrick(i);
  if (word == "strict") return excusesNothing(kEntries[i].excuses);
  return false;
}

}  // namespace

std::string_view name(Fault fault) { return kEntries[static_cast<std::size_t>(fault)].name; }

Excuses excusesOf(Fault fault) { return kEntries[static_cast<std::size_t>(fault)].excuses; }

Result<FaultSet> parseFaults(std::string_view list) {
  FaultSet faults;
  while (!list.empty()) {
    std::string_view word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    if (word.empty() || word == "none") continue;
    const bool away = word.front() == '-';
    if (away) word.remove_prefix(1);
    bool known = false;
    for (std::size_t i = 0; i < kFaults; ++i) {
      if (!isIn(word, i)) continue;
      known = true;
      faults[i] = !away;
    }
    if (!known) return fail(Errc::kInvalidArgument, "there is no fault called " + std::string(word));
  }
  return faults;
}

std::string text(const FaultSet& faults) {
  std::string list;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (!faults[i]) continue;
    if (!list.empty()) list += ',';
    list += kEntries[i].name;
  }
  return list.empty() ? "none" : list;
}

}  // namespace waxwing::testing
