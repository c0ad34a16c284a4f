#include <algorithm>

#include "tests/fuzz/target.h"

namespace waxwing::fuzz {

extern const Target kContent, kDeviceGrant, kDeviceRequest, kEnvelope, kGuardedStream, kInvite, kManifest,
    kPublishedKeys, kRatchetMessage, kRelayAddress, kRelayAnonymous, kRelayCalls, kRelayLoggedIn, kSession,
    kSessionRecord;

std::span<const Target> targets() {
  static const Target all[] = {kContent,        kDeviceGrant, kDeviceRequest, kEnvelope,       kGuardedStream,
                               kInvite,         kManifest,    kPublishedKeys, kRatchetMessage, kRelayAddress,
                               kRelayAnonymous, kRelayCalls,  kRelayLoggedIn, kSession,        kSessionRecord};
  return all;
}

const Target* findTarget(std::string_view name) {
  const auto found = std::ranges::find(targets(), name, &Target::name);
  return found == targets().end() ? nullptr : &*found;
}

}  // namespace waxwing::fuzz
