#include <dlfcn.h>
#include <signal/protocol.h>
#include <sodium.h>
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>
#include <string_view>

#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/key_gate.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "crypto/signal_primitives.h"
#include "session/signal_context.h"
#include "store/relay/accounts.h"
#include "tools/vectors/ratchet_steps.h"

// Runs what computes with secrets while the secrets are marked as undefined memory: memcheck then reports every branch
// and every index that depends on one. A verdict (equal or not, all zero or not) is public, and is marked as defined
// the moment it is there. docs/vectors.md says what this shows and what not.

namespace {

void hide(std::span<const std::uint8_t> bytes) {
  // The macro's value says whether valgrind runs, which nobody asks here.
  (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}

void disclose(std::span<const std::uint8_t> bytes) { (void)VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size()); }

template <typename Verdict>
Verdict disclosed(Verdict verdict) {
  (void)VALGRIND_MAKE_MEM_DEFINED(&verdict, sizeof verdict);
  return verdict;
}

// The library's function behind ours of the same name.
template <typename Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// In front of the libraries' own, which do the work: what they return is a verdict.
extern "C" {

int sodium_memcmp(const void* a, const void* b, std::size_t size) {
  return disclosed(next(&sodium_memcmp, "sodium_memcmp")(a, b, size));
}

int crypto_scalarmult_curve25519(unsigned char* product, const unsigned char* secret, const unsigned char* point) {
  return disclosed(next(&crypto_scalarmult_curve25519, "crypto_scalarmult_curve25519")(product, secret, point));
}

int signal_constant_memcmp(const void* a, const void* b, std::size_t size);
int signal_constant_memcmp(const void* a, const void* b, std::size_t size) {
  return disclosed(next(&signal_constant_memcmp, "signal_constant_memcmp")(a, b, size));
}

}  // extern "C"

namespace waxwing {
namespace {

// Known numbers, marked as secret.
template <std::size_t N>
SecretArray<N> secretOf(std::string_view what) {
  SecretArray<N> secret;
  for (std::size_t i = 0; i < N; i += 32) {
    const auto part = labelledHash(what, ByteWriter().u64(i).view());
    std::copy_n(part.bytes.begin(), std::min<std::size_t>(32, N - i), secret.span().begin() + static_cast<long>(i));
  }
  hide(secret.view());
  return secret;
}

CurveKey publicKeyOf(std::string_view what) {
  return CurveKeyPair::fromSecret(labelledHash(what, {}).view()).publicKey();
}

class HiddenRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    std::ranges::fill(out, std::uint8_t{0x5a});
    hide(out);
  }
};

// --- comparisons

bool equalSecrets() {
  const auto secret = secretOf<32>("secret"), same = secret.clone(), other = secretOf<32>("other");
  return constantTimeEqual(secret.view(), same.view()) && !constantTimeEqual(secret.view(), other.view());
}

bool accessKeysAtTheRelay() {
  relay::AccountEntry account;
  for (const auto* name : {"contact", "invite", "another"}) {
    account.accessKeys.emplace_back(AccessKeyHash{labelledHash(name, {}).bytes}, relay::KeyClass::kContact);
  }
  AccessKeyHash known{labelledHash("invite", {}).bytes}, unknown{labelledHash("stranger", {}).bytes};
  for (auto& [hash, keyClass] : account.accessKeys) hide(hash.view());
  hide(known.view());
  hide(unknown.view());
  return account.classOf(known).has_value() && !account.classOf(unknown);
}

bool accessKeyHash() {
  const auto key = secretOf<32>("key");
  labelledHash("access-key", key.view());
  return true;
}

// The MAC of a message, which libsignal computes and compares.
bool messageMac() {
  HiddenRandom random;
  const SignalContext signal(random);
  const auto ratchet = toSignal(publicKeyOf("ratchet")), alice = toSignal(publicKeyOf("alice"));
  const auto bob = toSignal(publicKeyOf("bob"));
  const auto key = secretOf<32>("mac");
  const Bytes text(16);
  SignalRef<signal_message> made, read;
  requireSignal(signal_message_create(made.out(), 3, key.view().data(), 32, ratchet.get(), 0, 0, text.data(),
                                      text.size(), alice.get(), bob.get(), signal.get()));
  auto bytes = toBytes(view(ciphertext_message_get_serialized(reinterpret_cast<ciphertext_message*>(made.get()))));
  disclose(bytes);  // it was sent
  requireSignal(signal_message_deserialize(read.out(), bytes.data(), bytes.size(), signal.get()));
  const int good = signal_message_verify_mac(read.get(), alice.get(), bob.get(), key.view().data(), 32, signal.get());
  bytes.back() ^= 1;
  SignalRef<signal_message> forged;
  requireSignal(signal_message_deserialize(forged.out(), bytes.data(), bytes.size(), signal.get()));
  const int bad = signal_message_verify_mac(forged.get(), alice.get(), bob.get(), key.view().data(), 32, signal.get());
  return good == 1 && bad == 0;
}

// --- keys

bool zeroProduct() {
  const auto secret = secretOf<32>("secret");
  SecretArray<32> product;
  const bool passed = multiplyX25519(product.span(), secret.view(), publicKeyOf("peer").view());
  return passed && !multiplyX25519(product.span(), secret.view(), CurveKey{}.view());
}

bool keyPair() {
  const auto pair = CurveKeyPair::fromSecret(secretOf<32>("secret").view());
  return pair.publicKey().view().size() == 32;
}

// The gate, in front of a secret: it reads the received key, which is public, and nothing else.
bool keyGate() {
  const auto pair = CurveKeyPair::fromSecret(secretOf<32>("secret").view());
  auto received = publicKeyOf("peer");
  const auto passed = checkCurveKey(received.view());
  SecretArray<32> product;
  const bool agreed = passed && multiplyX25519(product.span(), pair.secret(), passed->view());
  received.bytes.back() |= 0x80;
  return agreed && !checkCurveKey(received.view()) && !checkCurveKey(CurveKey{}.view());
}

// --- steps of the ratchet, as libsignal takes them through our provider

bool chainStep() {
  vectors::chainStep(secretOf<32>("chain").view(), 0);
  return true;
}

bool rootStep() {
  return vectors::rootStep(secretOf<32>("root").view(), secretOf<32>("ours").view(), publicKeyOf("theirs")).has_value();
}

bool x3dhAsBob() {
  const vectors::AgreementKeys keys{
      SecretBytes(secretOf<32>("identity").view()), SecretBytes(secretOf<32>("signed").view()),
      SecretBytes(secretOf<32>("one-time").view()), publicKeyOf("theirs"), publicKeyOf("base")};
  return vectors::agreeAsBob(keys).has_value();
}

// --- ciphers and signatures

bool aes() {
  const auto key = secretOf<32>("key"), text = secretOf<32>("text");
  const auto iv = secretOf<16>("iv");
  return aesEncrypt(AesMode::kCbcPkcs5, key.view(), iv.view(), text.view()).has_value();
}

bool sealing() {
  HiddenRandom random;
  return !seal(publicKeyOf("recipient"), secretOf<64>("text").view(), random).empty();
}

bool ed25519Signing() {
  const auto signer = SigningKeyPair::fromSeed(secretOf<32>("seed").view());
  signer.sign(SignatureUse::kLogin, asBytes("body"));
  return true;
}

bool xeddsaSigning() {
  HiddenRandom random;
  SignalContext(random).signXeddsa(secretOf<32>("identity").view(), SignatureUse::kBindIdentity, asBytes("body"));
  return true;
}

// --- what must be reported, or the others show nothing

bool leakingComparison() {
  const auto secret = secretOf<32>("secret"), other = secretOf<32>("other");
  return !disclosed(equal(secret.view(), other.view()));
}

bool leakingIndex() {
  static volatile std::uint8_t table[256] = {};
  const auto secret = secretOf<32>("secret");
  const std::uint8_t found = table[secret.view().front()];
  return disclosed(found) == 0;
}

// What comes out of the libraries is as secret as what went in.
bool leakingProduct() {
  SecretArray<32> product;
  const bool passed = multiplyX25519(product.span(), secretOf<32>("secret").view(), publicKeyOf("peer").view());
  return passed && disclosed(!equal(product.view(), CurveKey{}.view()));
}

bool leakingMessageKey() {
  const auto step = vectors::chainStep(secretOf<32>("chain").view(), 0);
  return disclosed(!equal(step.cipherKey.view(), step.macKey.view()));
}

// The gate is for public keys only.
bool gateOnSecret() {
  const auto key = publicKeyOf("peer");
  hide(key.view());
  return checkCurveKey(key.view()).has_value();
}

struct Scenario {
  std::string_view name;
  bool leaks;
  bool (*run)();
};

constexpr Scenario kScenarios[] = {
    {"equal_secrets", false, equalSecrets},
    {"access_keys_at_the_relay", false, accessKeysAtTheRelay},
    {"access_key_hash", false, accessKeyHash},
    {"message_mac", false, messageMac},
    {"zero_product", false, zeroProduct},
    {"key_pair", false, keyPair},
    {"key_gate", false, keyGate},
    {"chain_step", false, chainStep},
    {"root_step", false, rootStep},
    {"x3dh_as_bob", false, x3dhAsBob},
    {"aes", false, aes},
    {"sealing", false, sealing},
    {"ed25519_signing", false, ed25519Signing},
    {"xeddsa_signing", false, xeddsaSigning},
    {"leaking_comparison", true, leakingComparison},
    {"leaking_index", true, leakingIndex},
    {"leaking_product", true, leakingProduct},
    {"leaking_message_key", true, leakingMessageKey},
    {"gate_on_secret", true, gateOnSecret},
};

int list() {
  for (const auto& scenario : kScenarios) {
    std::printf("%s %.*s\n", scenario.leaks ? "leaks" : "clean", static_cast<int>(scenario.name.size()),
                scenario.name.data());
  }
  return 0;
}

int run(std::string_view name) {
  const auto found = std::ranges::find(kScenarios, name, &Scenario::name);
  if (found == std::end(kScenarios)) return 2;
  return found->run() ? 0 : 1;
}

}  // namespace
}  // namespace waxwing

// Without an argument: the scenarios, and whether memcheck must have something to say.
int main(int count, char** values) { return count > 1 ? waxwing::run(values[1]) : waxwing::list(); }
