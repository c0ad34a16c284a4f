#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/sign.h"
#include "session/relay_address.h"

// The account's signed device list (docs/protocol.md §1). This file and its neighbours `published_keys`, `login` and
// `relay_address` are the target waxwing_manifest, without libsignal: devices and relays both verify them.
namespace waxwing {

struct ManifestDevice {
  DeviceId id;
  CurveKey identityKey;
  SigningKey signingKey;
  std::uint32_t registrationId = 0;
  Signature identityBinding;
  Signature signingBinding;
};

struct Manifest {
  AccountId account;
  std::uint64_t version = 0;
  std::uint64_t issuedAt = 0;  // seconds
  DeviceId primary;
  RelayAddress relay;
  std::vector<ManifestDevice> devices;  // ascending by id
  std::bitset<128> retired;
  Hash previousHash;

  const ManifestDevice* find(DeviceId device) const;
  bool isRetired(DeviceId device) const { return retired.test(device.value()); }
};

// What a peer is known to hold, or claims to hold.
struct ManifestRef {
  std::uint64_t version = 0;  // 0: none
  Hash hash;
  auto operator<=>(const ManifestRef&) const = default;
};

// A manifest that verified, with the very bytes that were signed. Immutable.
class SignedManifest {
 public:
  // Checks size, encoding, every limit, every key (Ed25519 validity, key gate), both bindings of each device and the
  // account's signature. kMalformed, kBadKey, kBadBinding, kBadSignature, kOverLimit.
  static Result<SignedManifest> parse(ByteView bytes);
  // The account that the bytes claim to be of, to be asked for another proof before `parse` checks all: only the
  // encoding and the account's key are checked. kMalformed, kBadKey, kOverLimit.
  static Result<AccountId> claimedAccount(ByteView bytes);
  // For bytes that this device verified before it stored them: decodes only. Throws std::logic_error if that fails.
  static SignedManifest fromTrusted(ByteView bytes);
  // Signs; the caller has set version, bindings and all. The result has passed `parse`.
  static Result<SignedManifest> sign(const Manifest& manifest, const SigningKeyPair& accountKey);

  const Manifest& manifest() const { return manifest_; }
  const Manifest* operator->() const { return &manifest_; }
  ByteView bytes() const { return bytes_; }  // signature ‖ message
  const Hash& hash() const { return hash_; }
  ManifestRef ref() const { return {manifest_.version, hash_}; }

 private:
  SignedManifest(Manifest manifest, Bytes bytes, Hash hash);

  Manifest manifest_;
  Bytes bytes_;
  Hash hash_;
};

// account (32) ‖ id (1) ‖ identityKey (32) ‖ signingKey (32): what both bindings of a device sign.
Bytes bindingBody(const AccountId& account, DeviceId id, const CurveKey& identityKey, const SigningKey& signingKey);

// That an entry's keys are sound and that both consent to be listed: kBadKey, kBadBinding. Part of
// SignedManifest::parse.
Result<void> checkDevice(const AccountId& account, const ManifestDevice& device);

// The manifest rule for two manifests of one account.
enum class ManifestOrder { kNewer, kSame, kStale, kEquivocation, kUnretires };
// What `candidate` is to the holder of `held`.
ManifestOrder compare(const SignedManifest& held, const SignedManifest& candidate);

// What a manifest states as its time of issue: seconds since 1970-01-01 UTC, 0 before.
std::uint64_t issueTime(WallTime now);
// When a manifest says that it was issued. What lies further ahead than any clock will go is there: callers compute
// with it.
WallTime issuedAt(const Manifest& manifest);
// max(previous + 1, issueTime(now))
std::uint64_t nextManifestVersion(std::uint64_t previous, WallTime now);

}  // namespace waxwing
