#pragma once

#include "crypto/sign.h"
#include "session/manifest.h"

namespace waxwing::vectors {

// What an entry of a manifest is made from.
struct DeviceSecrets {
  DeviceId id;
  Bytes identitySecret;
  Bytes signingSeed;
  std::uint32_t registrationId = 0;
  Bytes random;  // 64, for the identity binding's nonce
};
ManifestDevice listedDevice(const AccountId& account, const DeviceSecrets& secrets);

AccountId accountOf(const SigningKeyPair& key);

}  // namespace waxwing::vectors
