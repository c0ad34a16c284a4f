#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/sign.h"
#include "session/manifest.h"
#include "session/published_keys.h"

namespace waxwing::testing {

// An account made without libsignal: its devices' identity keys are images of Ed25519 keys, so that an Ed25519
// signature with the sign bit in its last byte is their XEdDSA signature. Real enough for everything that a relay
// verifies.
class TestAccount {
 public:
  // One device, number 1, at the relay of that name (`host:port`).
  TestAccount(Random& random, std::string relayName);

  const AccountId& id() const { return manifest_.account; }
  DeviceAddress address(int device = 1) const { return {id(), DeviceId::fromTrusted(device)}; }
  const SigningKeyPair& accountKey() const { return accountKey_; }
  const SigningKeyPair& deviceKey(int device = 1) const { return deviceKeys_.at(static_cast<std::size_t>(device - 1)); }
  std::uint64_t version() const { return manifest_.version; }
  // Signs the newest state.
  SignedManifest manifest() const;

  // Each makes a newer version.
  void addDevice(Random& random);
  void retire(int device);
  void moveTo(std::string relayName);
  void renew() { ++manifest_.version; }

  // Of device 1.
  SignedKeys keys(std::uint64_t counter) const;

 private:
  SigningKeyPair accountKey_;
  std::vector<SigningKeyPair> deviceKeys_;
  Manifest manifest_;
};

}  // namespace waxwing::testing
