#include "crypto/sign.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/vectors.h"

namespace waxwing {
namespace {

using testing::unhex;

constexpr auto kEd25519Vectors = "wycheproof/ed25519_test.json";
constexpr auto kSignalVectors = "signal/lspc_test_curve25519.json";

constexpr SignatureUse kUses[] = {SignatureUse::kManifest,   SignatureUse::kBindIdentity, SignatureUse::kBindSigning,
                                  SignatureUse::kKeys,       SignatureUse::kLogin,        SignatureUse::kRegister,
                                  SignatureUse::kDeviceGrant};

// The order of the group, L, little endian.
constexpr std::string_view kOrder = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

// The same signature with S + L for S: it satisfies the plain verification equation just as well.
Signature withSPlusL(Signature signature) {
  const Bytes order = unhex(kOrder);
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += unsigned{signature.bytes[32 + i]} + order[i];
    signature.bytes[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return signature;
}

// libsignal's own numbers, from its test of Curve25519 signatures: a signature over a serialised public key.
struct SignalSignature {
  CurveKey key;
  Bytes message;
  Signature signature;

  static SignalSignature load() {
    SignalSignature loaded;
    const auto document = testing::vectorJson(kSignalVectors);
    for (const auto& vector : document["vectors"]) {
      const Bytes bytes = unhex(vector["hex"]);
      if (vector["name"] == "aliceIdentityPublic") loaded.key = *CurveKey::from(ByteView(bytes).subspan(1));
      if (vector["name"] == "aliceEphemeralPublic") loaded.message = bytes;
      if (vector["name"] == "aliceSignature") loaded.signature = *Signature::from(bytes);
    }
    return loaded;
  }
};

TEST(Sign, aSignatureVerifiesForItsUseOnly) {
  SeededRandom random(1);
  const auto pair = SigningKeyPair::generate(random);
  for (const auto signedUse : kUses) {
    const Signature signature = pair.sign(signedUse, asBytes("body"));
    for (const auto use : kUses) {
      EXPECT_EQ(verify(pair.publicKey(), use, asBytes("body"), signature), use == signedUse);
    }
  }
}

TEST(Sign, anotherBodyOrKeyDoesNotVerify) {
  SeededRandom random(2);
  const auto pair = SigningKeyPair::generate(random);
  const Signature signature = pair.sign(SignatureUse::kLogin, asBytes("body"));
  EXPECT_FALSE(verify(pair.publicKey(), SignatureUse::kLogin, asBytes("bodies"), signature));
  EXPECT_FALSE(verify(SigningKeyPair::generate(random).publicKey(), SignatureUse::kLogin, asBytes("body"), signature));
}

TEST(Sign, signedBytesAreLabelZeroBody) {
  EXPECT_EQ(asText(signedBytes(SignatureUse::kBindIdentity, asBytes("body"))),
            std::string_view("waxwing bind-identity v1\0body", 29));
}

TEST(Sign, noTwoUsesShareALabel) {
  std::set<std::string_view> labels;
  for (const auto use : kUses) labels.insert(label(use));
  EXPECT_EQ(labels.size(), std::size(kUses));
}

// RFC 8032 §7.1, test 1.
TEST(Sign, theSeedGivesTheKey) {
  const Bytes seed = unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto pair = SigningKeyPair::fromSeed(seed);
  EXPECT_EQ(toHex(pair.publicKey().view()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_TRUE(equal(pair.seed().view(), seed));
  EXPECT_THROW(SigningKeyPair::fromSeed(ByteView(seed).first(31)), std::logic_error);
}

TEST(Sign, ed25519PublicVectors) {
  WAXWING_SKIP_WITHOUT(kEd25519Vectors);
  int seen = 0;
  for (const auto& test : testing::wycheproofTests(kEd25519Vectors)) {
    ++seen;
    const auto key = *SigningKey::from(unhex(test["group"]["publicKey"]["pk"]));
    const auto signature = Signature::from(unhex(test["sig"]));
    const bool valid = signature && verifyRaw(key, unhex(test["msg"]), *signature);
    EXPECT_EQ(valid, test["result"] == "valid") << test["tcId"] << " " << test["comment"];
  }
  EXPECT_EQ(seen, 151);
}

// Hardening H8. Plain Ed25519 and XEdDSA admit the second form; ours refuses it. Even so a signature is no identifier:
// its maker can make others.
TEST(Sign, malleabilityOfOurSignatures) {
  SeededRandom random(3);
  const auto pair = SigningKeyPair::generate(random);
  const Signature signature = pair.sign(SignatureUse::kManifest, asBytes("body"));
  EXPECT_TRUE(verify(pair.publicKey(), SignatureUse::kManifest, asBytes("body"), signature));
  EXPECT_FALSE(verify(pair.publicKey(), SignatureUse::kManifest, asBytes("body"), withSPlusL(signature)));
}

TEST(Sign, malleabilityOfXeddsa) {
  WAXWING_SKIP_WITHOUT(kSignalVectors);
  const auto [key, message, signature] = SignalSignature::load();
  Signature altered = signature;
  const std::uint8_t sign = altered.bytes.back() & 0x80;
  altered.bytes.back() &= 0x7f;
  altered = withSPlusL(altered);
  altered.bytes.back() |= sign;
  EXPECT_FALSE(verifyXeddsaRaw(key, message, altered));
}

TEST(Sign, xeddsaVerifiesWhatSignalSigned) {
  WAXWING_SKIP_WITHOUT(kSignalVectors);
  const auto [key, message, signature] = SignalSignature::load();
  EXPECT_TRUE(verifyXeddsaRaw(key, message, signature));
  EXPECT_FALSE(verifyXeddsa(key, SignatureUse::kBindIdentity, message, signature));
}

TEST(Sign, xeddsaRefusesEveryFlippedBit) {
  WAXWING_SKIP_WITHOUT(kSignalVectors);
  const auto [key, message, signature] = SignalSignature::load();
  for (std::size_t bit = 0; bit < 8 * Signature::kSize; ++bit) {
    Signature altered = signature;
    altered.bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(verifyXeddsaRaw(key, message, altered)) << bit;
  }
}

TEST(Sign, xeddsaRefusesKeysWithoutAnImage) {
  const auto minusOne = *CurveKey::from(unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
  EXPECT_FALSE(verifyXeddsaRaw(minusOne, {}, Signature{}));
  EXPECT_FALSE(verifyXeddsaRaw(CurveKey{}, {}, Signature{}));
}

}  // namespace
}  // namespace waxwing
