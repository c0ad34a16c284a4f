// Envelopes: the sealed bytes as a relay hands them out, and what a stranger who knows the seal key puts inside.

#include "session/envelope.h"

#include "crypto/curve.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "tests/fuzz/target.h"

namespace waxwing::fuzz {
namespace {

constexpr std::uint32_t kSealKeyId = 7;

const CurveKeyPair& sealKey() {
  static const auto pair = CurveKeyPair::fromSecret(Bytes(32, 5));
  return pair;
}

Bytes outer() { return ByteWriter().u8(static_cast<std::uint8_t>(SealSuite::kXChaCha)).u32(kSealKeyId).take(); }

Bytes sealedAround(ByteView inside) {
  SeededRandom random(1);
  return ByteWriter().raw(outer()).raw(seal(sealKey().publicKey(), inside, random)).take();
}

Bytes insideOf(ByteView sealed) { return toBytes(openSeal(sealKey(), sealed.subspan(outer().size()))->view()); }

void run(ByteView input) {
  Input in(input);
  const auto sealed = in.below(2) == 0 ? toBytes(in.rest()) : sealedAround(in.rest());
  const auto envelope = openEnvelope(sealed, sealKey());
  if (!envelope) return;
  SeededRandom random(2);
  const auto again = sealEnvelope(*envelope, {SealSuite::kXChaCha, kSealKeyId, sealKey().publicKey()}, random);
  require(again.has_value(), "an envelope that was opened cannot be sealed");
  require(equal(insideOf(*again), insideOf(sealed)), "an envelope has two encodings");
}

std::vector<Seed> seeds() {
  SeededRandom random(3);
  const auto account = [&] { return *AccountId::parse(SigningKeyPair::generate(random).publicKey().view()); };
  Envelope envelope;
  envelope.id = random.fixed<EnvelopeId>();
  envelope.to = {account(), DeviceId::fromTrusted(1)};
  envelope.from = {account(), DeviceId::fromTrusted(2)};
  envelope.kind = CipherKind::kPreKey;
  envelope.ciphertext = Bytes(300, 0x33);
  const auto sealed = [&] {
    return *sealEnvelope(envelope, {SealSuite::kXChaCha, kSealKeyId, sealKey().publicKey()}, random);
  };
  std::vector<Seed> all{{"sealed", tagged(0, sealed())}, {"inside", tagged(1, insideOf(sealed()))}};
  envelope.manifest = Bytes(200, 0x44);
  envelope.kind = CipherKind::kMessage;
  all.push_back({"inside-with-manifest", tagged(1, insideOf(sealed()))});
  return all;
}

}  // namespace

extern const Target kEnvelope;
const Target kEnvelope{"envelope", 4096, run, seeds};

}  // namespace waxwing::fuzz
