#pragma once

#include <optional>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/sign.h"
#include "session/manifest.h"
#include "store/database.h"

namespace waxwing {

// This installation: its address and its private keys, loaded from the database for the time it is open.
// The primary alone also holds the account's key.
class OwnDevice {
 public:
  // A new account, with this as its primary device 1: makes all keys and the first manifest (adopted into the book).
  static Result<void> createAccount(Transaction& transaction, const RelayAddress& relay, const Clock& clock,
                                    Random& random);
  // kNoSuchProfile if neither `createAccount` nor a device grant has completed.
  static Result<OwnDevice> load(Database& db);

  const DeviceAddress& address() const { return address_; }
  const CurveKey& identityKey() const { return identityKey_; }
  ByteView identitySecret() const { return identitySecret_.view(); }
  std::uint32_t registrationId() const { return registrationId_; }
  bool isPrimary() const { return accountKey_.has_value(); }

  const SigningKeyPair& signingKey() const { return signingKey_; }
  Signature sign(SignatureUse use, ByteView body) const { return signingKey_.sign(use, body); }
  // The account's key, on the primary only: manifests, registration, device grants.
  const SigningKeyPair* accountKey() const { return accountKey_ ? &*accountKey_ : nullptr; }

 private:
  OwnDevice(DeviceAddress address, GuardedMemory identitySecret, CurveKey identityKey, SigningKeyPair signingKey,
            std::optional<SigningKeyPair> accountKey, std::uint32_t registrationId);

  DeviceAddress address_;
  GuardedMemory identitySecret_;
  CurveKey identityKey_;
  SigningKeyPair signingKey_;
  std::optional<SigningKeyPair> accountKey_;
  std::uint32_t registrationId_;
};

}  // namespace waxwing
