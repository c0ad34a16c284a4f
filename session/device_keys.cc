#include "session/device_keys.h"

#include "crypto/curve.h"
#include "crypto/limits.h"

namespace waxwing {

IdentityTable::Row makeDeviceKeys(const DeviceAddress& address, Random& random) {
  IdentityTable::Row keys;
  keys.address = address;
  keys.registrationId = static_cast<std::uint32_t>(1 + random.below(limits::kRegistrationIdMax));
  keys.identitySecret = std::move(*SecretArray<32>::from(CurveKeyPair::generate(random).secret()));
  keys.signingSeed = SigningKeyPair::generate(random).seed();
  return keys;
}

ManifestDevice manifestEntry(const IdentityTable::Row& keys, const SignalContext& signal) {
  const auto signer = SigningKeyPair::fromSeed(keys.signingSeed.view());
  ManifestDevice entry;
  entry.id = keys.address.device;
  entry.identityKey = CurveKeyPair::fromSecret(keys.identitySecret.view()).publicKey();
  entry.signingKey = signer.publicKey();
  entry.registrationId = keys.registrationId;
  const auto body = bindingBody(keys.address.account, entry.id, entry.identityKey, entry.signingKey);
  entry.identityBinding = signal.signXeddsa(keys.identitySecret.view(), SignatureUse::kBindIdentity, body);
  entry.signingBinding = signer.sign(SignatureUse::kBindSigning, body);
  return entry;
}

}  // namespace waxwing
