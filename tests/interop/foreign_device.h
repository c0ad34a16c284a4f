#pragma once

#include "session/manifest.h"
#include "session/published_keys.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {

// A device of which we hold everything but its identity key: that one belongs to another implementation. The account
// and the device's signing key are made here, so that a manifest can vouch for it and its pre-keys reach
// Ratchet::establish in the form that a relay hands out.
class ForeignDevice {
 public:
  ForeignDevice(const CurveKey& identityKey, std::uint32_t registrationId, Random& random);

  DeviceAddress address() const;
  // What the identity key has to sign, by XEdDSA, so that it consents to be listed.
  Bytes bytesToSign() const;
  // kBadBinding if the other implementation's signature does not verify.
  Result<SignedManifest> manifest(const Signature& identityBinding, WallTime now) const;

  struct SignedPreKey {
    std::uint32_t id = 0;
    CurveKey key;
    Signature signature;
  };
  // Each bundle has a higher counter than the one before.
  PreKeyBundle bundle(const SignedPreKey& signedPreKey, const std::optional<OneTimeKey>& oneTime, WallTime now);

 private:
  SigningKeyPair account_;
  SigningKeyPair signing_;
  CurveKey sealKey_;
  ManifestDevice entry_;
  std::uint64_t counter_ = 0;
};

}  // namespace waxwing::testing
