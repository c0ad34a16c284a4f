#include "tests/rpc/test_account.h"

#include "crypto/curve.h"
#include "crypto/key_gate.h"
#include "crypto/text.h"

namespace waxwing::testing {
namespace {

SigningKeyPair identityPair(DeviceId device) {
  return SigningKeyPair::fromSeed(Bytes(32, static_cast<std::uint8_t>(6 + device.value())));
}

Signature xeddsa(const SigningKeyPair& pair, SignatureUse use, ByteView body) {
  auto signature = pair.sign(use, body);
  if (pair.publicKey().bytes[31] >= 0x80) signature.bytes[63] |= 0x80;
  return signature;
}

CurveKey signedPreKey() { return CurveKeyPair::fromSecret(Bytes(32, 9)).publicKey(); }

// The first device's identity key's XEdDSA signature over 0x05 ‖ signedPreKey(), made once with libsodium's Ed25519:
// our own signatures carry a label.
Signature signedPreKeySignature() {
  return *Signature::from(
      *fromHex("08ca7a077e2b0607298236a96f3b4659cce5cd4150ba2858eb2277aa464f9790"
               "445be088b361cfa0c3dbe8ef203a59ad8848d8e752f94804c6fd00216e6f790a"));
}

}  // namespace

TestAccount::TestAccount(Random& random, std::string relayName) : accountKey_(SigningKeyPair::generate(random)) {
  manifest_.account = *AccountId::parse(accountKey_.publicKey().view());
  manifest_.version = 100;
  manifest_.issuedAt = 100;
  manifest_.primary = DeviceId::fromTrusted(1);
  manifest_.relay = *RelayAddress::parse(relayName);
  addDevice(random);
}

void TestAccount::addDevice(Random& random) {
  renew();
  deviceKeys_.push_back(SigningKeyPair::generate(random));
  ManifestDevice device;
  device.id = DeviceId::fromTrusted(static_cast<std::int64_t>(deviceKeys_.size()));
  const auto identity = identityPair(device.id);
  device.identityKey = toCurveKey(identity.publicKey());
  device.signingKey = deviceKeys_.back().publicKey();
  device.registrationId = 1;
  const Bytes body = bindingBody(id(), device.id, device.identityKey, device.signingKey);
  device.identityBinding = xeddsa(identity, SignatureUse::kBindIdentity, body);
  device.signingBinding = deviceKeys_.back().sign(SignatureUse::kBindSigning, body);
  manifest_.devices.push_back(device);
}

void TestAccount::retire(int device) {
  renew();
  std::erase_if(manifest_.devices, [device](const auto& entry) { return entry.id.value() == device; });
  manifest_.retired.set(static_cast<std::size_t>(device));
}

void TestAccount::moveTo(std::string relayName) {
  renew();
  manifest_.relay = *RelayAddress::parse(relayName);
}

SignedManifest TestAccount::manifest() const { return SignedManifest::sign(manifest_, accountKey_).value(); }

SignedKeys TestAccount::keys(std::uint64_t counter) const {
  PublishedKeys keys;
  keys.owner = address();
  keys.counter = counter;
  keys.createdAt = 1;
  keys.signedPreKeyId = 1;
  keys.signedPreKey = signedPreKey();
  keys.signedPreKeySignature = signedPreKeySignature();
  keys.sealKeys.push_back({SealSuite::kXChaCha, 1, signedPreKey()});
  return SignedKeys::sign(keys, deviceKeys_.front()).value();
}

}  // namespace waxwing::testing
