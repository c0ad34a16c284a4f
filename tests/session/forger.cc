#include "tests/session/forger.h"

#include <iterator>

#include "tests/session/forge.h"

namespace waxwing::testing {

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
  switch (random_.below(4)) {
    case 0:
      return claimOther(envelope);
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

}  // namespace waxwing::testing
