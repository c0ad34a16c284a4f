#include "session/published_keys.h"

#include "crypto/curve.h"
#include "session/signal_context.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/scripted_random.h"

// What a device publishes for others to open sessions with.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device makes it."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A signature, or what it covers, is altered, or of another signer."};
constexpr Note kBadKey{"BadKey", "CONFIDENTIALITY", "A key that no honest device makes, duly signed."};
constexpr Note kLimits{"Limits", "MISSING_STEP", "Duly signed, and outside the limits."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "Duly signed, and not a message of the schema."};

Bytes madeKeys(Case& c, const DeviceAddress& owner) {
  const auto identity = c.curveSecret("identitySecret");
  const auto signer = SigningKeyPair::fromSeed(c.fixed<Hash>("signingSeed").view());
  c.given("identityKey", CurveKeyPair::fromSecret(identity).publicKey().view());
  c.given("signingKey", signer.publicKey().view());
  PublishedKeys keys;
  keys.owner = owner;
  keys.counter = c.number("counter");
  keys.createdAt = c.number("createdAt");
  keys.signedPreKeyId = c.number32("signedPreKeyId");
  keys.signedPreKey = c.fixed<CurveKey>("signedPreKey");
  ScriptedRandom random(c.hex("random"));
  const auto body = ByteWriter().u8(kCurveKeyType).raw(keys.signedPreKey.view()).take();
  keys.signedPreKeySignature = SignalContext(random).signXeddsaRaw(identity, body);
  c.require("random", random.finish(), kRandomness);
  const auto id = c.number32("sealKeyId");
  keys.sealKeys.push_back({SealSuite::kXChaCha, id, c.fixed<CurveKey>("sealKey")});
  auto bytes = toBytes(c.accept("publishedKeys", SignedKeys::sign(keys, signer)).bytes());
  c.expect("identityKey", CurveKeyPair::fromSecret(identity).publicKey().view());
  c.expect("signingKey", signer.publicKey().view());
  return bytes;
}

void checkPublishedKeys(Case& c) {
  const auto account = c.accept("account", AccountId::parse(c.hex("account")));
  const DeviceAddress owner{account, c.accept("device", DeviceId::parse(c.number("device")))};
  Bytes made;
  if (c.has("identitySecret")) made = madeKeys(c, owner);
  ManifestDevice entry;
  entry.id = owner.device;
  entry.identityKey = c.fixed<CurveKey>("identityKey");
  entry.signingKey = c.fixed<SigningKey>("signingKey");
  const auto parsed = c.accept("publishedKeys", SignedKeys::parse(c.given("publishedKeys", made), account, entry));
  const auto& keys = parsed.keys();
  c.expectNumber("counter", keys.counter);
  c.expectNumber("createdAt", keys.createdAt);
  c.expectNumber("signedPreKeyId", keys.signedPreKeyId);
  c.expect("signedPreKey", keys.signedPreKey.view());
  c.step("signed pre-key's signature, over 05 ‖ key", keys.signedPreKeySignature.view());
  c.expectNumber("sealKeyId", keys.sealKeys.front().id);
  c.expect("sealKey", keys.sealKeys.front().key.view());
  c.expect("publishedKeys", made);
}

Json keysJson(Generator& g) {
  const auto curveKey = [&] { return hexOf(CurveKeyPair::generate(g.random()).publicKey().view()); };
  return Json{{"account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())},
              {"device", 1 + g.random().below(127)},
              {"identitySecret", g.curveSecret()},
              {"signingSeed", g.randomHex(32)},
              {"counter", 1'800'000'005u},
              {"createdAt", 1'800'000'000u},
              {"signedPreKeyId", 1 + g.random().below(0xfffffe)},
              {"signedPreKey", curveKey()},
              {"random", g.randomHex(64)},
              {"sealKeyId", g.random().below(0xffffffff)},
              {"sealKey", curveKey()}};
}

void generatePublishedKeys(Generator& g) {
  g.valid("", {"Ordinary"}, keysJson(g));
  const auto good = g.valid("", {"Ordinary"}, keysJson(g));
  g.group("Refused");
  const auto seen = only(good, {"account", "device", "identityKey", "signingKey", "publishedKeys"});
  const auto badSignature = name(Errc::kBadSignature), malformed = name(Errc::kMalformed);
  for (const int place : {0, 40, 63, 100, -1}) {
    g.refused("a byte is another", {"Forged"}, with(seen, "publishedKeys", flipped(good["publishedKeys"], place)));
  }
  g.invalid("of another account", {"Forged"}, badSignature,
            with(seen, "account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())));
  g.invalid("of another device", {"Forged"}, badSignature,
            with(seen, "device", good["device"].get<std::uint64_t>() % 127 + 1));
  g.invalid("another signing key", {"Forged"}, badSignature,
            with(seen, "signingKey", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())));
  g.invalid("another identity key", {"Forged"}, badSignature,
            with(seen, "identityKey", hexOf(CurveKeyPair::generate(g.random()).publicKey().view())));
  const auto signer = SigningKeyPair::fromSeed(bytesOf(good["signingSeed"]));
  const auto message = bytesOf(good["publishedKeys"].get<std::string>().substr(128));
  const auto signedAnew = [&](ByteView body) {
    const auto signature = signer.sign(SignatureUse::kKeys, body);
    return with(seen, "publishedKeys", hexOf(ByteWriter().raw(signature.view()).raw(body).view()));
  };
  const auto replaced = [&](ByteView from, ByteView to) {
    auto changed = message;
    std::ranges::copy(to, std::ranges::search(changed, from).begin());
    return signedAnew(changed);
  };
  const auto preKey = bytesOf(good["signedPreKey"]);
  g.invalid("a signed pre-key that the identity did not sign", {"Forged"}, badSignature,
            replaced(preKey, CurveKeyPair::generate(g.random()).publicKey().view()));
  g.invalid("a seal key of low order", {"BadKey"}, name(Errc::kBadKey), replaced(bytesOf(good["sealKey"]), Bytes(32)));
  ScriptedRandom random(Bytes(64, 9));
  const auto zeroKey = ByteWriter().u8(kCurveKeyType).zeros(32).take();
  const auto overZero = SignalContext(random).signXeddsaRaw(bytesOf(good["identitySecret"]), zeroKey);
  const auto parsed = SignedKeys::peek(bytesOf(good["publishedKeys"]));
  auto lowOrder = message;
  std::ranges::copy(Bytes(32), std::ranges::search(lowOrder, preKey).begin());
  std::ranges::copy(overZero.bytes, std::ranges::search(lowOrder, parsed->signedPreKeySignature.view()).begin());
  g.invalid("a signed pre-key of low order, duly signed", {"BadKey"}, name(Errc::kBadKey), signedAnew(lowOrder));
  const auto counter = ByteWriter().u64(1'800'000'005u).take();
  g.invalid("counter 0", {"Limits"}, malformed, replaced(counter, Bytes(8)));
  g.invalid("a counter below the time of creation", {"Limits"}, malformed,
            replaced(counter, ByteWriter().u64(1'799'999'999u).view()));
  g.invalid("a counter over 2^62", {"Limits"}, malformed, replaced(counter, ByteWriter().u64((1ull << 62) + 1).view()));
  const auto preKeyId = ByteWriter().u32(good["signedPreKeyId"].get<std::uint32_t>()).take();
  g.invalid("signed pre-key id 0", {"Limits"}, malformed, replaced(preKeyId, Bytes(4)));
  g.invalid("signed pre-key id 0xffffff", {"Limits"}, malformed, replaced(preKeyId, ByteWriter().u32(0xffffff).view()));
  auto longer = message;
  longer.resize(4096 - 56);
  g.invalid("over 4 KiB", {"Limits"}, name(Errc::kOverLimit), signedAnew(longer));
  g.invalid("not whole words", {"Encoding"}, malformed, signedAnew(ByteView(message).first(message.size() - 1)));
  g.invalid("the last word is missing", {"Encoding"}, malformed,
            signedAnew(ByteView(message).first(message.size() - 8)));
  g.invalid("empty", {"Encoding"}, malformed, with(seen, "publishedKeys", ""));
}

}  // namespace

std::vector<Kind> publishedKeysKinds() {
  return {
      {"published_keys",
       "docs/protocol.md §4",
       "Published keys are accepted of this device and say this; the secrets make them.",
       {{"account", kHex, "32 bytes"},
        {"device", kNumber, "1 to 127"},
        {"identitySecret", kHex, "Curve25519, 32 bytes, clamped"},
        {"signingSeed", kHex, "Ed25519, 32 bytes"},
        {"identityKey", kHex, "as the manifest lists it"},
        {"signingKey", kHex, "as the manifest lists it"},
        {"counter", kNumber, "1 to 2^62, not below createdAt"},
        {"createdAt", kNumber, "seconds"},
        {"signedPreKeyId", kNumber, "1 to 0xFFFFFE"},
        {"signedPreKey", kHex, "u, 32 bytes"},
        {"random", kHex, "the 64 bytes drawn for the signed pre-key's signature"},
        {"sealKeyId", kNumber, "of the suite 1 seal key"},
        {"sealKey", kHex, "u, 32 bytes"},
        {"publishedKeys", kHex, "signature (64) ‖ PublishedKeys message"}},
       {kOrdinary, kForged, kBadKey, kLimits, kEncoding},
       generatePublishedKeys,
       checkPublishedKeys},
  };
}

}  // namespace waxwing::vectors
