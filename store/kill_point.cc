#include "store/kill_point.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace waxwing {
namespace {

constexpr std::array kClientPoints = {
    CommitPoint::kCreateDatabase, CommitPoint::kMigrate,  CommitPoint::kCreateProfile, CommitPoint::kCompose,
    CommitPoint::kPrepare,        CommitPoint::kAnswer,   CommitPoint::kReceive,       CommitPoint::kAnchor,
    CommitPoint::kKeys,           CommitPoint::kContacts, CommitPoint::kDevices,
};
constexpr std::array kRelayPoints = {
    CommitPoint::kCreateDatabase,
    CommitPoint::kMigrate,
    CommitPoint::kAccept,
    CommitPoint::kRelayUpkeep,
};

#ifdef WAXWING_KILL_POINTS

// "compose:after:3" asks for the third time.
bool isAsked(std::string_view wanted, std::string_view edgeName) {
  static std::atomic<unsigned> times = 0;
  if (!wanted.starts_with(edgeName)) return false;
  wanted.remove_prefix(edgeName.size());
  if (wanted.empty()) return true;
  if (wanted.front() != ':') return false;
  const std::string count(wanted.substr(1));
  return ++times == std::strtoul(count.c_str(), nullptr, 10);
}

#endif

}  // namespace

std::string_view name(CommitPoint point) {
  switch (point) {
    case CommitPoint::kCreateDatabase:
      return "createDatabase";
    case CommitPoint::kMigrate:
      return "migrate";
    case CommitPoint::kCreateProfile:
      return "createProfile";
    case CommitPoint::kCompose:
      return "compose";
    case CommitPoint::kPrepare:
      return "prepare";
    case CommitPoint::kAnswer:
      return "answer";
    case CommitPoint::kReceive:
      return "receive";
    case CommitPoint::kAnchor:
      return "anchor";
    case CommitPoint::kKeys:
      return "keys";
    case CommitPoint::kContacts:
      return "contacts";
    case CommitPoint::kDevices:
      return "devices";
    case CommitPoint::kAccept:
      return "accept";
    case CommitPoint::kRelayUpkeep:
      return "relayUpkeep";
  }
  throw std::logic_error("unknown commit point");
}

std::span<const CommitPoint> clientCommitPoints() { return kClientPoints; }
std::span<const CommitPoint> relayCommitPoints() { return kRelayPoints; }

void killIfAsked([[maybe_unused]] CommitPoint point, [[maybe_unused]] CommitEdge edge) {
#ifdef WAXWING_KILL_POINTS
  const char* wanted = std::getenv("WAXWING_KILL_AT");
  if (wanted == nullptr) return;
  const std::string edgeName = std::string(name(point)) + (edge == CommitEdge::kBefore ? ":before" : ":after");
  if (isAsked(wanted, edgeName)) std::raise(SIGKILL);
#endif
}

}  // namespace waxwing
