#include "crypto/curve.h"
#include "crypto/key_gate.h"
#include "tools/vectors/all_zero_points.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/primitives.h"
#include "tools/vectors/ratchet_steps.h"

// The key schedule of a session, step by step: X3DH, the root key, chain and message keys.
namespace waxwing::vectors {
namespace {

using enum Field::Type;
constexpr auto kOptional = Field::Need::kOptional;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As two honest devices compute it."};
constexpr Note kWrongKey{"WrongKey", "AUTH_BYPASS", "One key is another: whoever agrees nevertheless leaves it out."};
constexpr Note kModifiedOutput{"ModifiedOutput", "AUTH_BYPASS", "The expected value is altered."};
constexpr Note kLowOrder{"LowOrder", "CONFIDENTIALITY", "A key that the gate refuses."};
constexpr Note kSwapped{"Swapped", "AUTH_BYPASS", "Two keys or two values are exchanged."};

constexpr std::string_view kInfo = "WhisperText";

SecretBytes secretIn(Case& c, const char* name) { return SecretBytes(ByteView(c.curveSecret(name))); }

// The public key that belongs to a secret of the case, as the other side received it: through the gate.
CurveKey received(Case& c, const char* name, const SecretBytes& secret) {
  const auto key = c.given(name, CurveKeyPair::fromSecret(secret.view()).publicKey().view());
  return c.accept(name, checkCurveKey(key));
}

// One of the four agreements, computed on Alice's side.
void agree(Case& c, const char* name, Bytes& master, const SecretBytes& secret, const CurveKey& key) {
  SecretArray<32> shared;
  c.require(name, multiplyX25519(shared.span(), secret.view(), key.view()), waxwing::name(Errc::kBadKey));
  c.expect(name, shared.view());
  master.insert(master.end(), shared.view().begin(), shared.view().end());
}

// All secrets and public keys of a case; public keys as the other side received them.
struct Agreement {
  explicit Agreement(Case& c) {
    opening.ourIdentity = secretIn(c, "aliceIdentitySecret");
    opening.ourBase = secretIn(c, "aliceBaseSecret");
    answering.ourIdentity = secretIn(c, "bobIdentitySecret");
    answering.ourSignedPreKey = secretIn(c, "bobSignedPreKeySecret");
    if (c.has("bobOneTimeSecret")) answering.ourOneTimeKey = secretIn(c, "bobOneTimeSecret");
    answering.theirIdentity = received(c, "aliceIdentityKey", opening.ourIdentity);
    answering.theirBase = received(c, "aliceBaseKey", opening.ourBase);
    opening.theirIdentity = received(c, "bobIdentityKey", answering.ourIdentity);
    opening.theirSignedPreKey = received(c, "bobSignedPreKey", answering.ourSignedPreKey);
    if (answering.ourOneTimeKey) opening.theirOneTimeKey = received(c, "bobOneTimeKey", *answering.ourOneTimeKey);
  }

  OpeningKeys opening;
  AgreementKeys answering;
};

void checkX3dh(Case& c) {
  Agreement keys(c);
  const auto& opening = keys.opening;
  Bytes master(32, 0xff);
  agree(c, "dh1", master, opening.ourIdentity, opening.theirSignedPreKey);
  agree(c, "dh2", master, opening.ourBase, opening.theirIdentity);
  agree(c, "dh3", master, opening.ourBase, opening.theirSignedPreKey);
  if (opening.theirOneTimeKey) agree(c, "dh4", master, opening.ourBase, *opening.theirOneTimeKey);
  c.step("master secret: ff × 32 ‖ dh1 ‖ dh2 ‖ dh3 [‖ dh4]", master);
  const auto derived = hkdfSha256(master, Bytes(32), asBytes(kInfo), 64);
  c.require("rootKey", derived.has_value(), name(Errc::kInternal));
  c.expect("rootKey", ByteView(*derived).first(32));
  c.expect("chainKey", ByteView(*derived).last(32));

  const auto bob = agreeAsBob(keys.answering);
  c.require("as Bob", bob.has_value(), name(Errc::kBadKey));
  c.expect("rootKey", bob->rootKey.view());
  c.expect("chainKey", bob->senderChainKey.view());
  const auto alice = agreeAsAlice(opening, c.curveSecret("aliceRatchetSecret"));
  c.require("as Alice", alice.has_value(), name(Errc::kBadKey));
  c.expect("chainKey", alice->receiverChainKey.view());
  c.expect("aliceRatchetKey", alice->senderRatchetKey.view());
  c.expect("nextRootKey", alice->rootKey.view());
  c.expect("aliceChainKey", alice->senderChainKey.view());
}

Json x3dhCase(Generator& g) {
  return Json{{"aliceIdentitySecret", g.curveSecret()},
              {"aliceBaseSecret", g.curveSecret()},
              {"aliceRatchetSecret", g.curveSecret()},
              {"bobIdentitySecret", g.curveSecret()},
              {"bobSignedPreKeySecret", g.curveSecret()}};
}

void refuseOtherKeys(Generator& g, const Json& good) {
  for (const auto* key : {"aliceIdentityKey", "aliceBaseKey", "bobIdentityKey", "bobSignedPreKey", "bobOneTimeKey"}) {
    if (!good.contains(key)) continue;
    const auto other = CurveKeyPair::generate(g.random()).publicKey();
    g.invalid(std::string("another ") + key, {"WrongKey"}, kMismatch, with(good, key, hexOf(other.view())));
    g.invalid(std::string("a low-order ") + key, {"LowOrder"}, name(Errc::kBadKey),
              with(good, key, std::string(64, '0')));
  }
}

Json exchanged(const Json& good, const char* a, const char* b) { return with(with(good, a, good[b]), b, good[a]); }

void generateX3dh(Generator& g) {
  g.group("WithOneTimeKey");
  g.valid("", {"Ordinary"}, with(x3dhCase(g), "bobOneTimeSecret", g.curveSecret()));
  const auto good = g.valid("", {"Ordinary"}, with(x3dhCase(g), "bobOneTimeSecret", g.curveSecret()));
  g.group("WithoutOneTimeKey");
  g.valid("", {"Ordinary"}, x3dhCase(g));
  const auto reduced = g.valid("", {"Ordinary"}, x3dhCase(g));
  g.group("Refused");
  refuseOtherKeys(g, good);
  refuseOtherKeys(g, reduced);
  g.invalid("the identity keys exchanged", {"Swapped"}, kMismatch,
            exchanged(good, "aliceIdentityKey", "bobIdentityKey"));
  g.invalid("identity and base key exchanged", {"Swapped"}, kMismatch,
            exchanged(good, "aliceIdentityKey", "aliceBaseKey"));
  g.invalid("signed and one-time pre-key exchanged", {"Swapped"}, kMismatch,
            exchanged(good, "bobSignedPreKey", "bobOneTimeKey"));
  g.invalid("dh1 and dh2 exchanged", {"Swapped"}, kMismatch, exchanged(good, "dh1", "dh2"));
  g.invalid("root and chain key exchanged", {"Swapped"}, kMismatch, exchanged(good, "rootKey", "chainKey"));
  g.invalid("the one-time key left out", {"WrongKey"}, kMismatch,
            without(without(without(good, "bobOneTimeSecret"), "bobOneTimeKey"), "dh4"));
  g.invalid("a one-time key that the other side did not use", {"WrongKey"}, kMismatch,
            with(reduced, "bobOneTimeSecret", g.curveSecret()));
  for (const auto* output : {"rootKey", "chainKey", "nextRootKey", "aliceChainKey"}) {
    g.invalid(std::string(output) + " is another", {"ModifiedOutput"}, kMismatch,
              with(good, output, flipped(good[output], 9)));
  }
}

void checkRootStep(Case& c) {
  const auto rootKey = c.fixed<Hash>("rootKey");
  const auto ourSecret = secretIn(c, "ourRatchetSecret");
  const auto theirKey = c.accept("theirRatchetKey", checkCurveKey(c.hex("theirRatchetKey")));
  SecretArray<32> shared;
  c.require("X25519", multiplyX25519(shared.span(), ourSecret.view(), theirKey.view()), name(Errc::kBadKey));
  c.step("X25519(ourRatchetSecret, theirRatchetKey)", shared.view());
  const auto next = rootStep(rootKey.view(), ourSecret.view(), theirKey);
  c.require("root step", next.has_value(), name(Errc::kBadKey));
  c.expect("nextRootKey", next->rootKey.view());
  c.expect("chainKey", next->chainKey.view());
}

void generateRootStep(Generator& g) {
  Json good;
  for (int i = 0; i < 3; ++i) {
    const auto their = CurveKeyPair::generate(g.random()).publicKey();
    good = g.valid("", {"Ordinary"},
                   Json{{"rootKey", g.randomHex(32)},
                        {"ourRatchetSecret", g.curveSecret()},
                        {"theirRatchetKey", hexOf(their.view())}});
  }
  g.group("Refused");
  g.invalid("another root key", {"WrongKey"}, kMismatch, with(good, "rootKey", flipped(good["rootKey"], 0)));
  g.invalid("another secret", {"WrongKey"}, kMismatch, with(good, "ourRatchetSecret", g.curveSecret()));
  g.invalid("another ratchet key", {"WrongKey"}, kMismatch,
            with(good, "theirRatchetKey", hexOf(CurveKeyPair::generate(g.random()).publicKey().view())));
  g.invalid("root and chain key exchanged", {"Swapped"}, kMismatch, exchanged(good, "nextRootKey", "chainKey"));
  g.invalid("the root key is another", {"ModifiedOutput"}, kMismatch,
            with(good, "nextRootKey", flipped(good["nextRootKey"], 31)));
  g.invalid("the chain key is another", {"ModifiedOutput"}, kMismatch,
            with(good, "chainKey", flipped(good["chainKey"], 31)));
  for (const auto point : kAllZeroPoints) {
    g.invalid("a ratchet key of low order", {"LowOrder"}, name(Errc::kBadKey),
              with(good, "theirRatchetKey", std::string(point)));
  }
}

void checkChainStep(Case& c) {
  const auto chainKey = c.fixed<Hash>("chainKey");
  const auto made = chainStep(chainKey.view(), static_cast<std::uint32_t>(0));
  c.expect("cipherKey", made.cipherKey.view());
  c.expect("macKey", made.macKey.view());
  c.expect("iv", made.iv.view());
  c.expect("nextChainKey", made.nextChainKey.view());
}

void generateChainStep(Generator& g) {
  Json good;
  std::string chainKey = g.randomHex(32);
  for (const auto* comment : {"the first message of a chain", "the second", "the third"}) {
    good = g.valid(comment, {"Ordinary"}, Json{{"chainKey", chainKey}});
    chainKey = good["nextChainKey"].get<std::string>();
  }
  g.group("Refused");
  g.invalid("another chain key", {"WrongKey"}, kMismatch, with(good, "chainKey", flipped(good["chainKey"], 0)));
  g.invalid("31 bytes", {"WrongKey"}, kMalformed,
            with(good, "chainKey", good["chainKey"].get<std::string>().substr(2)));
  for (const auto* output : {"cipherKey", "macKey", "iv", "nextChainKey"}) {
    g.invalid(std::string(output) + " is another", {"ModifiedOutput"}, kMismatch,
              with(good, output, flipped(good[output], 1)));
  }
  g.invalid("cipher and MAC key exchanged", {"Swapped"}, kMismatch, exchanged(good, "cipherKey", "macKey"));
  g.invalid("the chain stands still", {"Swapped"}, kMismatch, with(good, "nextChainKey", good["chainKey"]));
}

}  // namespace

std::vector<Kind> ratchetKinds() {
  return {
      {"x3dh",
       "docs/protocol.md §5",
       "Both sides of X3DH agree on these keys.",
       {{"aliceIdentitySecret", kHex, "32 bytes, clamped, as all secrets here"},
        {"aliceBaseSecret", kHex, "drawn for this session"},
        {"aliceRatchetSecret", kHex, "drawn for her first sending chain"},
        {"bobIdentitySecret", kHex, "his device's"},
        {"bobSignedPreKeySecret", kHex, "his signed pre-key's; also his first ratchet key"},
        {"bobOneTimeSecret", kHex, "his one-time pre-key's, if one was used", kOptional},
        {"aliceIdentityKey", kHex, "as Bob received it"},
        {"aliceBaseKey", kHex, "as Bob received it"},
        {"bobIdentityKey", kHex, "as Alice received it"},
        {"bobSignedPreKey", kHex, "as Alice received it"},
        {"bobOneTimeKey", kHex, "as Alice received it", kOptional},
        {"dh1", kHex, "X25519 of her identity and his signed pre-key"},
        {"dh2", kHex, "X25519 of her base key and his identity"},
        {"dh3", kHex, "X25519 of her base key and his signed pre-key"},
        {"dh4", kHex, "X25519 of her base key and his one-time key", kOptional},
        {"rootKey", kHex, "HKDF's first 32 bytes; salt 32 zero bytes, info \"WhisperText\""},
        {"chainKey", kHex, "its last 32 bytes: the chain of his signed pre-key"},
        {"aliceRatchetKey", kHex, "her first ratchet key"},
        {"nextRootKey", kHex, "after the root step of aliceRatchetSecret and bobSignedPreKey"},
        {"aliceChainKey", kHex, "her first sending chain's, from the same step"}},
       {kOrdinary, kWrongKey, kModifiedOutput, kLowOrder, kSwapped},
       generateX3dh,
       checkX3dh},
      {"root_step",
       "docs/protocol.md §5",
       "A Diffie-Hellman step of the root key gives these keys.",
       {{"rootKey", kHex, "32 bytes: HKDF's salt"},
        {"ourRatchetSecret", kHex, "32 bytes, clamped"},
        {"theirRatchetKey", kHex, "u, 32 bytes"},
        {"nextRootKey", kHex, "HKDF's first 32 bytes; info \"WhisperRatchet\""},
        {"chainKey", kHex, "its last 32 bytes"}},
       {kOrdinary, kWrongKey, kModifiedOutput, kLowOrder, kSwapped},
       generateRootStep,
       checkRootStep},
      {"chain_step",
       "docs/protocol.md §5",
       "A chain key gives these message keys and this next chain key.",
       {{"chainKey", kHex, "32 bytes"},
        {"cipherKey", kHex, "AES-256-CBC, 32 bytes"},
        {"macKey", kHex, "HMAC-SHA256, 32 bytes"},
        {"iv", kHex, "16 bytes"},
        {"nextChainKey", kHex, "32 bytes"}},
       {kOrdinary, kWrongKey, kModifiedOutput, kSwapped},
       generateChainStep,
       checkChainStep},
  };
}

}  // namespace waxwing::vectors
