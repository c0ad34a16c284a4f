#include "session/envelope.h"

#include <gtest/gtest.h>

#include "crypto/limits.h"
#include "crypto/padding.h"
#include "crypto/seal.h"
#include "crypto/sign.h"

namespace waxwing {
namespace {

class EnvelopeTest : public ::testing::Test {
 protected:
  DeviceAddress address(std::int64_t device) {
    return {*AccountId::parse(SigningKeyPair::generate(random_).publicKey().view()), DeviceId::fromTrusted(device)};
  }
  Envelope envelope(std::size_t ciphertextBytes) {
    Envelope envelope{random_.fixed<EnvelopeId>(), address(1), address(127), CipherKind::kPreKey, Bytes(500, 3), {}};
    envelope.ciphertext.assign(ciphertextBytes, 9);
    return envelope;
  }
  SealKey key() const { return {SealSuite::kXChaCha, 77, pair_.publicKey()}; }

  SeededRandom random_{3};
  CurveKeyPair pair_ = CurveKeyPair::generate(random_);
};

TEST_F(EnvelopeTest, OpensWhatWasSealed) {
  const auto original = envelope(300);
  const auto sealed = sealEnvelope(original, key(), random_);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealedTo(*sealed)->sealKeyId, 77u);
  const auto opened = openEnvelope(*sealed, pair_);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->id, original.id);
  EXPECT_EQ(opened->to, original.to);
  EXPECT_EQ(opened->from, original.from);
  EXPECT_EQ(opened->kind, CipherKind::kPreKey);
  EXPECT_EQ(opened->manifest, original.manifest);
  EXPECT_EQ(opened->ciphertext, original.ciphertext);
}

TEST_F(EnvelopeTest, HidesSmallDifferencesOfSize) {
  EXPECT_EQ(sealEnvelope(envelope(1000), key(), random_)->size(), sealEnvelope(envelope(1001), key(), random_)->size());
}

TEST_F(EnvelopeTest, EveryFlippedBitAndEveryCutIsRefused) {
  const auto sealed = *sealEnvelope(envelope(100), key(), random_);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto flipped = sealed;
    flipped[i] ^= 0x10;
    const bool isKeyId = i >= 1 && i < 5;  // names the key, is not sealed
    EXPECT_EQ(openEnvelope(flipped, pair_).has_value(), isKeyId) << i;
    EXPECT_FALSE(openEnvelope(ByteView(sealed).first(i), pair_)) << i;
  }
}

TEST_F(EnvelopeTest, RefusesAnotherSuite) {
  auto sealed = *sealEnvelope(envelope(100), key(), random_);
  sealed[0] = 2;
  EXPECT_EQ(sealedTo(sealed).error().code, Errc::kUnsupportedSuite);
}

TEST_F(EnvelopeTest, RefusesInsidesThatItWouldNotWrite) {
  const auto good = envelope(100);
  const auto plaintext = openSeal(pair_, ByteView(*sealEnvelope(good, key(), random_)).subspan(5));
  ASSERT_TRUE(plaintext);
  const auto reseal = [&](Bytes inside) {
    return ByteWriter().u8(1).u32(77).raw(seal(pair_.publicKey(), inside, random_)).take();
  };
  const auto original = toBytes(plaintext->view());
  ASSERT_TRUE(openEnvelope(reseal(original), pair_));
  const auto expectRefused = [&](std::size_t at, std::uint8_t value) {
    auto altered = original;
    altered[at] = value;
    EXPECT_EQ(openEnvelope(reseal(altered), pair_).error().code, Errc::kMalformed) << at;
  };
  expectRefused(16, static_cast<std::uint8_t>(original[16] ^ 0xff));  // an account that is no point
  expectRefused(48, 0);                                               // device 0
  expectRefused(48, 128);                                             // device 128
  expectRefused(82, 0);                                               // kind 0
  expectRefused(82, 4);                                               // kind 4
  expectRefused(86, 0xff);                                            // a length beyond the end
  expectRefused(original.size() - 1, 1);                              // padding
  auto longer = original;
  longer.resize(padmeSize(original.size() + 1));
  EXPECT_FALSE(openEnvelope(reseal(longer), pair_));
}

TEST_F(EnvelopeTest, KeepsTheLimit) {
  EXPECT_EQ(sealEnvelope(envelope(limits::kEnvelopeBytes), key(), random_).error().code, Errc::kTooLong);
  // The largest content in a pre-key message with the largest manifest fits.
  auto largest = envelope(padmeSize(limits::kContentBytes + 20) + 400);
  largest.manifest.assign(limits::kManifestBytes, 1);
  EXPECT_TRUE(sealEnvelope(largest, key(), random_));
}

}  // namespace
}  // namespace waxwing
