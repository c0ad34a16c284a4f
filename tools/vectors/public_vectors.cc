#include "tools/vectors/public_vectors.h"

#include <signal/fingerprint.h>
#include <signal/ratchet.h>

#include <map>

#include "crypto/curve.h"
#include "crypto/sign.h"
#include "crypto/signal_primitives.h"
#include "crypto/text.h"
#include "session/published_keys.h"
#include "session/signal_context.h"
#include "tools/vectors/primitives.h"
#include "tools/vectors/ratchet_steps.h"

namespace waxwing::vectors {
namespace {

Bytes unhex(const Json& object, const char* name) {
  if (!object.contains(name) || !object.at(name).is_string())
    throw BadFile(std::string("a case lacks \"") + name + '"');
  auto bytes = fromHex(object.at(name).get_ref<const std::string&>());
  if (!bytes) throw BadFile(std::string("\"") + name + "\" is not lower-case hexadecimal");
  return std::move(*bytes);
}

// --- Wycheproof

enum class Found { kHolds, kFails, kNotUsed };

// Whether what the case claims is what the wrapper answers; "acceptable" cases may go either way.
Found judged(const Json& test, bool accepted) {
  const auto& result = test.at("result");
  if (result == "acceptable") return Found::kHolds;
  return (result == "valid") == accepted ? Found::kHolds : Found::kFails;
}

Found checkX25519(const Json&, const Json& test) {
  const auto secret = unhex(test, "private"), point = unhex(test, "public");
  if (secret.size() != 32 || point.size() != 32) return Found::kNotUsed;
  SecretArray<32> shared;
  const bool good = multiplyX25519(shared.span(), secret, point);
  const auto expected = unhex(test, "shared");
  // The file lets an all-zero secret be accepted; Waxwing never does.
  const bool zero = std::ranges::all_of(expected, [](auto byte) { return byte == 0; });
  if (zero) return good ? Found::kFails : Found::kHolds;
  return good && equal(shared.view(), expected) ? Found::kHolds : Found::kFails;
}

Found checkEd25519(const Json& group, const Json& test) {
  const auto key = SigningKey::from(unhex(group.at("publicKey"), "pk"));
  const auto signature = Signature::from(unhex(test, "sig"));
  return judged(test, key && signature && verifyRaw(*key, unhex(test, "msg"), *signature));
}

Found checkHmac(const Json& group, const Json& test) {
  HmacSha256 hmac(unhex(test, "key"));
  hmac.update(unhex(test, "msg"));
  const auto made = hmac.finish();
  // Truncated tags are compared as far as they go: the function is the same.
  const auto size = group.at("tagSize").get<std::size_t>() / 8;
  return judged(test, size <= made.kSize && equal(made.view().first(size), unhex(test, "tag")));
}

Found checkHkdf(const Json&, const Json& test) {
  const auto size = test.at("size").get<std::size_t>();
  const auto made = hkdfSha256(unhex(test, "ikm"), unhex(test, "salt"), unhex(test, "info"), size);
  if (!made && size == 255 * 32) return Found::kNotUsed;
  return judged(test, made && equal(*made, unhex(test, "okm")));
}

Found checkAesCbc(const Json& group, const Json& test) {
  if (group.at("keySize") != 256) return Found::kNotUsed;
  const auto key = unhex(test, "key"), iv = unhex(test, "iv"), ciphertext = unhex(test, "ct");
  const auto opened = aesDecrypt(AesMode::kCbcPkcs5, key, iv, ciphertext);
  const auto plaintext = unhex(test, "msg");
  const bool decrypts = opened && equal(opened->view(), plaintext);
  if (test.at("result") != "valid") return judged(test, decrypts);
  const auto made = aesEncrypt(AesMode::kCbcPkcs5, key, iv, plaintext);
  return judged(test, decrypts && made && equal(made->view(), ciphertext));
}

struct WycheproofFile {
  std::string_view algorithm;
  Found (*check)(const Json& group, const Json& test);  // nullptr: not used
  std::string_view note;
};
constexpr WycheproofFile kWycheproofFiles[] = {
    {"XDH", checkX25519, "all-zero secrets, which the file accepts, must be refused"},
    {"EDDSA", checkEd25519, ""},
    {"HMACSHA256", checkHmac, ""},
    {"HKDF-SHA-256", checkHkdf, "libsignal makes at most 254 blocks; 64 and 80 bytes are asked for"},
    {"AES-CBC-PKCS5", checkAesCbc, "only AES-256 is called"},
    {"HMACSHA512", nullptr, "Waxwing calls no HMAC with SHA-512 of its own (SQLCipher and TLS do)"},
    {"XCHACHA20-POLY1305", nullptr, "Waxwing calls the sealed box over it, not the AEAD; see the kind \"seal\""},
};

const WycheproofFile* wycheproofFile(const Json& document) {
  if (!document.is_object() || !document.contains("algorithm") || !document.at("algorithm").is_string()) return nullptr;
  const auto algorithm = document.at("algorithm").get<std::string>();
  const auto found = std::ranges::find(kWycheproofFiles, algorithm, &WycheproofFile::algorithm);
  return found == std::end(kWycheproofFiles) ? nullptr : found;
}

void addFound(Report& report, const Json& test, Found found) {
  if (found == Found::kNotUsed) {
    ++report.notUsed;
    return;
  }
  ++(test.at("result") == "invalid" ? report.invalid : report.valid);
  if (found == Found::kFails) {
    report.failures.push_back({test.at("tcId").get<std::uint64_t>(), "another answer than the file's"});
  }
}

Report verifyWycheproof(const Json& document, const WycheproofFile& file, std::string source) {
  Report report;
  report.source = std::move(source);
  report.algorithm = file.algorithm;
  report.note = file.note;
  std::size_t count = 0;
  try {
    for (const auto& group : document.at("testGroups")) {
      for (const auto& test : group.at("tests")) {
        ++count;
        addFound(report, test, file.check == nullptr ? Found::kNotUsed : file.check(group, test));
      }
    }
    if (document.at("numberOfTests") != count) throw BadFile("numberOfTests is not the number of cases");
  } catch (const Json::exception&) {
    throw BadFile("not in Wycheproof's shape");
  }
  return report;
}

// --- the numbers of libsignal-protocol-c's tests

// By test and name; where a test does not have a name, that of the whole file.
class Numbers {
 public:
  explicit Numbers(const Json& document) {
    for (const auto& vector : document.at("vectors")) {
      const auto key = std::pair(vector.at("test").get<std::string>(), vector.at("name").get<std::string>());
      values_[key] =
          vector.contains("hex") ? unhex(vector, "hex") : toBytes(asBytes(vector.at("string").get<std::string>()));
    }
  }
  std::size_t size() const { return values_.size(); }
  std::size_t used() const { return used_.size(); }

  const Bytes& at(const char* test, const char* name) {
    auto found = values_.find({test, name});
    if (found == values_.end()) found = values_.find({"file", name});
    if (found == values_.end()) throw BadFile(std::string("no number \"") + name + '"');
    used_.insert(found->first);
    return found->second;
  }
  // A public key without libsignal's type byte.
  CurveKey key(const char* test, const char* name) {
    const auto& bytes = at(test, name);
    const auto key =
        bytes.size() == 33 && bytes[0] == kCurveKeyType ? CurveKey::from(ByteView(bytes).subspan(1)) : std::nullopt;
    if (!key) throw BadFile(std::string("\"") + name + "\" is no public key");
    return *key;
  }

 private:
  std::map<std::pair<std::string, std::string>, Bytes> values_;
  std::set<std::pair<std::string, std::string>> used_;
};

// Counts what holds; a failure is named by its place in the list.
struct SignalCheck {
  Numbers& numbers;
  Report& report;

  void holds(const char* what, bool good) {
    ++report.valid;
    if (!good) report.failures.push_back({report.valid, what});
  }
  bool agrees(const char* test, const char* secret, const char* point, const char* shared) {
    SecretArray<32> product;
    return multiplyX25519(product.span(), numbers.at(test, secret), numbers.key(test, point).view()) &&
           equal(product.view(), numbers.at(test, shared));
  }
};

void checkCurve25519(SignalCheck& check) {
  auto& n = check.numbers;
  constexpr auto kAgreement = "test_curve25519_agreement", kSignature = "test_curve25519_signature";
  constexpr auto kPublic = "test_curve25519_generate_public", kUnique = "test_unique_signature_vector";
  check.holds("agreement, Alice's side", check.agrees(kAgreement, "alicePrivate", "bobPublic", "shared"));
  check.holds("agreement, Bob's side", check.agrees(kAgreement, "bobPrivate", "alicePublic", "shared"));
  const auto isPublicOf = [&](const char* test, const char* secret, const char* key) {
    return CurveKeyPair::fromSecret(n.at(test, secret)).publicKey() == n.key(test, key);
  };
  check.holds("public key", isPublicOf(kPublic, "alicePrivate", "alicePublic"));
  check.holds("public key of the identity", isPublicOf(kSignature, "aliceIdentityPrivate", "aliceIdentityPublic"));
  check.holds("public key of the unique signature", isPublicOf(kUnique, "privateKey", "publicKey"));
  const auto identity = n.key(kSignature, "aliceIdentityPublic");
  const auto& body = n.at(kSignature, "aliceEphemeralPublic");
  const auto read = Signature::from(n.at(kSignature, "aliceSignature"));
  if (!read) throw BadFile("aliceSignature has another size");
  const Signature& signature = *read;
  check.holds("signature", verifyXeddsaRaw(identity, body, signature));
  for (std::size_t i = 0; i < signature.bytes.size(); ++i) {
    auto altered = signature;
    altered.bytes[i] ^= 1;
    check.holds("an altered signature is refused", !verifyXeddsaRaw(identity, body, altered));
  }
}

void checkHkdfNumbers(SignalCheck& check) {
  auto& n = check.numbers;
  for (const auto* test : {"test_hkdf_vector_v3", "test_hkdf_vector_long_v3"}) {
    const auto& output = n.at(test, "okm");
    const auto made = hkdfSha256(n.at(test, "ikm"), n.at(test, "salt"), n.at(test, "info"), output.size());
    check.holds(test, made && *made == output);
  }
}

void checkFingerprint(SignalCheck& check) {
  using Generator = SignalOwned<fingerprint_generator, fingerprint_generator_free>;
  const SignalContext signal(systemRandom());
  const auto alice = toSignal(check.numbers.key("file", "ALICE_IDENTITY"));
  const auto bob = toSignal(check.numbers.key("file", "BOB_IDENTITY"));
  const std::string expected(asText(check.numbers.at("file", "DISPLAYABLE_FINGERPRINT")));
  constexpr int kIterations = 5200, kVersion = 0;
  constexpr auto kAliceName = "+14152222222", kBobName = "+14153333333";
  const auto number = [&](const char* mine, auto& myKey, const char* theirs, auto& theirKey) {
    Generator generator;
    SignalRef<fingerprint> made;
    requireSignal(fingerprint_generator_create(generator.out(), kIterations, kVersion, signal.get()));
    requireSignal(
        fingerprint_generator_create_for(generator.get(), mine, myKey.get(), theirs, theirKey.get(), made.out()));
    return std::string(displayable_fingerprint_text(fingerprint_get_displayable(made.get())));
  };
  check.holds("Alice's side", number(kAliceName, alice, kBobName, bob) == expected);
  check.holds("Bob's side", number(kBobName, bob, kAliceName, alice) == expected);
}

void checkRatchetNumbers(SignalCheck& check) {
  auto& n = check.numbers;
  constexpr auto kChain = "test_chain_key_derivation_v3";
  const auto step = chainStep(n.at(kChain, "seed"), 0);
  check.holds("message key", equal(step.cipherKey.view(), n.at(kChain, "messageKey")));
  check.holds("MAC key", equal(step.macKey.view(), n.at(kChain, "macKey")));
  check.holds("next chain key", equal(step.nextChainKey.view(), n.at(kChain, "nextChainKey")));

  constexpr auto kBob = "test_ratcheting_session_as_bob";
  AgreementKeys keys;
  const auto secret = [&](const char* test, const char* name) { return SecretBytes(ByteView(n.at(test, name))); };
  keys.ourIdentity = secret(kBob, "bobIdentityPrivate");
  keys.ourSignedPreKey = secret(kBob, "bobSignedPreKeyPrivate");
  keys.theirIdentity = n.key(kBob, "aliceIdentityPublic");
  keys.theirBase = n.key(kBob, "aliceBasePublic");
  const auto bobSide = agreeAsBob(keys);
  check.holds("a session as Bob",
              bobSide && equal(bobSide->senderChainKey.view(), n.at(kBob, "receiverAndSenderChain")));
}

void checkFastTests(SignalCheck& check) {
  auto& n = check.numbers;
  // What the test hashes is a string in its source: the letters of FIPS 180-4's two-block message.
  Sha512 digest;
  digest.update(
      asBytes("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
              "nopqrstu"));
  check.holds("SHA-512", equal(digest.finish().view(), n.at("sha512_fast_test", "sha512_correct_output")));
}

struct SignalFile {
  std::string_view path;
  void (*check)(SignalCheck&);
  std::string_view note;
};
constexpr SignalFile kSignalFiles[] = {
    {"tests/test_curve25519.c", checkCurve25519, "VRF signatures are not called"},
    {"tests/test_hkdf.c", checkHkdfNumbers, "message version 2 is not called"},
    {"tests/test_fingerprint.c", checkFingerprint, "scannable fingerprints are not called"},
    {"tests/test_ratchet.c", checkRatchetNumbers,
     "message version 2 is not called; Alice's base secret there is not clamped, as all of Waxwing's are"},
    {"src/curve25519/ed25519/tests/internal_fast_tests.c", checkFastTests,
     "internals of the library's own curve, which Waxwing does not call"},
    {"tests/test_key_helper.c", nullptr, "Waxwing makes and stores its keys itself"},
};

Report verifySignal(const Json& document, std::string source) {
  Report report;
  report.source = std::move(source);
  try {
    const auto path = document.at("path").get<std::string>();
    report.algorithm = path;
    const auto file = std::ranges::find(kSignalFiles, path, &SignalFile::path);
    if (file == std::end(kSignalFiles)) throw BadFile("numbers of a test that is not known here");
    Numbers numbers(document);
    SignalCheck check{numbers, report};
    if (file->check != nullptr) file->check(check);
    report.note = file->note;
    report.notUsed = numbers.size() - numbers.used();
  } catch (const Json::exception&) {
    throw BadFile("not in the shape of these numbers");
  }
  return report;
}

// --- NIST CAVP

struct NistCase {
  std::map<std::string, Bytes> values;
  std::string cipher;
};

bool holds(const NistCase& test) {
  const auto& key = test.values.at("Key");
  const auto& iv = test.values.at("IV");
  const auto& plaintext = test.values.at("Plaintext");
  const auto& ciphertext = test.values.at("Ciphertext");
  if (test.cipher == "AES-256-CTR") {
    const auto made = aesEncrypt(AesMode::kCtr, key, iv, plaintext);
    const auto opened = aesDecrypt(AesMode::kCtr, key, iv, ciphertext);
    return made && opened && equal(made->view(), ciphertext) && equal(opened->view(), plaintext);
  }
  // Waxwing's CBC pads; CAVP's does not: ours must be theirs and a block of padding behind, and open to theirs.
  const auto made = aesEncrypt(AesMode::kCbcPkcs5, key, iv, plaintext);
  if (!made || made->size() != ciphertext.size() + 16) return false;
  const auto opened = aesDecrypt(AesMode::kCbcPkcs5, key, iv, made->view());
  return equal(made->view().first(ciphertext.size()), ciphertext) && opened && equal(opened->view(), plaintext);
}

void judgeNist(Report& report, const NistCase& test) {
  if (test.cipher.empty()) return;
  ++report.valid;
  try {
    if (!holds(test)) report.failures.push_back({report.valid, "another result than the file's"});
  } catch (const std::out_of_range&) {
    throw BadFile("case " + std::to_string(report.valid) + " lacks a value");
  }
}

}  // namespace

bool isPublicJson(const Json& document) {
  return wycheproofFile(document) != nullptr || (document.is_object() && document.contains("source_repo"));
}

Report verifyPublic(const Json& document, std::string source) {
  if (const auto* file = wycheproofFile(document)) return verifyWycheproof(document, *file, std::move(source));
  return verifySignal(document, std::move(source));
}

bool isNistText(std::string_view text) { return text.find("\nCipher: AES-256-") != text.npos; }

Report verifyNist(std::string_view text, std::string source) {
  Report report;
  report.source = std::move(source);
  NistCase test;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto colon = line.find(": ");
    if (line.empty() || line.front() == '#') continue;
    if (colon == line.npos) throw BadFile("a line that is neither a comment nor \"Name: value\"");
    const auto name = std::string(line.substr(0, colon));
    const auto value = line.substr(colon + 2);
    if (name == "Cipher") {
      judgeNist(report, test);
      test = {};
      test.cipher = report.algorithm = value;
      continue;
    }
    if (test.cipher.empty()) throw BadFile("a value stands before its \"Cipher\"");
    if (name == "Operation") continue;  // both ways are tried
    auto bytes = fromHex(value);
    if (!bytes) throw BadFile("\"" + name + "\" is not lower-case hexadecimal");
    if (!test.values.emplace(name, std::move(*bytes)).second) throw BadFile("a case has \"" + name + "\" twice");
  }
  judgeNist(report, test);
  return report;
}

}  // namespace waxwing::vectors
