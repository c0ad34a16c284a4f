#include <signal/hkdf.h>

#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/signal_primitives.h"
#include "session/signal_context.h"
#include "tools/vectors/all_zero_points.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/primitives.h"

// The primitives under everything, each through the wrapper that Waxwing calls, with the numbers of their RFCs.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kRfc{"Rfc", "BASIC", "The numbers stand in the RFC, or in the NIST publication, that the file names."};
constexpr Note kPseudorandom{"Pseudorandom", "FUNCTIONALITY", "Inputs drawn from the seed, of a size worth trying."};
constexpr Note kModifiedOutput{"ModifiedOutput", "AUTH_BYPASS",
                               "The expected value is altered: whoever accepts it does not compare all of it."};
constexpr Note kModifiedInput{"ModifiedInput", "MISSING_STEP", "An input is altered: whoever accepts it ignores it."};
constexpr Note kTruncated{"Truncated", "AUTH_BYPASS", "The expected value is cut short, or empty."};

std::string repeated(std::string_view byte, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += byte;
  return text;
}

std::string hexText(std::string_view text) { return hexOf(asBytes(text)); }

// Altered outputs and inputs that every function must notice.
void addAlterations(Generator& g, const Json& good, const char* output, std::initializer_list<const char*> inputs) {
  for (const int place : {0, 7, -1}) {
    g.invalid("a byte of the output is another", {"ModifiedOutput"}, kMismatch,
              with(good, output, flipped(good[output], place)));
  }
  const auto& whole = good[output].get_ref<const std::string&>();
  g.invalid("the last byte of the output is missing", {"Truncated"}, kMismatch,
            with(good, output, whole.substr(0, whole.size() - 2)));
  g.invalid("half of the output", {"Truncated"}, kMismatch, with(good, output, whole.substr(0, whole.size() / 4 * 2)));
  g.invalid("no output", {"Truncated"}, kMismatch, with(good, output, ""));
  for (const auto* input : inputs) {
    for (const int place : {1, -2}) {
      g.invalid(std::string("a byte of the ") + input + " is another", {"ModifiedInput"}, kMismatch,
                with(good, input, flipped(good[input], place)));
    }
  }
}

// --- X25519

bool isCanonical(ByteView u) {
  constexpr std::uint8_t kLast = 0x7f;
  if (u.back() > kLast) return false;
  const bool high = u.back() == kLast && std::ranges::all_of(u.subspan(1, 30), [](auto byte) { return byte == 0xff; });
  return !high || u.front() < 0xed;
}

void checkX25519(Case& c) {
  const auto secret = c.curveSecret("secret");
  const auto point = c.fixed<CurveKey>("publicKey");
  c.require("publicKey", isCanonical(point.view()), kNotCanonical);
  SecretArray<32> shared;
  c.require("shared", multiplyX25519(shared.span(), secret, point.view()), name(Errc::kBadKey));
  c.expect("shared", shared.view());
}

Json x25519Case(std::string secret, std::string publicKey, std::string shared) {
  Json values{{"secret", std::move(secret)}, {"publicKey", std::move(publicKey)}};
  if (!shared.empty()) values["shared"] = std::move(shared);
  return values;
}

void generateX25519(Generator& g) {
  g.group("Rfc7748");
  const auto first = g.valid("RFC 7748 §5.2, first; the scalar clamped", {"Rfc"},
                             x25519Case("a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44",
                                        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                                        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
  g.valid("RFC 7748 §5.2, second; the scalar clamped, the coordinate's high bit cleared", {"Rfc"},
          x25519Case("4866e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba4d",
                     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413",
                     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"));
  g.valid("RFC 7748 §5.2, one iteration; the scalar clamped", {"Rfc"},
          x25519Case("0800000000000000000000000000000000000000000000000000000000000040",
                     "0900000000000000000000000000000000000000000000000000000000000000",
                     "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
  const std::string alice = "70076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c6a";
  const std::string bob = "58ab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e06b";
  const std::string base = "0900000000000000000000000000000000000000000000000000000000000000";
  const std::string alicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
  const std::string bobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
  const std::string shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  g.valid("RFC 7748 §6.1, Alice's public key", {"Rfc"}, x25519Case(alice, base, alicePublic));
  g.valid("RFC 7748 §6.1, Bob's public key", {"Rfc"}, x25519Case(bob, base, bobPublic));
  g.valid("RFC 7748 §6.1, what Alice computes", {"Rfc"}, x25519Case(alice, bobPublic, shared));
  g.valid("RFC 7748 §6.1, what Bob computes", {"Rfc"}, x25519Case(bob, alicePublic, shared));
  g.group("Refused");
  addAlterations(g, first, "shared", {"secret", "publicKey"});
  const auto secret = g.curveSecret();
  for (const auto point : kAllZeroPoints) {
    const bool canonical = isCanonical(bytesOf(std::string(point)));
    g.invalid("a point of low order", {"LowOrder"}, canonical ? name(Errc::kBadKey) : kNotCanonical,
              x25519Case(secret, std::string(point), std::string(64, '0')));
  }
  g.invalid("the scalar's low bits are set", {"Clamping"}, kNotCanonical,
            with(first, "secret", "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44"));
  g.invalid("the scalar's high bit is set", {"Clamping"}, kNotCanonical,
            with(first, "secret", "a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"));
  g.invalid("a coordinate of 31 bytes", {"Truncated"}, kMalformed,
            with(first, "publicKey", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c"));
}

// --- Ed25519

void checkEd25519(Case& c) {
  if (c.has("seed")) c.expect("publicKey", SigningKeyPair::fromSeed(c.fixed<Hash>("seed").view()).publicKey().view());
  const auto key = c.fixed<SigningKey>("publicKey");
  const auto message = c.hex("message");
  c.require("signature", verifyRaw(key, message, c.fixed<Signature>("signature")), name(Errc::kBadSignature));
}

Json ed25519Case(std::string_view seed, std::string_view message, std::string_view signature) {
  return Json{{"seed", seed}, {"message", message}, {"signature", signature}};
}

// The signature with the group's order added to S: equal modulo the order, and refused (RFC 8032 §5.1.7).
std::string withUnreducedS(const Json& signature) {
  constexpr std::array<std::uint8_t, 32> kOrder{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  auto bytes = bytesOf(signature);
  unsigned carry = 0;
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    const unsigned sum = bytes[32 + i] + kOrder[i] + carry;
    bytes[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  return hexOf(bytes);
}

void generateEd25519(Generator& g) {
  g.group("Rfc8032");
  const auto first = g.valid("RFC 8032 §7.1, test 1", {"Rfc"},
                             ed25519Case("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
                                         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a3"
                                         "3bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"));
  const auto second = g.valid("RFC 8032 §7.1, test 2", {"Rfc"},
                              ed25519Case("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
                                          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e1"
                                          "5996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
  g.valid("RFC 8032 §7.1, test 3", {"Rfc"},
          ed25519Case("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
                      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                      "4a7c15e9716ed28dc027beceea1ec40a"));
  g.valid("RFC 8032 §7.1, test SHA(abc)", {"Rfc"},
          ed25519Case("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
                      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
                      "454d4423643ce80e2a9ac94fa54ca49f",
                      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
                      "3dca179c138ac17ad9bef1177331a704"));
  g.group("Refused");
  const auto forged = only(second, {"publicKey", "message", "signature"});
  const auto refuse = [&](const char* comment, const char* flag, const char* field, std::string value) {
    g.invalid(comment, {flag}, name(Errc::kBadSignature), with(forged, field, std::move(value)));
  };
  refuse("R altered", "ModifiedOutput", "signature", flipped(second["signature"], 3));
  refuse("S altered", "ModifiedOutput", "signature", flipped(second["signature"], 40));
  refuse("the message altered", "ModifiedInput", "message", "73");
  refuse("the message longer", "ModifiedInput", "message", "7200");
  refuse("another key", "ModifiedInput", "publicKey", first["publicKey"]);
  refuse("S not reduced modulo the group's order", "Malleable", "signature", withUnreducedS(second["signature"]));
  refuse("all zero", "Truncated", "signature", std::string(128, '0'));
  std::string neutral("01");
  neutral.append(62, '0');
  refuse("the neutral element as key, which signs everything where it is accepted", "LowOrder", "publicKey", neutral);
  g.invalid("the neutral element as key and as R, S zero", {"LowOrder"}, name(Errc::kBadSignature),
            with(with(forged, "publicKey", neutral), "signature", neutral + std::string(64, '0')));
  g.invalid("63 bytes", {"Truncated"}, kMalformed,
            with(forged, "signature", forged["signature"].get<std::string>().substr(2)));
}

// --- HMAC, HKDF, SHA-512

void checkHmac(Case& c) {
  HmacSha256 hmac(c.hex("key"));
  hmac.update(c.hex("message"));
  c.expect("tag", hmac.finish().view());
}

Json hmacCase(std::string key, std::string message, const char* tag = nullptr) {
  Json values{{"key", std::move(key)}, {"message", std::move(message)}};
  if (tag != nullptr) values["tag"] = tag;
  return values;
}

void generateHmac(Generator& g) {
  g.group("Rfc4231");
  const std::string large = repeated("aa", 131);
  g.valid("RFC 4231 §4.2", {"Rfc"},
          hmacCase(repeated("0b", 20), hexText("Hi There"),
                   "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
  g.valid("RFC 4231 §4.3", {"Rfc"},
          hmacCase(hexText("Jefe"), hexText("what do ya want for nothing?"),
                   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
  g.valid("RFC 4231 §4.4", {"Rfc"},
          hmacCase(repeated("aa", 20), repeated("dd", 50),
                   "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"));
  g.valid("RFC 4231 §4.5", {"Rfc"},
          hmacCase("0102030405060708090a0b0c0d0e0f10111213141516171819", repeated("cd", 50),
                   "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"));
  g.valid("RFC 4231 §4.7", {"Rfc"},
          hmacCase(large, hexText("Test Using Larger Than Block-Size Key - Hash Key First"),
                   "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
  g.valid("RFC 4231 §4.8", {"Rfc"},
          hmacCase(large,
                   hexText("This is a test using a larger than block-size key and a larger than block-size data. The "
                           "key needs to be hashed before being used by the HMAC algorithm."),
                   "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"));
  const auto good =
      g.valid("a key and a message of one block each", {"Pseudorandom"}, hmacCase(g.randomHex(64), g.randomHex(64)));
  g.group("Refused");
  addAlterations(g, good, "tag", {"key", "message"});
  g.invalid("RFC 4231 §4.6: the tag cut to 16 bytes, which Waxwing never accepts for a whole one", {"Rfc", "Truncated"},
            kMismatch,
            hmacCase(repeated("0c", 20), hexText("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"));
}

void checkHkdf(Case& c) {
  const auto inputKey = c.hex("inputKey"), salt = c.hex("salt"), info = c.hex("info");
  const auto output = hkdfSha256(inputKey, salt, info, c.number("size"));
  c.require("size", output.has_value(), name(Errc::kInvalidArgument));
  c.expect("output", *output);
}

Json hkdfCase(std::string inputKey, std::string salt, std::string info, int size, const char* output = nullptr) {
  Json values{{"inputKey", std::move(inputKey)}, {"salt", std::move(salt)}, {"info", std::move(info)}};
  values["size"] = static_cast<std::uint64_t>(size);
  if (output != nullptr) values["output"] = output;
  return values;
}

std::string counting(int from, int to) {
  Bytes bytes;
  for (int i = from; i < to; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return hexOf(bytes);
}

void generateHkdf(Generator& g) {
  g.group("Rfc5869");
  g.valid("RFC 5869 A.1", {"Rfc"},
          hkdfCase(repeated("0b", 22), counting(0, 13), counting(0xf0, 0xfa), 42,
                   "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
  g.valid(
      "RFC 5869 A.2", {"Rfc"},
      hkdfCase(counting(0, 0x50), counting(0x60, 0xb0), counting(0xb0, 0x100), 82,
               "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da32"
               "75600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"));
  g.valid("RFC 5869 A.3: neither salt nor info", {"Rfc"},
          hkdfCase(repeated("0b", 22), "", "", 42,
                   "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
  const auto good = g.valid("the root key's use: 64 bytes under \"WhisperRatchet\"", {"Pseudorandom"},
                            hkdfCase(g.randomHex(32), g.randomHex(32), hexText("WhisperRatchet"), 64));
  g.group("Refused");
  addAlterations(g, good, "output", {"inputKey", "salt", "info"});
  g.invalid("more output than was asked for", {"ModifiedOutput"}, kMismatch, with(good, "size", 63u));
  g.invalid("more blocks than libsignal makes", {"ModifiedInput"}, name(Errc::kInvalidArgument),
            with(good, "size", 8129u));
  g.invalid("another info string", {"ModifiedInput"}, kMismatch, with(good, "info", hexText("WhisperText")));
}

// --- AES

AesMode modeOf(Case& c) {
  const auto mode = c.text("mode");
  c.require("mode", mode == "CBC-PKCS5" || mode == "CTR", kMalformed);
  return mode == "CTR" ? AesMode::kCtr : AesMode::kCbcPkcs5;
}

void checkAes(Case& c) {
  const auto mode = modeOf(c);
  const auto key = c.hex("key"), iv = c.hex("iv");
  Bytes made;
  if (c.has("plaintext")) made = toBytes(c.accept("ciphertext", aesEncrypt(mode, key, iv, c.hex("plaintext"))).view());
  const auto ciphertext = c.given("ciphertext", made);
  const auto plaintext = c.accept("ciphertext", aesDecrypt(mode, key, iv, ciphertext));
  c.expect("plaintext", plaintext.view());
  c.expect("ciphertext", made);
}

Json aesCase(const char* mode, std::string key, std::string iv, std::string plaintext) {
  return Json{{"mode", mode}, {"key", std::move(key)}, {"iv", std::move(iv)}, {"plaintext", std::move(plaintext)}};
}

// What NIST SP 800-38A has without padding, with the block that PKCS #5 adds.
void requireBeginning(const Json& good, std::string_view expected) {
  if (!good["ciphertext"].get_ref<const std::string&>().starts_with(expected)) {
    throw std::logic_error("aes_256: not the numbers of NIST SP 800-38A");
  }
}

void generateAes(Generator& g) {
  g.group("NistSp80038a");
  const std::string key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
  const std::string plaintext =
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17"
      "ad2b417be66c3710";
  requireBeginning(g.valid("NIST SP 800-38A F.2.5, with the padding's block", {"Rfc"},
                           aesCase("CBC-PKCS5", key, counting(0, 16), plaintext)),
                   "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2e"
                   "b05e2c39be9fcda6"
                   "c19078c6a9d1b");
  requireBeginning(g.valid("NIST SP 800-38A F.5.5", {"Rfc"}, aesCase("CTR", key, counting(0xf0, 0x100), plaintext)),
                   "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddf"
                   "c9c58db67aada613c2dd08457941a6");
  const auto good = g.valid("CBC of 20 bytes", {"Pseudorandom"},
                            aesCase("CBC-PKCS5", g.randomHex(32), g.randomHex(16), g.randomHex(20)));
  g.valid("CBC of nothing", {"Pseudorandom"}, aesCase("CBC-PKCS5", g.randomHex(32), g.randomHex(16), ""));
  g.group("Refused");
  const auto stream = g.filled(aesCase("CTR", key, counting(0, 16), plaintext));
  for (const auto* field : {"key", "iv", "plaintext", "ciphertext"}) {
    for (const int place : {0, 5, -1}) {
      g.invalid(std::string("CTR: a byte of the ") + field + " is another", {"ModifiedInput"}, kMismatch,
                with(stream, field, flipped(stream[field], place)));
    }
  }
  const auto ciphertextOnly = only(good, {"mode", "key", "iv", "ciphertext"});
  const auto whole = good["ciphertext"].get<std::string>();
  const auto refuse = [&](const char* comment, std::string ciphertext) {
    g.invalid(comment, {"BadPadding"}, name(Errc::kUndecryptable),
              with(ciphertextOnly, "ciphertext", std::move(ciphertext)));
  };
  refuse("empty", "");
  refuse("not a whole number of blocks", whole.substr(0, whole.size() - 2));
  refuse("the padded block is missing", whole.substr(0, 32));
  for (const auto padding : {"00", "11", "ff"}) {
    // CTR under the same key and counter of one block gives AES itself, and so any CBC ciphertext.
    const auto block = repeated(padding, 16);
    auto chained = bytesOf(good["iv"]);
    for (std::size_t i = 0; i < chained.size(); ++i) chained[i] ^= bytesOf(block)[i];
    const auto encrypted = aesEncrypt(AesMode::kCtr, bytesOf(good["key"]), chained, Bytes(16));
    refuse("a padding that PKCS #5 does not know", hexOf(encrypted->view()));
  }
  g.invalid("a key of 16 bytes", {"ModifiedInput"}, name(Errc::kInvalidArgument),
            with(ciphertextOnly, "key", good["key"].get<std::string>().substr(32)));
  g.invalid("an IV of 12 bytes", {"ModifiedInput"}, name(Errc::kInvalidArgument),
            with(ciphertextOnly, "iv", good["iv"].get<std::string>().substr(8)));
}

// --- hashes

void checkHash(Case& c) {
  const auto use = c.text("use");
  const auto body = c.hex("body");
  c.expect("hash", blake2b(body).view());
  c.expect("labelledHash", labelledHash(use, body).view());
}

void generateHash(Generator& g) {
  g.group("LabelledHash");
  Json good;
  for (const auto use : {"access-key", "initial", "invite", "device-request"}) {
    good = g.valid("", {"Pseudorandom"}, Json{{"use", use}, {"body", g.randomHex(32)}});
  }
  g.valid("an empty body", {"Pseudorandom"}, Json{{"use", "invite"}, {"body", ""}});
  g.valid("a body of two blocks", {"Pseudorandom"}, Json{{"use", "initial"}, {"body", g.randomHex(200)}});
  g.group("Refused");
  addAlterations(g, good, "hash", {"body"});
  g.invalid("the hash of another use", {"ModifiedInput"}, kMismatch, with(good, "use", "invite"));
  g.invalid("the hash without its label", {"ModifiedOutput"}, kMismatch, with(good, "labelledHash", good["hash"]));
}

}  // namespace

std::optional<Bytes> hkdfSha256(ByteView inputKey, ByteView salt, ByteView info, std::size_t size) {
  constexpr std::size_t kMost = 254 * 32;  // RFC 5869 §2.3 has one block more; asked for it, the library never ends
  if (size > kMost) return std::nullopt;
  const SignalContext signal(systemRandom());  // which a derivation never asks
  SignalRef<hkdf_context> context;
  constexpr int kMessageVersion = 3;
  requireSignal(hkdf_create(context.out(), kMessageVersion, signal.get()));
  std::uint8_t* output = nullptr;
  const Bytes none(1);
  const auto at = [&](ByteView bytes) { return bytes.empty() ? none.data() : bytes.data(); };
  const auto made = hkdf_derive_secrets(context.get(), &output, at(inputKey), inputKey.size(), at(salt), salt.size(),
                                        at(info), info.size(), size);
  if (made < 0) return std::nullopt;
  Bytes result(output, output + made);
  free(output);
  return result;
}

std::vector<Kind> primitiveKinds() {
  constexpr Note kLowOrder{"LowOrder", "CONFIDENTIALITY",
                           "A point of low order: the result would not depend on a secret."};
  return {
      {"x25519",
       "docs/protocol.md §5; RFC 7748 §5",
       "X25519 of a clamped secret and a canonical coordinate.",
       {{"secret", kHex, "32 bytes, clamped"},
        {"publicKey", kHex, "u, 32 bytes, below p"},
        {"shared", kHex, "the product's u, 32 bytes"}},
       {kRfc,
        kModifiedOutput,
        kModifiedInput,
        kTruncated,
        kLowOrder,
        {"Clamping", "DEFINED", "Secrets in these files stand clamped, so that each of their bits counts."}},
       generateX25519,
       checkX25519},
      {"ed25519",
       "docs/protocol.md §2; RFC 8032 §5.1",
       "An Ed25519 signature verifies.",
       {{"seed", kHex, "32 bytes, the private key as RFC 8032 has it", Field::Need::kOptional},
        {"publicKey", kHex, "32 bytes"},
        {"message", kHex, "what is signed"},
        {"signature", kHex, "64 bytes"}},
       {kRfc,
        kModifiedOutput,
        kModifiedInput,
        kTruncated,
        kLowOrder,
        {"Malleable", "SIGNATURE_MALLEABILITY", "A second spelling of a good signature."}},
       generateEd25519,
       checkEd25519},
      {"hmac_sha256",
       "docs/protocol.md §5; RFC 4231",
       "HMAC-SHA256, whole tags only.",
       {{"key", kHex, "of any size"}, {"message", kHex, "of any size"}, {"tag", kHex, "32 bytes"}},
       {kRfc, kPseudorandom, kModifiedOutput, kModifiedInput, kTruncated},
       generateHmac,
       checkHmac},
      {"hkdf_sha256",
       "docs/protocol.md §5; RFC 5869",
       "HKDF with SHA-256, as libsignal derives its keys.",
       {{"inputKey", kHex, "input key material"},
        {"salt", kHex, "may be empty"},
        {"info", kHex, "may be empty"},
        {"size", kNumber, "of the output"},
        {"output", kHex, "output key material"}},
       {kRfc, kPseudorandom, kModifiedOutput, kModifiedInput, kTruncated},
       generateHkdf,
       checkHkdf},
      {"aes_256",
       "docs/protocol.md §5; NIST SP 800-38A",
       "AES-256 in the two modes that libsignal uses.",
       {{"mode", kText, "CBC-PKCS5 or CTR"},
        {"key", kHex, "32 bytes"},
        {"iv", kHex, "16 bytes; in CTR the first counter block"},
        {"plaintext", kHex, "of any size"},
        {"ciphertext", kHex, "encrypts to and decrypts from"}},
       {kRfc,
        kPseudorandom,
        kModifiedInput,
        {"BadPadding", "MISSING_STEP", "A padding other than PKCS #5's, or a size that no padding gives."}},
       generateAes,
       checkAes},
      {"labelled_hash",
       "docs/protocol.md, conventions",
       "The Hash and the labelled hash of a body.",
       {{"use", kText, "in the label"},
        {"body", kHex, "what is hashed"},
        {"hash", kHex, "BLAKE2b-256 over body"},
        {"labelledHash", kHex, "BLAKE2b-256 over \"waxwing <use> v1\" ‖ 0 ‖ body"}},
       {kPseudorandom, kModifiedOutput, kModifiedInput, kTruncated},
       generateHash,
       checkHash},
  };
}

}  // namespace waxwing::vectors
