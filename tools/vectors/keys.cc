#include "crypto/curve.h"
#include "crypto/key_gate.h"
#include "crypto/sign.h"
#include "session/safety_number.h"
#include "session/signal_context.h"
#include "tools/vectors/all_zero_points.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/primitives.h"
#include "tools/vectors/scripted_random.h"

// Who is who: account ids, the key gate, labelled signatures of both sorts, safety numbers.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device makes it."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "A second spelling, or a size that no key has."};
constexpr Note kSmallOrder{"SmallOrder", "CONFIDENTIALITY",
                           "A point of small order: whatever it is multiplied with gives a known result."};
constexpr Note kTorsion{
    "Torsion", "CONFIDENTIALITY",
    "A point with a component of small order, which tells bits of the secret or lets one key stand for several."};
constexpr Note kNotOnCurve{"NotOnCurve", "CONFIDENTIALITY",
                           "No point of the curve: for a u coordinate, one of its twist."};
constexpr Note kUnclamped{"Unclamped", "CONFIDENTIALITY",
                          "A secret that is no multiple of the cofactor, or not of the fixed length."};
constexpr Note kModifiedOutput{"ModifiedOutput", "AUTH_BYPASS", "The expected value is altered."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A signature, or what it covers, is altered."};
constexpr Note kWrongUse{"WrongUse", "AUTH_BYPASS", "Made for another use: labels keep uses apart."};

// The same honest point plus each point of small order other than the neutral one: as an Ed25519 key, and as u.
struct TornPoint {
  std::string_view edwards;
  std::string_view montgomery;
};
constexpr TornPoint kTornPoints[] = {
    {"be3cdcae6fd0e60ce18550c8b18878a6f6ca2e9b07176faf00ce8ff4e2e3d3ba",
     "3f1ad0361118cfb462fbfcabbeebc3a2b8b8337e6bce68e24d54714f587a3e31"},
    {"360044bb3d914693d3dcd197ff67f1e4df08b8f352f6f693429417217265fc99",
     "941d99d49fc49a66469ce9aa58060ca9a8dc4172d19deb11f160da34226d4713"},
    {"b7ffbb44c26eb96c2c232e6800980e1b20f7470cad09096cbd6be8de8d9a0366",
     "431f9bd3b1e5fd50a27200e3ac1f1c25ae2a2df1ef642ecedacf780f51430e0e"},
    {"cdcbebbfb7cc1af03ba13952ad1f53ff425561c354901b2aef29187b8d660d49",
     "216034698a88887370756656a93cc46224babb683d3a03653c10d784204ef36b"},
    {"6e698a132901a46ade67e86702e22cc2c07d876f2139beb31de84070db5ea556",
     "912c52124b66686ef357114a46607574615eb34d68aef600e4564ce3334de76e"},
    {"7f9675ecd6fe5b9521981798fd1dd33d3f827890dec6414ce217bf8f24a15aa9",
     "6bbfb84a5f20898cdd8344a9707c98a3ca7234ced92c5a8e1da8429743207278"},
    {"203414404833e50fc45ec6ad52e0ac00bdaa9e3cab6fe4d510d6e7847299f2b6",
     "2abef3d17ca09dd35389719000086282759c56c92058bbb6d14a4d9057ccfc49"},
};

constexpr std::string_view kSmallOrderKeys[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};
// y at or above p, and y = 1 with the sign bit of x = 0 set.
constexpr std::string_view kOddSpellings[] = {
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000080",
};

// --- account ids

void checkAccount(Case& c) {
  const auto account = c.accept("account", AccountId::parse(c.hex("account")));
  c.expectText("text", account.text());
  c.expectText("hex", account.hex());
}

void generateAccount(Generator& g) {
  for (int i = 0; i < 3; ++i) {
    g.valid("an Ed25519 public key", {"Ordinary"},
            Json{{"account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())}});
  }
  g.group("Refused");
  const auto refuse = [&](const char* comment, const char* flag, std::string account) {
    g.invalid(comment, {flag}, name(Errc::kBadKey), Json{{"account", std::move(account)}});
  };
  for (const auto key : kSmallOrderKeys) refuse("a point of small order", "SmallOrder", std::string(key));
  for (const auto key : kOddSpellings) refuse("not canonical", "Encoding", std::string(key));
  for (const auto& key : kTornPoints) refuse("a torsion component", "Torsion", std::string(key.edwards));
  refuse("y of no point", "NotOnCurve", "02" + std::string(62, '0'));
  refuse("31 bytes", "Encoding", g.randomHex(31));
  refuse("empty", "Encoding", "");
}

// --- the key gate

void checkKeyGate(Case& c) {
  const auto key = c.accept("publicKey", checkCurveKey(c.hex("publicKey")));
  const auto secret = c.curveSecret("secret");
  SecretArray<32> shared;
  c.require("shared", multiplyX25519(shared.span(), secret, key.view()), name(Errc::kBadKey));
  c.expect("shared", shared.view());
}

void generateKeyGate(Generator& g) {
  g.group("Passes");
  Json good;
  for (int i = 0; i < 4; ++i) {
    const auto pair = CurveKeyPair::generate(g.random());
    good = g.valid("an honest key", {"Ordinary"},
                   Json{{"publicKey", hexOf(pair.publicKey().view())}, {"secret", g.curveSecret()}});
  }
  g.valid("the base point", {"Ordinary"},
          Json{{"publicKey", "09" + std::string(62, '0')}, {"secret", g.curveSecret()}});
  g.group("Refused");
  const auto refuse = [&](std::string comment, const char* flag, std::string key) {
    g.invalid(comment, {flag}, name(Errc::kBadKey), Json{{"publicKey", std::move(key)}});
  };
  for (const auto point : kAllZeroPoints)
    refuse("a point of low order, in one of its spellings", "SmallOrder", std::string(point));
  for (const auto& point : kTornPoints)
    refuse("an honest point plus one of small order", "Torsion", std::string(point.montgomery));
  for (const auto u : {"02", "03", "04", "05", "0d"}) {
    const auto key = u + std::string(62, '0');
    if (!checkCurveKey(bytesOf(key))) refuse("a small u that is not in the group", "NotOnCurve", key);
  }
  for (const auto u : {"f0", "f6", "ff"}) refuse("u = p + a few", "Encoding", u + std::string(60, 'f') + "7f");
  auto high = bytesOf(good["publicKey"]);
  high.back() |= 0x80;
  refuse("the high bit is set", "Encoding", hexOf(high));
  refuse("31 bytes", "Encoding", good["publicKey"].get<std::string>().substr(2));
  refuse("33 bytes: with libsignal's type byte", "Encoding", "05" + good["publicKey"].get<std::string>());
  refuse("empty", "Encoding", "");
}

// --- key pairs

void checkKeyPair(Case& c) {
  ScriptedRandom random(toBytes(c.fixed<Hash>("drawn").view()));
  const auto pair = CurveKeyPair::generate(random);
  c.require("drawn", random.finish(), kRandomness);
  c.expect("secret", pair.secret());
  c.expect("publicKey", pair.publicKey().view());
}

void generateKeyPair(Generator& g) {
  Json good;
  for (const auto& [comment, drawn] :
       {std::pair("all bits set", std::string(64, 'f')), std::pair("no bit set", std::string(64, '0')),
        std::pair("", g.randomHex(32)), std::pair("", "ff" + g.randomHex(30) + "bf")}) {
    good = g.valid(comment, {"Ordinary"}, Json{{"drawn", drawn}});
  }
  g.group("Refused");
  g.invalid("the secret as it was drawn", {"Unclamped"}, kMismatch, with(good, "secret", good["drawn"]));
  const auto unclamped = [&](const char* comment, std::size_t place, int bits) {
    auto secret = bytesOf(good["secret"]);
    secret.at(place) = static_cast<std::uint8_t>(secret.at(place) ^ bits);
    g.invalid(comment, {"Unclamped"}, kMismatch, with(good, "secret", hexOf(secret)));
  };
  unclamped("a low bit of the secret is set", 0, 1);
  unclamped("the secret's highest bit is set", 31, 0x80);
  unclamped("the secret's second highest bit is not set", 31, 0x40);
  g.invalid("another public key", {"ModifiedOutput"}, kMismatch,
            with(good, "publicKey", flipped(good["publicKey"], 0)));
  g.invalid("31 bytes drawn", {"Encoding"}, kMalformed,
            with(good, "drawn", good["drawn"].get<std::string>().substr(2)));
}

// --- labelled signatures

constexpr SignatureUse kUses[] = {SignatureUse::kManifest,   SignatureUse::kBindIdentity, SignatureUse::kBindSigning,
                                  SignatureUse::kKeys,       SignatureUse::kLogin,        SignatureUse::kRegister,
                                  SignatureUse::kDeviceGrant};

std::string nameOf(SignatureUse use) {
  const auto whole = label(use);
  constexpr std::string_view kBefore = "waxwing ", kBehind = " v1";
  return std::string(whole.substr(kBefore.size(), whole.size() - kBefore.size() - kBehind.size()));
}

SignatureUse useOf(Case& c) {
  const auto wanted = c.text("use");
  const auto found = std::ranges::find(kUses, wanted, nameOf);
  c.require("use", found != std::end(kUses), kMalformed);
  return *found;
}

void checkSignature(Case& c) {
  const auto use = useOf(c);
  const auto body = c.hex("body");
  Bytes publicKey, signature;
  if (c.has("seed")) {
    const auto pair = SigningKeyPair::fromSeed(c.fixed<Hash>("seed").view());
    publicKey = toBytes(pair.publicKey().view());
    signature = toBytes(pair.sign(use, body).view());
  }
  c.given("publicKey", publicKey);
  c.given("signature", signature);
  c.step("signed bytes", signedBytes(use, body));
  const bool good = verify(c.fixed<SigningKey>("publicKey"), use, body, c.fixed<Signature>("signature"));
  c.require("signature", good, name(Errc::kBadSignature));
  if (!c.has("seed")) return;
  c.expect("publicKey", publicKey);
  c.expect("signature", signature);
}

// What both sorts of signature refuse.
void refuseForgeries(Generator& g, const Json& good, const char* otherUse) {
  const auto seen = only(good, {"use", "body", "publicKey", "signature"});
  const auto refuse = [&](const char* comment, const char* flag, const char* field, std::string value) {
    g.invalid(comment, {flag}, name(Errc::kBadSignature), with(seen, field, std::move(value)));
  };
  refuse("made for another use", "WrongUse", "use", otherUse);
  for (const int place : {0, 31, 32, 62}) {
    refuse("a byte of the signature is another", "Forged", "signature", flipped(good["signature"], place));
  }
  refuse("a byte of the body is another", "Forged", "body", flipped(good["body"], 0));
  refuse("the body's last byte is missing", "Forged", "body",
         good["body"].get<std::string>().substr(0, good["body"].get<std::string>().size() - 2));
  refuse("all zero", "Forged", "signature", std::string(128, '0'));
  g.invalid("a signature of 63 bytes", {"Encoding"}, kMalformed,
            with(seen, "signature", good["signature"].get<std::string>().substr(2)));
}

void generateSignature(Generator& g) {
  g.group("EverySignatureUse");
  Json good;
  for (const auto use : kUses) {
    good = g.valid("", {"Ordinary"}, Json{{"use", nameOf(use)}, {"seed", g.randomHex(32)}, {"body", g.randomHex(40)}});
  }
  g.group("Refused");
  refuseForgeries(g, good, "login");
  const auto seen = only(good, {"use", "body", "publicKey", "signature"});
  for (const auto key : kSmallOrderKeys) {
    g.invalid("a key of small order", {"SmallOrder"}, name(Errc::kBadSignature),
              with(seen, "publicKey", std::string(key)));
  }
}

// --- XEdDSA

void checkXeddsa(Case& c) {
  const auto use = useOf(c);
  const auto body = c.hex("body");
  Bytes publicKey, signature;
  if (c.has("secret")) {
    const auto secret = c.curveSecret("secret");
    ScriptedRandom random(c.hex("random"));
    publicKey = toBytes(CurveKeyPair::fromSecret(secret).publicKey().view());
    signature = toBytes(SignalContext(random).signXeddsa(secret, use, body).view());
    c.require("random", random.finish(), kRandomness);
  }
  const auto key = c.accept("publicKey", checkCurveKey(c.given("publicKey", publicKey)));
  c.given("signature", signature);
  c.step("signed bytes", signedBytes(use, body));
  const bool good = verifyXeddsa(key, use, body, c.fixed<Signature>("signature"));
  c.require("signature", good, name(Errc::kBadSignature));
  if (!c.has("secret")) return;
  c.expect("publicKey", publicKey);
  c.expect("signature", signature);
}

void generateXeddsa(Generator& g) {
  g.group("EverySign");
  Json good;
  for (int i = 0; i < 6; ++i) {
    good = g.valid("", {"Ordinary"},
                   Json{{"use", "bind-identity"},
                        {"secret", g.curveSecret()},
                        {"random", g.randomHex(64)},
                        {"body", g.randomHex(97)}});
  }
  g.group("Refused");
  refuseForgeries(g, good, "bind-signing");
  const auto seen = only(good, {"use", "body", "publicKey", "signature"});
  auto signature = bytesOf(good["signature"]);
  signature.back() ^= 0x80;
  g.invalid("the sign bit of the Edwards point is another", {"Forged"}, name(Errc::kBadSignature),
            with(seen, "signature", hexOf(signature)));
  signature.back() ^= 0xc0;
  g.invalid("S above the group's order", {"Forged"}, name(Errc::kBadSignature),
            with(seen, "signature", hexOf(signature)));
  for (const auto point : kAllZeroPoints) {
    g.invalid("a key of low order", {"SmallOrder"}, name(Errc::kBadKey), with(seen, "publicKey", std::string(point)));
  }
}

// --- safety numbers

void checkSafetyNumber(Case& c) {
  const auto mine = c.accept("mine", AccountId::parse(c.hex("mine")));
  const auto theirs = c.accept("theirs", AccountId::parse(c.hex("theirs")));
  c.step("my account key as u", toCurveKey(mine.key()).view());
  c.step("their account key as u", toCurveKey(theirs.key()).view());
  c.expectText("number", safetyNumber(mine, theirs));
  c.expectText("number", safetyNumber(theirs, mine));
}

void generateSafetyNumber(Generator& g) {
  Json good;
  const auto account = [&] { return hexOf(SigningKeyPair::generate(g.random()).publicKey().view()); };
  for (int i = 0; i < 3; ++i) good = g.valid("", {"Ordinary"}, Json{{"mine", account()}, {"theirs", account()}});
  const auto number = good["number"].get<std::string>();
  g.group("Refused");
  auto digit = number;
  digit.back() = digit.back() == '9' ? '0' : static_cast<char>(digit.back() + 1);
  g.invalid("the last digit is another", {"Forged"}, kMismatch, with(good, "number", digit));
  g.invalid("59 digits", {"Forged"}, kMismatch, with(good, "number", number.substr(1)));
  g.invalid("the halves exchanged", {"Forged"}, kMismatch,
            with(good, "number", number.substr(30) + number.substr(0, 30)));
  g.invalid("spaces between the digits", {"Forged"}, kMismatch,
            with(good, "number", number.substr(0, 5) + " " + number.substr(5)));
  g.invalid("another account", {"Forged"}, kMismatch, with(good, "theirs", account()));
  g.invalid("a key of small order", {"SmallOrder"}, name(Errc::kBadKey),
            with(good, "theirs", std::string(kSmallOrderKeys[1])));
}

}  // namespace

std::vector<Kind> keyKinds() {
  return {
      {"account_id",
       "docs/protocol.md §1",
       "An account id is a canonically encoded point of the prime-order group.",
       {{"account", kHex, "32 bytes"},
        {"text", kText, "base64url: what people and scripts see"},
        {"hex", kText, "libsignal's address name and fingerprint identifier"}},
       {kOrdinary, kEncoding, kSmallOrder, kTorsion, kNotOnCurve},
       generateAccount,
       checkAccount},
      {"key_gate",
       "docs/protocol.md §2",
       "A received Curve25519 key passes the gate; X25519 with it gives `shared`.",
       {{"publicKey", kHex, "the received key: u, 32 bytes"},
        {"secret", kHex, "32 bytes, clamped: what it is multiplied with once it has passed"},
        {"shared", kHex, "the product's u"}},
       {kOrdinary, kEncoding, kSmallOrder, kTorsion, kNotOnCurve},
       generateKeyGate,
       checkKeyGate},
      {"key_pair",
       "docs/protocol.md §5",
       "Of 32 drawn bytes comes this Curve25519 secret, clamped, and this public key.",
       {{"drawn", kHex, "32 bytes"},
        {"secret", kHex, "the same, clamped as RFC 7748 §5 has it"},
        {"publicKey", kHex, "u, 32 bytes"}},
       {kOrdinary, kUnclamped, kModifiedOutput, kEncoding},
       generateKeyPair,
       checkKeyPair},
      {"signature",
       "docs/protocol.md §2",
       "A labelled Ed25519 signature verifies, and the seed makes it.",
       {{"use", kText, "of the table in §2"},
        {"seed", kHex, "32 bytes, the private key as RFC 8032 has it"},
        {"body", kHex, "what is signed behind the label"},
        {"publicKey", kHex, "32 bytes"},
        {"signature", kHex, "64 bytes"}},
       {kOrdinary, kEncoding, kSmallOrder, kForged, kWrongUse},
       generateSignature,
       checkSignature},
      {"xeddsa",
       "docs/protocol.md §2",
       "A labelled XEdDSA signature verifies, and the secret makes it.",
       {{"use", kText, "of the table in §2"},
        {"secret", kHex, "Curve25519 secret, 32 bytes, clamped"},
        {"random", kHex, "the 64 bytes drawn for the nonce"},
        {"body", kHex, "what is signed behind the label"},
        {"publicKey", kHex, "u, 32 bytes"},
        {"signature", kHex, "64 bytes; the sign bit on top"}},
       {kOrdinary, kEncoding, kSmallOrder, kForged, kWrongUse},
       generateXeddsa,
       checkXeddsa},
      {"safety_number",
       "docs/protocol.md §5",
       "Two accounts have this safety number, on both sides.",
       {{"mine", kHex, "account, 32 bytes"}, {"theirs", kHex, "account, 32 bytes"}, {"number", kText, "60 digits"}},
       {kOrdinary, kSmallOrder, kForged},
       generateSafetyNumber,
       checkSafetyNumber},
  };
}

}  // namespace waxwing::vectors
