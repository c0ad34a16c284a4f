#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace waxwing {

// Every expected failure has one of these codes. The numbers are part of the C ABI: decades never change their meaning,
// a number is never reused, and new codes go to the end of their decade.
enum class Errc : std::int32_t {
  // 10: what the caller passed
  kInvalidArgument = 10,
  kTooLong = 11,
  kNotUtf8 = 12,
  kBadInvite = 13,
  kBadAddress = 14,
  kUnknownContact = 15,
  kNameTaken = 16,
  kNotFound = 17,
  kNotAllowed = 18,
  // 20: versions
  kUnsupportedVersion = 20,
  kUnsupportedSuite = 21,
  kNewerSchema = 22,
  kWrongRelayVersion = 23,
  // 30: envelopes and content
  kMalformed = 30,
  kSealBroken = 31,
  kUnknownSealKey = 32,
  kWrongRecipient = 33,
  kHeadMismatch = 34,
  kNotPermitted = 35,
  // 40: keys and trust
  kBadKey = 40,
  kBadSignature = 41,
  kBadBinding = 42,
  kStaleManifest = 43,
  kEquivocation = 44,
  kUnlistedDevice = 45,
  kUntrustedIdentity = 46,
  kRetiredDevice = 47,
  kUnretires = 48,
  kStaleKeys = 49,
  // 50: ratchet sessions
  kNoSession = 50,
  kDuplicate = 51,
  kKeyReuse = 52,
  kInitialReplay = 53,
  kSpentKey = 54,
  kUndecryptable = 55,
  kCounterTooFar = 56,
  kUnknownPreKey = 57,
  kCostly = 58,
  kOverBudget = 59,
  // 60: the store
  kStoreFailed = 60,
  kStoreFull = 61,
  kWrongKey = 62,
  kDamaged = 63,
  kStoreLocked = 64,
  kUnwritable = 65,
  kNoSuchProfile = 66,
  kProfileExists = 67,
  kWeakSettings = 68,
  // 70: the link
  kOffline = 70,
  kRelayUntrusted = 71,
  kTimedOut = 72,
  kDisconnected = 73,
  kNotRegistered = 74,
  kRegistrationRefused = 75,
  kReplaced = 76,
  // 80: quota
  kMailboxFull = 80,
  kBusy = 81,
  kDenied = 82,
  kTooManyDevices = 83,
  kOverLimit = 84,
  // 90: internal
  kInternal = 90,
  kCloned = 91,
  kMustReopen = 92,
};

// The code's stable name, for logs and `--json`: "badInvite".
std::string_view name(Errc code);

// An expected failure as a value. `message` is one line for a person and says what to do;
// it never holds a key, plaintext, an account id or a SQL parameter.
struct Error {
  Errc code;
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace waxwing
