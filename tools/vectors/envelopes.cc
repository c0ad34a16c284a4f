#include "crypto/padding.h"
#include "crypto/seal.h"
#include "session/envelope.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/scripted_random.h"

// What goes around a message: padding, the seal, the envelope.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device makes it."};
constexpr Note kLength{"Length", "MISSING_STEP", "Cut short, too long, or with a length that does not fit."};
constexpr Note kPadding{"Padding", "MISSING_STEP",
                        "Padding that is not as it is written: a place to hide something, or a size that tells more."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A sealed byte is another."};
constexpr Note kFields{"Fields", "MISSING_STEP", "A field inside that no device writes."};
constexpr Note kVersion{"Version", "MISSING_STEP", "A suite that this version does not know."};

// --- Padmé sizes

void checkPadme(Case& c) {
  const auto size = c.number("size");
  c.expectNumber("padded", padmeSize(size));
  c.expectNumber("zeros", padmeSize(size) - size);
}

void generatePadme(Generator& g) {
  const auto size = [](std::uint64_t value) { return Json{{"size", value}}; };
  for (const std::uint64_t value : {0u, 1u, 255u, 256u, 257u, 264u, 265u, 511u, 512u, 513u, 1000u, 1025u, 4097u, 65536u,
                                    65537u, 100000u, 131072u}) {
    g.valid("", {"Ordinary"}, size(value));
  }
  g.group("Refused");
  const auto refuse = [&](const char* comment, std::uint64_t value, std::uint64_t padded) {
    g.invalid(comment, {"Padding"}, kMismatch, Json{{"size", value}, {"padded", padded}});
  };
  refuse("not padded at all", 257, 257);
  refuse("a power of two", 257, 512);
  refuse("one step too far", 257, 288);
  refuse("below the smallest", 1, 128);
  refuse("nothing", 0, 0);
  refuse("rounded down", 1025, 1024);
  for (const std::uint64_t value : {300u, 777u, 1025u, 5000u, 65537u, 100000u}) {
    refuse("one byte less", value, padmeSize(value) - 1);
    refuse("one byte more", value, padmeSize(value) + 1);
  }
}

// --- the cipher's padding

void checkPadding(Case& c) {
  Bytes made;
  if (c.has("random")) {
    ScriptedRandom random(c.hex("random"));
    made = toBytes(padContent(c.hex("content"), random).view());
    c.require("random", random.finish(), kRandomness);
  }
  const auto content = c.accept("padded", unpadContent(c.given("padded", made)));
  c.expect("content", content.view());
  c.expect("padded", made);
}

void generatePadding(Generator& g) {
  Json good;
  for (const std::size_t size : {0u, 1u, 236u, 237u, 1000u}) {
    auto made = g.valid("", {"Ordinary"}, Json{{"random", g.randomHex(16)}, {"content", g.randomHex(size)}});
    if (size == 1) good = std::move(made);
  }
  g.group("Refused");
  const auto padded = bytesOf(good["padded"]);
  const auto refuse = [&](const char* comment, const char* flag, ByteView bytes) {
    g.invalid(comment, {flag}, name(Errc::kMalformed), Json{{"padded", hexOf(bytes)}});
  };
  const auto patched = [&](std::size_t place, std::uint8_t value) {
    auto copy = padded;
    copy[place] = value;
    return copy;
  };
  refuse("empty", "Length", {});
  refuse("shorter than its head", "Length", ByteView(padded).first(19));
  refuse("255 bytes", "Length", ByteView(padded).first(255));
  refuse("264 bytes: a Padmé size, of another length", "Padding", ByteWriter().raw(padded).zeros(8).view());
  refuse("512 bytes", "Padding", ByteWriter().raw(padded).zeros(256).view());
  refuse("the last zero is a one", "Padding", patched(255, 1));
  refuse("the first zero is a one", "Padding", patched(21, 1));
  refuse("a length that reaches beyond the end", "Length", patched(17, 1));
  refuse("a length of 4 GiB", "Length", patched(19, 0xff));
  g.invalid("other random bytes", {"Padding"}, kMismatch, with(good, "random", flipped(good["random"], 0)));
  g.invalid("another content", {"Padding"}, kMismatch, with(good, "content", flipped(good["content"], 0)));
}

// --- the seal

// What is sealed with the case's secrets, or nothing if it has none.
Bytes sealedBy(Case& c, const CurveKeyPair& recipient, ByteView plaintext) {
  if (!c.has("ephemeralSecret")) return {};
  ScriptedRandom random(c.curveSecret("ephemeralSecret"));
  auto sealed = seal(recipient.publicKey(), plaintext, random);
  c.require("ephemeralSecret", random.finish(), kRandomness);
  return sealed;
}

void checkSeal(Case& c) {
  const auto recipient = CurveKeyPair::fromSecret(c.curveSecret("recipientSecret"));
  Bytes made;
  if (c.has("ephemeralSecret")) {
    c.expect("recipientKey", recipient.publicKey().view());
    made = sealedBy(c, recipient, c.hex("plaintext"));
  }
  const auto plaintext = c.accept("sealed", openSeal(recipient, c.given("sealed", made)));
  c.expect("plaintext", plaintext.view());
  c.expect("sealed", made);
}

void generateSeal(Generator& g) {
  Json good;
  for (const std::size_t size : {0u, 1u, 64u, 300u}) {
    auto made = g.valid("", {"Ordinary"},
                        Json{{"recipientSecret", g.curveSecret()},
                             {"ephemeralSecret", g.curveSecret()},
                             {"plaintext", g.randomHex(size)}});
    if (size == 64) good = std::move(made);
  }
  g.group("Refused");
  const auto seen = only(good, {"recipientSecret", "sealed"});
  const auto whole = good["sealed"].get<std::string>();
  const auto broken = name(Errc::kSealBroken);
  for (const int place : {0, 31, 32, 47, 48, 80, -1}) {
    g.invalid("a byte is another", {"Forged"}, broken, with(seen, "sealed", flipped(good["sealed"], place)));
  }
  g.invalid("the last byte is missing", {"Length"}, broken, with(seen, "sealed", whole.substr(0, whole.size() - 2)));
  g.invalid("a byte behind", {"Length"}, broken, with(seen, "sealed", whole + "00"));
  g.invalid("empty", {"Length"}, broken, with(seen, "sealed", ""));
  g.invalid("47 bytes", {"Length"}, broken, with(seen, "sealed", whole.substr(0, 94)));
  g.invalid("sealed to another key", {"Forged"}, broken, with(seen, "recipientSecret", g.curveSecret()));
  g.invalid("an ephemeral key of low order", {"Forged"}, broken,
            with(seen, "sealed", std::string(64, '0') + whole.substr(64)));
  g.invalid("another plaintext", {"Forged"}, kMismatch, with(good, "plaintext", flipped(good["plaintext"], 0)));
}

// --- the envelope

DeviceAddress addressIn(Case& c, const char* account, const char* device) {
  const auto id = c.accept(account, AccountId::parse(c.hex(account)));
  return {id, c.accept(device, DeviceId::parse(c.number(device)))};
}

Bytes madeEnvelope(Case& c, const CurveKeyPair& recipient) {
  Envelope envelope;
  envelope.id = c.fixed<EnvelopeId>("envelopeId");
  envelope.to = addressIn(c, "toAccount", "toDevice");
  envelope.from = addressIn(c, "fromAccount", "fromDevice");
  envelope.kind = static_cast<CipherKind>(c.number("kind"));
  envelope.manifest = c.hex("manifest");
  envelope.ciphertext = c.hex("ciphertext");
  const SealKey key{SealSuite::kXChaCha, c.number32("sealKeyId"), recipient.publicKey()};
  ScriptedRandom random(c.curveSecret("ephemeralSecret"));
  auto sealed = c.accept("envelope", sealEnvelope(envelope, key, random));
  c.require("ephemeralSecret", random.finish(), kRandomness);
  return sealed;
}

void checkEnvelope(Case& c) {
  const auto recipient = CurveKeyPair::fromSecret(c.curveSecret("recipientSecret"));
  Bytes made;
  if (c.has("ephemeralSecret")) made = madeEnvelope(c, recipient);
  const auto bytes = c.given("envelope", made);
  const auto to = c.accept("envelope", sealedTo(bytes));
  const auto envelope = c.accept("envelope", openEnvelope(bytes, recipient));
  c.step("inside", openSeal(recipient, ByteView(bytes).subspan(5))->view());
  c.expectNumber("sealKeyId", to.sealKeyId);
  c.expect("envelopeId", envelope.id.view());
  c.expect("toAccount", envelope.to.account.view());
  c.expectNumber("toDevice", envelope.to.device.value());
  c.expect("fromAccount", envelope.from.account.view());
  c.expectNumber("fromDevice", envelope.from.device.value());
  c.expectNumber("kind", static_cast<std::uint64_t>(envelope.kind));
  c.expect("manifest", envelope.manifest);
  c.expect("ciphertext", envelope.ciphertext);
  c.expect("envelope", made);
}

Json envelopeCase(Generator& g, std::uint64_t kind, std::size_t manifestBytes, std::size_t ciphertextBytes) {
  const auto account = [&] { return hexOf(SigningKeyPair::generate(g.random()).publicKey().view()); };
  return Json{{"recipientSecret", g.curveSecret()},
              {"ephemeralSecret", g.curveSecret()},
              {"sealKeyId", 1 + g.random().below(0xfffffe)},
              {"envelopeId", g.randomHex(16)},
              {"toAccount", account()},
              {"toDevice", 1 + g.random().below(127)},
              {"fromAccount", account()},
              {"fromDevice", 1 + g.random().below(127)},
              {"kind", kind},
              {"manifest", g.randomHex(manifestBytes)},
              {"ciphertext", g.randomHex(ciphertextBytes)}};
}

// An envelope around `inside`, which no honest device would seal.
Json hostile(Generator& g, const Json& good, ByteView inside) {
  const auto recipient = CurveKeyPair::fromSecret(bytesOf(good["recipientSecret"]));
  const auto sealed = seal(recipient.publicKey(), inside, g.random());
  const auto outer = ByteWriter().u8(1).u32(7).raw(sealed).take();
  return Json{{"recipientSecret", good["recipientSecret"]}, {"envelope", hexOf(outer)}};
}

void generateEnvelope(Generator& g) {
  const auto good = g.valid("a message", {"Ordinary"}, envelopeCase(g, 2, 0, 60));
  g.valid("a pre-key message with a manifest", {"Ordinary"}, envelopeCase(g, 1, 120, 30));
  g.valid("a sender-key message of one byte", {"Ordinary"}, envelopeCase(g, 3, 0, 1));
  g.valid("more than the smallest padding", {"Ordinary"}, envelopeCase(g, 2, 100, 200));
  g.group("Refused");
  const auto recipient = CurveKeyPair::fromSecret(bytesOf(good["recipientSecret"]));
  const auto whole = bytesOf(good["envelope"]);
  const auto opened = openSeal(recipient, ByteView(whole).subspan(5));
  const auto inside = toBytes(opened->view());
  const auto malformed = name(Errc::kMalformed);
  const auto refuse = [&](const char* comment, const char* flag, ByteView bytes) {
    g.invalid(comment, {flag}, malformed, hostile(g, good, bytes));
  };
  const auto patched = [&](std::size_t place, std::uint8_t value) {
    auto copy = inside;
    copy[place] = value;
    return copy;
  };
  refuse("kind 0", "Fields", patched(82, 0));
  refuse("kind 4", "Fields", patched(82, 4));
  refuse("to device 0", "Fields", patched(48, 0));
  refuse("to device 128", "Fields", patched(48, 128));
  refuse("from device 0", "Fields", patched(81, 0));
  refuse("from an account that is no key", "Fields",
         ByteWriter().raw(ByteView(inside).first(49)).zeros(32).raw(ByteView(inside).subspan(81)).view());
  refuse("no ciphertext", "Length", ByteWriter().raw(ByteView(inside).first(87)).zeros(inside.size() - 87).view());
  refuse("a manifest that reaches beyond the end", "Length", patched(84, 1));
  refuse("a manifest of 4 GiB", "Length", patched(86, 0xff));
  refuse("a ciphertext that reaches beyond the end", "Length", patched(88, 1));
  refuse("a byte in the padding", "Padding", patched(inside.size() - 1, 1));
  refuse("another Padmé size", "Padding", ByteWriter().raw(inside).zeros(8).view());
  refuse("no padding", "Padding", ByteView(inside).first(151));
  refuse("cut short", "Length", ByteView(inside).first(40));
  refuse("empty", "Length", {});
  const auto seen = only(good, {"recipientSecret", "envelope"});
  g.invalid("suite 2", {"Version"}, name(Errc::kUnsupportedSuite),
            with(seen, "envelope", flipped(good["envelope"], 0)));
  g.invalid("shorter than a seal", {"Length"}, malformed,
            with(seen, "envelope", good["envelope"].get<std::string>().substr(0, 104)));
  for (const int place : {5, 37, 60, -1}) {
    g.invalid("a sealed byte is another", {"Forged"}, name(Errc::kSealBroken),
              with(seen, "envelope", flipped(good["envelope"], place)));
  }
  g.invalid("the seal key's id is another: it is not under the seal, and names no such key", {"Forged"}, kMismatch,
            with(good, "envelope", flipped(good["envelope"], 1)));
}

}  // namespace

std::vector<Kind> envelopeKinds() {
  return {
      {"padme",
       "docs/protocol.md §6",
       "The Padmé size of `size`.",
       {{"size", kNumber, "bytes"},
        {"padded", kNumber, "bytes, at least 256"},
        {"zeros", kNumber, "what is added: padded - size"}},
       {kOrdinary, kPadding},
       generatePadme,
       checkPadme},
      {"padding",
       "docs/protocol.md §5",
       "What the ratchet's cipher is given holds exactly this content.",
       {{"random", kHex, "the 16 bytes drawn"},
        {"content", kHex, "unpadded"},
        {"padded", kHex, "random ‖ u32 length ‖ content ‖ zeros"}},
       {kOrdinary, kLength, kPadding},
       generatePadding,
       checkPadding},
      {"seal",
       "docs/protocol.md §6",
       "Suite 1 seals this plaintext, and opens it.",
       {{"recipientSecret", kHex, "32 bytes, clamped"},
        {"recipientKey", kHex, "its public key"},
        {"ephemeralSecret", kHex, "32 bytes, clamped: drawn for this seal"},
        {"plaintext", kHex, "what is sealed"},
        {"sealed", kHex, "ephemeral public key (32) ‖ box"}},
       {kOrdinary, kLength, kForged},
       generateSeal,
       checkSeal},
      {"envelope",
       "docs/protocol.md §6",
       "An envelope opens to these fields, and is sealed from them.",
       {{"recipientSecret", kHex, "the seal key's, 32 bytes, clamped"},
        {"ephemeralSecret", kHex, "32 bytes, clamped: drawn for this seal"},
        {"sealKeyId", kNumber, "names the seal key"},
        {"envelopeId", kHex, "16 bytes"},
        {"toAccount", kHex, "32 bytes"},
        {"toDevice", kNumber, "1 to 127"},
        {"fromAccount", kHex, "32 bytes"},
        {"fromDevice", kNumber, "1 to 127"},
        {"kind", kNumber, "1 pre-key message, 2 message, 3 sender-key message"},
        {"manifest", kHex, "at most 8 KiB; not looked into here"},
        {"ciphertext", kHex, "at least one byte; not looked into here"},
        {"envelope", kHex, "suite (1) ‖ sealKeyId (4) ‖ sealed"}},
       {kOrdinary, kLength, kPadding, kForged, kFields, kVersion},
       generateEnvelope,
       checkEnvelope},
  };
}

}  // namespace waxwing::vectors
