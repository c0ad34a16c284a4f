#include "crypto/seal.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace waxwing {
namespace {

Bytes bytesOf(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

TEST(Seal, opensToWhatWasSealed) {
  SeededRandom random(1);
  const auto recipient = CurveKeyPair::generate(random);
  for (const std::size_t size : {0u, 1u, 256u, 100'000u}) {
    const Bytes sealed = seal(recipient.publicKey(), bytesOf(size), random);
    EXPECT_EQ(sealed.size(), size + kSealOverhead);
    const auto opened = openSeal(recipient, sealed);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(equal(opened->view(), bytesOf(size)));
  }
}

TEST(Seal, isASealedBoxOfLibsodium) {
  SeededRandom random(2);
  const auto recipient = CurveKeyPair::generate(random);
  const Bytes plaintext = bytesOf(333);
  const Bytes sealed = seal(recipient.publicKey(), plaintext, random);
  Bytes opened(plaintext.size());
  ASSERT_EQ(
      crypto_box_curve25519xchacha20poly1305_seal_open(opened.data(), sealed.data(), sealed.size(),
                                                       recipient.publicKey().bytes.data(), recipient.secret().data()),
      0);
  EXPECT_EQ(opened, plaintext);
}

TEST(Seal, opensASealedBoxOfLibsodium) {
  SeededRandom random(3);
  const auto recipient = CurveKeyPair::generate(random);
  const Bytes plaintext = bytesOf(333);
  Bytes sealed(plaintext.size() + kSealOverhead);
  ASSERT_EQ(crypto_box_curve25519xchacha20poly1305_seal(sealed.data(), plaintext.data(), plaintext.size(),
                                                        recipient.publicKey().bytes.data()),
            0);
  const auto opened = openSeal(recipient, sealed);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(equal(opened->view(), plaintext));
}

TEST(Seal, theSameSeedGivesTheSameBytes) {
  SeededRandom keys(4);
  const auto recipient = CurveKeyPair::generate(keys);
  SeededRandom first(5);
  SeededRandom second(5);
  EXPECT_EQ(seal(recipient.publicKey(), bytesOf(9), first), seal(recipient.publicKey(), bytesOf(9), second));
  EXPECT_NE(seal(recipient.publicKey(), bytesOf(9), first), seal(recipient.publicKey(), bytesOf(9), first));
}

TEST(Seal, anyAlteredByteBreaksIt) {
  SeededRandom random(6);
  const auto recipient = CurveKeyPair::generate(random);
  const Bytes sealed = seal(recipient.publicKey(), bytesOf(20), random);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] ^= 1;
    const auto opened = openSeal(recipient, altered);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, Errc::kSealBroken);
  }
}

TEST(Seal, otherLengthsAndKeysBreakIt) {
  SeededRandom random(7);
  const auto recipient = CurveKeyPair::generate(random);
  const Bytes sealed = seal(recipient.publicKey(), bytesOf(20), random);
  EXPECT_FALSE(openSeal(CurveKeyPair::generate(random), sealed));
  EXPECT_FALSE(openSeal(recipient, ByteWriter().raw(sealed).u8(0).view()));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(openSeal(recipient, ByteView(sealed).first(size))) << size;
  }
}

TEST(Seal, anUncheckedRecipientIsABrokenInvariant) {
  SeededRandom random(8);
  EXPECT_THROW(seal(CurveKey{}, bytesOf(1), random), std::logic_error);
}

}  // namespace
}  // namespace waxwing
