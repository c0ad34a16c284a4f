#include "session/device_link.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

class DeviceLinkTest : public ::testing::Test {
 protected:
  Result<DeviceRequest> request(const AccountId& account) {
    Transaction transaction(*db_, CommitPoint::kDevices);
    auto request = makeDeviceRequest(transaction, account, clock_, random_);
    transaction.commit();
    return request;
  }
  DeviceRequest request() { return must(request(primary_.address().account)); }
  Result<DeviceGrant> accept(std::string_view text) {
    Transaction transaction(*db_, CommitPoint::kDevices);
    auto grant = acceptDeviceGrant(transaction, text, clock_, random_);
    transaction.commit();
    return grant;
  }
  // A grant with everything in it; `manifest` as the primary holds it.
  DeviceGrant grantOf(const SignedManifest& manifest) {
    DeviceGrant grant;
    grant.manifest = toBytes(manifest.bytes());
    grant.contactKey = random_.secret<32>();
    grant.inviteKeys.push_back(random_.secret<32>());
    grant.inviteKeys.push_back(random_.secret<32>());
    GrantedContact contact;
    contact.account = other_.address().account;
    contact.name = "Zoë";
    contact.state = 3;
    contact.manifest = toBytes(other_.manifest().bytes());
    contact.accessKey = random_.secret<32>();
    contact.relay = must(RelayAddress::parse("[::1]:7#AQID"));
    grant.contacts.push_back(std::move(contact));
    grant.contacts.push_back({primary_.address().account, "", 1, {}, std::nullopt, std::nullopt});
    return grant;
  }
  SignedManifest list(const DeviceRequest& request) {
    auto next = primary_.manifest().manifest();
    next.devices.push_back(request.device);
    return primary_.reissue(next);
  }

  ManualClock clock_{kTestStart};
  TestDevice primary_{1, clock_};
  TestDevice other_{2, clock_};
  TemporaryDirectory directory_;
  SeededRandom random_{3};
  Bytes key_ = Bytes(32, 7);
  std::unique_ptr<Database> db_ = must(
      openClientDatabase({.path = directory_ / "new.db", .key = key_, .existing = Database::Existing::kMustNotExist}));
};

TEST_F(DeviceLinkTest, ARequestIsReadAsWritten) {
  const auto made = request();
  const auto read = must(DeviceRequest::parse(made.text()));
  EXPECT_EQ(read.account, made.account);
  EXPECT_EQ(read.device.id, made.device.id);
  EXPECT_EQ(read.device.identityKey, made.device.identityKey);
  EXPECT_EQ(read.answerKey, made.answerKey);
  const std::string code = must(made.shortCode());
  EXPECT_EQ(must(read.shortCode()), code);
  EXPECT_EQ(code.size(), 14u);
  EXPECT_EQ(code[4], ' ');
  EXPECT_EQ(code[9], ' ');
  EXPECT_EQ(std::ranges::count_if(code, [](char c) { return c >= '0' && c <= '9'; }), 12);
  EXPECT_GT(made.device.id.value(), 1);
}

TEST_F(DeviceLinkTest, AnAlteredRequestIsRefusedOrShowsAnotherCode) {
  const auto made = request();
  const auto text = made.text();
  const auto code = must(made.shortCode());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto altered = text;
    altered[i] = altered[i] == 'x' ? 'y' : 'x';
    const auto read = DeviceRequest::parse(altered);
    EXPECT_TRUE(!read || must(read->shortCode()) != code) << i;
    EXPECT_FALSE(DeviceRequest::parse(text.substr(0, i))) << i;
  }
}

TEST_F(DeviceLinkTest, AGrantMakesTheDevice) {
  const auto made = request();
  EXPECT_EQ(codeOf(OwnDevice::load(*db_)), Errc::kNoSuchProfile);
  const auto given = grantOf(list(made));
  const auto read = must(accept(must(sealDeviceGrant(primary_->self, made, given, random_))));
  const auto self = must(OwnDevice::load(*db_));
  EXPECT_EQ(self.address(), (DeviceAddress{made.account, made.device.id}));
  EXPECT_EQ(self.identityKey(), made.device.identityKey);
  EXPECT_EQ(self.registrationId(), made.device.registrationId);
  EXPECT_FALSE(self.isPrimary());
  EXPECT_EQ(ManifestBook(*db_, clock_).ref(made.account), primary_.manifest().ref());
  EXPECT_TRUE(constantTimeEqual(read.contactKey.view(), given.contactKey.view()));
  EXPECT_EQ(read.inviteKeys.size(), 2u);
  ASSERT_EQ(read.contacts.size(), 2u);
  EXPECT_EQ(read.contacts[0].account, other_.address().account);
  EXPECT_EQ(read.contacts[0].name, "Zoë");
  EXPECT_EQ(read.contacts[0].state, 3);
  EXPECT_TRUE(read.contacts[0].accessKey);
  EXPECT_EQ(read.contacts[0].relay->text(), "[::1]:7#AQID");
  EXPECT_TRUE(must(SignedManifest::parse(read.contacts[0].manifest)).hash() == other_.manifest().hash());
  EXPECT_FALSE(read.contacts[1].accessKey || read.contacts[1].relay);
}

TEST_F(DeviceLinkTest, AGrantServesOnceAndOnlyItsRequest) {
  const auto replaced = request();
  const auto made = request();
  const auto toReplaced = must(sealDeviceGrant(primary_->self, replaced, grantOf(list(replaced)), random_));
  EXPECT_EQ(codeOf(accept(toReplaced)), Errc::kSealBroken);
  auto manifest = primary_.manifest().manifest();
  manifest.devices = {manifest.devices[0], made.device};
  manifest.retired.set(replaced.device.id.value());
  const auto text = must(sealDeviceGrant(primary_->self, made, grantOf(primary_.reissue(manifest)), random_));
  auto altered = text;
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'x' ? 'y' : 'x';
  EXPECT_EQ(codeOf(accept(altered)), Errc::kSealBroken);
  EXPECT_TRUE(accept(text));
  EXPECT_EQ(codeOf(accept(text)), Errc::kNotFound);
  EXPECT_EQ(codeOf(request(made.account)), Errc::kProfileExists);
}

TEST_F(DeviceLinkTest, OnlyTheAccountsPrimaryGrants) {
  const auto made = request();
  TestDevice second(5, clock_, primary_);
  EXPECT_EQ(codeOf(sealDeviceGrant(second->self, made, grantOf(primary_.manifest()), random_)), Errc::kNotAllowed);
  EXPECT_EQ(codeOf(sealDeviceGrant(other_->self, made, grantOf(primary_.manifest()), random_)), Errc::kNotAllowed);
  // Someone else's signature, over the very request.
  auto posing = made;
  posing.account = other_.address().account;
  const auto forged = must(sealDeviceGrant(other_->self, posing, grantOf(primary_.manifest()), random_));
  EXPECT_EQ(codeOf(accept(forged)), Errc::kBadSignature);
}

TEST_F(DeviceLinkTest, AGrantWithoutThisDeviceIsRefused) {
  const auto made = request();
  const auto text = must(sealDeviceGrant(primary_->self, made, grantOf(primary_.manifest()), random_));
  EXPECT_EQ(codeOf(accept(text)), Errc::kBadBinding);
  EXPECT_EQ(codeOf(OwnDevice::load(*db_)), Errc::kNoSuchProfile);
}

TEST_F(DeviceLinkTest, WithoutARequestNothingIsAccepted) {
  EXPECT_EQ(codeOf(accept("waxwing-grant1:AAAA")), Errc::kNotFound);
  request();
  EXPECT_EQ(codeOf(accept("waxwing-grant2:AAAA")), Errc::kMalformed);
}

TEST_F(DeviceLinkTest, OneProfileBelongsToOneAccount) {
  const auto again = primary_.commit([&](Transaction& transaction) {
    return OwnDevice::createAccount(transaction, must(RelayAddress::parse("relay:1")), clock_, random_);
  });
  EXPECT_EQ(codeOf(again), Errc::kProfileExists);
}

}  // namespace
}  // namespace waxwing::testing
