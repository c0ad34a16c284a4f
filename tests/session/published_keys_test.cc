#include "session/published_keys.h"

#include <gtest/gtest.h>

#include "crypto/limits.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

class PublishedKeysTest : public ::testing::Test {
 protected:
  PublishedKeys keys() const { return must(SignedKeys::peek(bytes_)); }
  ManifestDevice owner() { return bob_.manifest()->devices[0]; }
  Result<SignedKeys> parse(ByteView bytes) { return SignedKeys::parse(bytes, bob_.address().account, owner()); }
  // The code of keys that `change` altered before their device signed them.
  template <typename Change>
  Errc codeAfter(Change change) {
    auto altered = keys();
    change(altered);
    const auto signedKeys = SignedKeys::sign(altered, bob_->self.signingKey());
    return signedKeys ? codeOf(parse(signedKeys->bytes())) : signedKeys.error().code;
  }

  ManualClock clock_{kTestStart};
  TestDevice bob_{2, clock_};
  Bytes bytes_ = bob_.bundleWithoutOneTime().signedKeys;
};

TEST_F(PublishedKeysTest, ReadsWhatWasSigned) {
  const auto read = must(parse(bytes_)).keys();
  EXPECT_EQ(read.owner, bob_.address());
  EXPECT_EQ(read.createdAt, static_cast<std::uint64_t>(clock_.now().seconds()));
  EXPECT_GE(read.counter, read.createdAt);
  ASSERT_EQ(read.sealKeys.size(), 1u);
  const auto sealPair = bob_->preKeys.findSealKey(read.sealKeys[0].id);
  ASSERT_TRUE(sealPair);
  EXPECT_EQ(sealPair->publicKey(), read.sealKeys[0].key);
}

TEST_F(PublishedKeysTest, EveryFlippedBitAndEveryCutIsRefused) {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    auto flipped = bytes_;
    flipped[i] ^= 0x41;
    EXPECT_FALSE(parse(flipped)) << i;
    EXPECT_FALSE(parse(ByteView(bytes_).first(i))) << i;
  }
}

TEST_F(PublishedKeysTest, RefusesWhatBreaksItsRules) {
  EXPECT_EQ(codeAfter([](PublishedKeys&) {}), Errc{});
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.counter = k.createdAt - 1; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.signedPreKeyId = 0; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.signedPreKeyId = limits::kPreKeyIdMax + 1; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.sealKeys.clear(); }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.sealKeys.push_back(k.sealKeys[0]); }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.owner.device = DeviceId::fromTrusted(2); }), Errc::kBadSignature);
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.signedPreKey = k.sealKeys[0].key; }), Errc::kBadSignature);
}

TEST_F(PublishedKeysTest, SuitesOfANewerVersionAreSkipped) {
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.sealKeys.push_back({SealSuite{2}, 5, k.sealKeys[0].key}); }), Errc{});
  EXPECT_EQ(codeAfter([](PublishedKeys& k) { k.sealKeys[0].suite = SealSuite{2}; }), Errc::kMalformed);
}

TEST_F(PublishedKeysTest, AreTheirDevicesAlone) {
  TestDevice mallory(3, clock_);
  EXPECT_EQ(codeOf(SignedKeys::parse(bytes_, mallory.address().account, mallory.manifest()->devices[0])),
            Errc::kBadSignature);
  const auto forged = must(SignedKeys::sign(keys(), mallory->self.signingKey()));
  EXPECT_EQ(codeOf(parse(forged.bytes())), Errc::kBadSignature);
}

}  // namespace
}  // namespace waxwing::testing
