#include "crypto/error.h"

namespace waxwing {

std::string_view name(Errc code) {
  // A switch without a default: the compiler points at a code that has no name.
  // clang-format off
  switch (code) {
    case Errc::kInvalidArgument: return "invalidArgument";
    case Errc::kTooLong: return "tooLong";
    case Errc::kNotUtf8: return "notUtf8";
    case Errc::kBadInvite: return "badInvite";
    case Errc::kBadAddress: return "badAddress";
    case Errc::kUnknownContact: return "unknownContact";
    case Errc::kNameTaken: return "nameTaken";
    case Errc::kNotFound: return "notFound";
    case Errc::kNotAllowed: return "notAllowed";
    case Errc::kUnsupportedVersion: return "unsupportedVersion";
    case Errc::kUnsupportedSuite: return "unsupportedSuite";
    case Errc::kNewerSchema: return "newerSchema";
    case Errc::kWrongRelayVersion: return "wrongRelayVersion";
    case Errc::kMalformed: return "malformed";
    case Errc::kSealBroken: return "sealBroken";
    case Errc::kUnknownSealKey: return "unknownSealKey";
    case Errc::kWrongRecipient: return "wrongRecipient";
    case Errc::kHeadMismatch: return "headMismatch";
    case Errc::kNotPermitted: return "notPermitted";
    case Errc::kBadKey: return "badKey";
    case Errc::kBadSignature: return "badSignature";
    case Errc::kBadBinding: return "badBinding";
    case Errc::kStaleManifest: return "staleManifest";
    case Errc::kEquivocation: return "equivocation";
    case Errc::kUnlistedDevice: return "unlistedDevice";
    case Errc::kUntrustedIdentity: return "untrustedIdentity";
    case Errc::kRetiredDevice: return "retiredDevice";
    case Errc::kUnretires: return "unretires";
    case Errc::kStaleKeys: return "staleKeys";
    case Errc::kNoSession: return "noSession";
    case Errc::kDuplicate: return "duplicate";
    case Errc::kKeyReuse: return "keyReuse";
    case Errc::kInitialReplay: return "initialReplay";
    case Errc::kSpentKey: return "spentKey";
    case Errc::kUndecryptable: return "undecryptable";
    case Errc::kCounterTooFar: return "counterTooFar";
    case Errc::kUnknownPreKey: return "unknownPreKey";
    case Errc::kCostly: return "costly";
    case Errc::kOverBudget: return "overBudget";
    case Errc::kStoreFailed: return "storeFailed";
    case Errc::kStoreFull: return "storeFull";
    case Errc::kWrongKey: return "wrongKey";
    case Errc::kDamaged: return "damaged";
    case Errc::kStoreLocked: return "storeLocked";
    case Errc::kUnwritable: return "unwritable";
    case Errc::kNoSuchProfile: return "noSuchProfile";
    case Errc::kProfileExists: return "profileExists";
    case Errc::kWeakSettings: return "weakSettings";
    case Errc::kOffline: return "offline";
    case Errc::kRelayUntrusted: return "relayUntrusted";
    case Errc::kTimedOut: return "timedOut";
    case Errc::kDisconnected: return "disconnected";
    case Errc::kNotRegistered: return "notRegistered";
    case Errc::kRegistrationRefused: return "registrationRefused";
    case Errc::kReplaced: return "replaced";
    case Errc::kMailboxFull: return "mailboxFull";
    case Errc::kBusy: return "busy";
    case Errc::kDenied: return "denied";
    case Errc::kTooManyDevices: return "tooManyDevices";
    case Errc::kOverLimit: return "overLimit";
    case Errc::kInternal: return "internal";
    case Errc::kCloned: return "cloned";
    case Errc::kMustReopen: return "mustReopen";
  }
  // clang-format on
  // A number from outside (the C ABI, a newer version) that this version does not know.
  return "unknown";
}

}  // namespace waxwing
