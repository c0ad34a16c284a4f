#include "tests/interop/foreign_device.h"

#include "crypto/curve.h"
#include "crypto/sign.h"

namespace waxwing::testing {

ForeignDevice::ForeignDevice(const CurveKey& identityKey, std::uint32_t registrationId, Random& random)
    : account_(SigningKeyPair::generate(random)),
      signing_(SigningKeyPair::generate(random)),
      sealKey_(CurveKeyPair::generate(random).publicKey()) {
  entry_.id = DeviceId::fromTrusted(1);
  entry_.identityKey = identityKey;
  entry_.signingKey = signing_.publicKey();
  entry_.registrationId = registrationId;
}

DeviceAddress ForeignDevice::address() const {
  return {AccountId::fromTrusted(account_.publicKey().view()), entry_.id};
}

Bytes ForeignDevice::bytesToSign() const {
  return signedBytes(SignatureUse::kBindIdentity,
                     bindingBody(address().account, entry_.id, entry_.identityKey, entry_.signingKey));
}

Result<SignedManifest> ForeignDevice::manifest(const Signature& identityBinding, WallTime now) const {
  Manifest manifest;
  manifest.account = address().account;
  manifest.version = nextManifestVersion(0, now);
  manifest.issuedAt = issueTime(now);
  manifest.primary = entry_.id;
  manifest.relay = must(RelayAddress::parse("relay.example:4433"));
  auto entry = entry_;
  entry.identityBinding = identityBinding;
  entry.signingBinding = signing_.sign(SignatureUse::kBindSigning,
                                       bindingBody(manifest.account, entry.id, entry.identityKey, entry.signingKey));
  manifest.devices.push_back(entry);
  return SignedManifest::sign(manifest, account_);
}

PreKeyBundle ForeignDevice::bundle(const SignedPreKey& signedPreKey, const std::optional<OneTimeKey>& oneTime,
                                   WallTime now) {
  PublishedKeys keys;
  keys.owner = address();
  keys.createdAt = issueTime(now);
  counter_ = std::max(counter_ + 1, keys.createdAt);
  keys.counter = counter_;
  keys.signedPreKeyId = signedPreKey.id;
  keys.signedPreKey = signedPreKey.key;
  keys.signedPreKeySignature = signedPreKey.signature;
  keys.sealKeys.push_back({SealSuite::kXChaCha, 1, sealKey_});
  return {entry_.id, toBytes(must(SignedKeys::sign(keys, signing_)).bytes()), oneTime};
}

}  // namespace waxwing::testing
