#include "session/manifest.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "session/device_keys.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

class ManifestTest : public ::testing::Test {
 protected:
  Manifest manifest() { return alice_.manifest().manifest(); }
  Result<SignedManifest> sign(const Manifest& manifest) {
    return SignedManifest::sign(manifest, *alice_->self.accountKey());
  }
  ManifestDevice entry(std::int64_t id) {
    return manifestEntry(makeDeviceKeys({alice_.address().account, DeviceId::fromTrusted(id)}, random_), signal_);
  }
  // The code of a manifest that `change` altered before it was signed.
  template <typename Change>
  Errc codeAfter(Change change) {
    auto altered = manifest();
    change(altered);
    return codeOf(sign(altered));
  }

  ManualClock clock_{kTestStart};
  TestDevice alice_{1, clock_};
  SeededRandom random_{2};
  SignalContext signal_{random_};
};

TEST_F(ManifestTest, ReadsWhatWasSigned) {
  auto written = manifest();
  written.devices.push_back(entry(5));
  written.retired.set(3).set(127);
  written.previousHash.bytes.fill(8);
  written.relay = must(RelayAddress::parse("[::1]:9#AQID"));
  const auto signedManifest = must(sign(written));
  for (const auto& read :
       {must(SignedManifest::parse(signedManifest.bytes())), SignedManifest::fromTrusted(signedManifest.bytes())}) {
    EXPECT_EQ(read->account, written.account);
    EXPECT_EQ(read->version, written.version);
    EXPECT_EQ(read->issuedAt, written.issuedAt);
    EXPECT_EQ(read->primary, written.primary);
    EXPECT_EQ(read->relay, written.relay);
    EXPECT_EQ(read->retired, written.retired);
    EXPECT_EQ(read->previousHash, written.previousHash);
    ASSERT_EQ(read->devices.size(), 2u);
    EXPECT_EQ(read->find(DeviceId::fromTrusted(5))->identityKey, written.devices[1].identityKey);
    EXPECT_EQ(read->find(DeviceId::fromTrusted(5))->registrationId, written.devices[1].registrationId);
    EXPECT_EQ(read->find(DeviceId::fromTrusted(6)), nullptr);
    EXPECT_TRUE(read->isRetired(DeviceId::fromTrusted(3)));
    EXPECT_EQ(read.hash(), blake2b(signedManifest.bytes()));
  }
}

TEST_F(ManifestTest, EveryFlippedBitAndEveryCutIsRefused) {
  const auto bytes = toBytes(alice_.manifest().bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 7}) {
      auto flipped = bytes;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ (1u << bit));
      EXPECT_FALSE(SignedManifest::parse(flipped)) << i;
    }
    EXPECT_FALSE(SignedManifest::parse(ByteView(bytes).first(i))) << i;
  }
  EXPECT_THROW(SignedManifest::fromTrusted(Bytes(100)), std::logic_error);
}

TEST_F(ManifestTest, AForgedOneIsRefused) {
  const auto mallory = SigningKeyPair::generate(random_);
  EXPECT_EQ(codeOf(SignedManifest::sign(manifest(), mallory)), Errc::kBadSignature);
}

TEST_F(ManifestTest, RefusesWhatBreaksItsRules) {
  EXPECT_EQ(codeAfter([](Manifest&) {}), Errc{});
  EXPECT_EQ(codeAfter([](Manifest& m) { m.version = 0; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.version = m.issuedAt - 1; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.version = limits::kManifestVersionMax + 1; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.devices.clear(); }), Errc::kOverLimit);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.primary = DeviceId::fromTrusted(2); }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.retired.set(1); }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.retired.set(0); }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.relay.port = 0; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.devices[0].registrationId = 0; }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) { m.devices.push_back(m.devices[0]); }), Errc::kMalformed);
  EXPECT_EQ(codeAfter([](Manifest& m) {
              m.devices[0].id = DeviceId::fromTrusted(2);
              m.primary = m.devices[0].id;
            }),
            Errc::kBadBinding);
  EXPECT_EQ(codeAfter([&](Manifest& m) { m.devices.insert(m.devices.begin(), entry(9)); }), Errc::kMalformed);
}

TEST_F(ManifestTest, ListsSixteenDevicesAndNoMore) {
  auto largest = manifest();
  largest.relay.certificate.assign(1400, 1);
  for (std::int64_t id = 2; id <= 16; ++id) largest.devices.push_back(entry(id));
  EXPECT_TRUE(sign(largest));
  largest.devices.push_back(entry(17));
  EXPECT_EQ(codeOf(sign(largest)), Errc::kOverLimit);
}

TEST_F(ManifestTest, TheRuleKnowsFiveCases) {
  auto first = manifest();
  first.retired.set(9);
  const auto held = must(sign(first));
  const auto order = [&](std::uint64_t version, auto change) {
    auto next = first;
    next.version = version;
    change(next);
    return compare(held, must(sign(next)));
  };
  const auto asItIs = [](Manifest&) {};
  EXPECT_EQ(order(first.version, asItIs), ManifestOrder::kSame);
  EXPECT_EQ(order(first.version + 1, asItIs), ManifestOrder::kNewer);
  EXPECT_EQ(order(first.version + 1, [](Manifest& m) { m.retired.set(10); }), ManifestOrder::kNewer);
  EXPECT_EQ(order(first.version + 1, [](Manifest& m) { m.retired.reset(9); }), ManifestOrder::kUnretires);
  EXPECT_EQ(order(first.version, [](Manifest& m) { m.previousHash.bytes.fill(1); }), ManifestOrder::kEquivocation);
  EXPECT_EQ(order(first.version - 1, [](Manifest& m) { m.issuedAt -= 1; }), ManifestOrder::kStale);
}

TEST(ManifestVersion, GrowsWithTimeAndNeverStandsStill) {
  EXPECT_EQ(nextManifestVersion(0, {5000}), 5u);
  EXPECT_EQ(nextManifestVersion(5, {5000}), 6u);
  EXPECT_EQ(nextManifestVersion(9, {-5000}), 10u);
}

}  // namespace
}  // namespace waxwing::testing
