#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "session/manifest.h"

namespace waxwing {

// The byte that libsignal writes in front of a Curve25519 public key.
inline constexpr std::uint8_t kCurveKeyType = 0x05;

struct SealKey {
  SealSuite suite = SealSuite::kXChaCha;
  std::uint32_t id = 0;
  CurveKey key;
};

struct PublishedKeys {
  DeviceAddress owner;
  std::uint64_t counter = 0;
  std::uint64_t createdAt = 0;  // seconds
  std::uint32_t signedPreKeyId = 0;
  CurveKey signedPreKey;
  Signature signedPreKeySignature;
  std::vector<SealKey> sealKeys;
};

struct OneTimeKey {
  std::uint32_t id = 0;
  CurveKey key;
};

// A device's published keys that verified against its manifest entry, with the bytes that were signed. Immutable.
class SignedKeys {
 public:
  // Checks size, encoding, limits, the key gate on every key, that the keys are `owner`'s, the device's signature and
  // the identity key's signature over the signed pre-key. A seal key of an unknown suite is skipped, one of a known
  // suite must be there.
  static Result<SignedKeys> parse(ByteView bytes, const AccountId& account, const ManifestDevice& owner);
  static Result<SignedKeys> sign(const PublishedKeys& keys, const SigningKeyPair& deviceKey);
  // Decodes without verifying: what a relay needs to route (owner, counter). kMalformed.
  static Result<PublishedKeys> peek(ByteView bytes);

  const PublishedKeys& keys() const { return keys_; }
  ByteView bytes() const { return bytes_; }

 private:
  SignedKeys(PublishedKeys keys, Bytes bytes) : keys_(std::move(keys)), bytes_(std::move(bytes)) {}

  PublishedKeys keys_;
  Bytes bytes_;
};

// What a relay hands out to open a session with one device. Unverified until `SignedKeys::parse`.
struct PreKeyBundle {
  DeviceId device;
  Bytes signedKeys;
  std::optional<OneTimeKey> oneTimeKey;  // has not passed the key gate yet
};

}  // namespace waxwing
