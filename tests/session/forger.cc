#include "tests/session/forger.h"

#include <iterator>

#include "session/device_keys.h"
#include "session/manifest.h"
#include "session/signal_context.h"
#include "tests/session/forge.h"

namespace waxwing::testing {

namespace {

SignedManifest listOfNewAccount(Random& random) {
  const auto account = SigningKeyPair::generate(random);
  IdentityTable::Row device;
  device.address = {AccountId::fromTrusted(account.publicKey().view()), DeviceId::fromTrusted(1)};
  device.registrationId = 1;
  device.identitySecret = *SecretArray<32>::from(CurveKeyPair::generate(random).secret());
  device.signingSeed = SigningKeyPair::generate(random).seed();
  Manifest manifest;
  manifest.account = device.address.account;
  manifest.version = manifest.issuedAt = 1;
  manifest.primary = device.address.device;
  manifest.relay = *RelayAddress::parse("nowhere.example:7077");
  manifest.devices.push_back(manifestEntry(device, SignalContext(random)));
  return SignedManifest::sign(manifest, account).value();
}

}  // namespace

Forger::Forger(WireTap& tap, Random& random) : tap_(tap), random_(random), parts_(std::make_unique<Forge>()) {}

Forger::~Forger() = default;

std::optional<relay::QueuedEnvelope> Forger::forge(const DeviceAddress& mailbox, const relay::QueuedEnvelope& genuine) {
  auto opened = tap_.look(mailbox, genuine.payload);
  if (!opened) return std::nullopt;
  Envelope& envelope = opened->envelope;
  if (random_.below(2) == 0) envelope.id = random_.fixed<EnvelopeId>();
  spoil(envelope);
  const auto sealed = sealEnvelope(envelope, {SealSuite::kXChaCha, opened->sealKeyId, opened->sealKey}, random_);
  if (!sealed) return std::nullopt;
  return relay::QueuedEnvelope{envelope.id, genuine.keyClass, *sealed};
}

void Forger::spoil(Envelope& envelope) {
  const CurveKey stranger = CurveKeyPair::generate(random_).publicKey();
  switch (random_.below(5)) {
    case 0:
      return claimOther(envelope);
    case 4:
      return claimStranger(envelope);
    case 1:
      envelope.kind = CipherKind::kMessage;
      envelope.ciphertext = parts_->plain(stranger, 1 + static_cast<std::uint32_t>(random_.below(2'500)));
      return;
    case 2:
      if (envelope.kind != CipherKind::kPreKey) return flipBit(envelope.ciphertext);
      {
        InitialParts initial = parts_->take(envelope.ciphertext);
        initial.identityKey = stranger;
        envelope.ciphertext = parts_->put(initial);
      }
      return;
    default:
      return flipBit(envelope.ciphertext);
  }
}

void Forger::flipBit(Bytes& bytes) {
  const std::uint64_t bit = random_.below(bytes.size() * 8);
  bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
}

// Another account's device list is genuine, and says nothing of who brings it.
void Forger::claimOther(Envelope& envelope) {
  if (manifests_.empty()) return flipBit(envelope.ciphertext);
  auto other = manifests_.begin();
  std::advance(other, static_cast<std::ptrdiff_t>(random_.below(manifests_.size())));
  if (other->first == envelope.from.account) return flipBit(envelope.ciphertext);
  envelope.from = {other->first, DeviceId::fromTrusted(1)};
  envelope.manifest = other->second;
}

// A device list that nobody has seen, as anybody can sign one.
void Forger::claimStranger(Envelope& envelope) {
  const SignedManifest list = listOfNewAccount(random_);
  envelope.from = {list->account, list->primary};
  envelope.manifest = toBytes(list.bytes());
}

}  // namespace waxwing::testing
