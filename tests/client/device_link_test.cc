#include <algorithm>
#include <set>

#include "tests/client/client_fixture.h"

namespace waxwing::testing {
namespace {

// Alice has a phone and asks for a tablet. Nobody is on line: adding a device needs no network.
class DeviceLinkTest : public ClientTest {
 protected:
  AccountId account() const { return phone_->self().account; }
  Client::DeviceRequestText request(std::string_view name = "tablet") {
    return Client::requestDevice(options(name), account()).value();
  }
  Result<std::unique_ptr<Client>> join(std::string_view grant, std::string_view name = "tablet") {
    return Client::joinDevice(options(name), grant);
  }
  std::size_t countOfDevices() { return phone_->devices().value().size(); }
  // `text` with another character at `position`.
  static std::string changed(std::string text, std::size_t position) {
    text[position] = text[position] == 'A' ? 'B' : 'A';
    return text;
  }
  // Ways to damage a text, spread over its length.
  static std::vector<std::string> damaged(const std::string& text) {
    std::vector<std::string> found = {"", "nonsense", text.substr(0, text.find(':') + 1),
                                      text.substr(0, text.size() - 1), text + "A"};
    for (std::size_t part = 1; part < 16; ++part) found.push_back(changed(text, text.size() * part / 16));
    return found;
  }

  std::unique_ptr<Client> phone_ = create("phone");
};

TEST_F(DeviceLinkTest, ARequestAndItsGrantMakeADeviceOfTheAccount) {
  auto bob = create("bob");
  const AccountId bobId = introduce(*phone_, *bob, "Bob");
  const auto asked = request();
  EXPECT_EQ(Client::shortCodeOf(asked.text).value(), asked.shortCode);
  EXPECT_EQ(asked.shortCode.size(), 14u) << "twelve digits in groups of four";

  const std::string grant = phone_->grantDevice(asked.text).value();
  EXPECT_EQ(countOfDevices(), 2u);
  auto tablet = join(grant).value();
  const DeviceAddress self = tablet->self();
  EXPECT_EQ(self.account, account());
  EXPECT_NE(self.device, phone_->self().device);
  EXPECT_EQ(tablet->findContact("Bob").value().account, bobId) << "contacts come with the grant";
  tablet = nullptr;

  tablet = open("tablet");
  EXPECT_EQ(tablet->self(), self);
  EXPECT_EQ(tablet->relay(), relay_);
  const auto devices = tablet->devices().value();
  ASSERT_EQ(devices.size(), 2u);
  for (const OwnDeviceInfo& device : devices) {
    EXPECT_EQ(device.self, device.id == self.device);
    EXPECT_EQ(device.primary, device.id == phone_->self().device);
  }
}

TEST_F(DeviceLinkTest, EveryRequestHasACodeOfItsOwn) {
  const auto first = request("one");
  const auto second = request("two");
  EXPECT_NE(first.shortCode, second.shortCode);
  EXPECT_EQ(Client::shortCodeOf(second.text).value(), second.shortCode);
}

// The device's keys vouch for most of a request; whoever changes the rest changes the code that the user compares.
TEST_F(DeviceLinkTest, ADamagedRequestIsRefusedOrShowsAnotherCode) {
  const auto asked = request();
  const std::set<Errc> expected = {Errc::kMalformed, Errc::kBadKey, Errc::kBadBinding};
  auto texts = damaged(asked.text);
  texts.push_back(phone_->createInvite().value());
  std::size_t refused = 0;
  for (const std::string& text : texts) {
    const auto code = Client::shortCodeOf(text);
    if (code) {
      EXPECT_NE(*code, asked.shortCode) << text;
      continue;
    }
    ++refused;
    EXPECT_TRUE(expected.contains(code.error().code)) << text << ": " << name(code.error().code);
    EXPECT_EQ(phone_->grantDevice(text).error().code, code.error().code) << text;
  }
  EXPECT_GT(refused, texts.size() / 2);
  EXPECT_EQ(countOfDevices(), 1u);
  EXPECT_TRUE(phone_->grantDevice(asked.text).has_value()) << "the request itself is still good";
}

TEST_F(DeviceLinkTest, ARequestForAnotherAccountIsRefused) {
  auto bob = create("bob");
  EXPECT_EQ(bob->grantDevice(request().text).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(bob->devices().value().size(), 1u);
}

TEST_F(DeviceLinkTest, ARequestIsGrantedOnce) {
  const auto asked = request();
  const std::string grant = phone_->grantDevice(asked.text).value();
  EXPECT_EQ(phone_->grantDevice(asked.text).error().code, Errc::kNotAllowed);
  EXPECT_EQ(countOfDevices(), 2u);
  EXPECT_TRUE(join(grant).has_value()) << "the first answer is still good";
}

TEST_F(DeviceLinkTest, OnlyThePrimaryGrants) {
  const auto tablet = join(phone_->grantDevice(request().text).value()).value();
  EXPECT_EQ(tablet->grantDevice(request("laptop").text).error().code, Errc::kNotAllowed);
  EXPECT_EQ(tablet->devices().value().size(), 2u);
}

TEST_F(DeviceLinkTest, ARetiredDevicesRequestIsNotGrantedAgain) {
  const auto asked = request();
  const auto tablet = join(phone_->grantDevice(asked.text).value()).value();
  ASSERT_TRUE(phone_->retireDevice(tablet->self().device).has_value());
  EXPECT_EQ(phone_->grantDevice(asked.text).error().code, Errc::kNotAllowed);
  EXPECT_EQ(countOfDevices(), 1u);
}

TEST_F(DeviceLinkTest, ADamagedGrantIsRefusedAndTheRequestStillWaits) {
  const std::string grant = phone_->grantDevice(request().text).value();
  const std::set<Errc> expected = {Errc::kMalformed, Errc::kSealBroken, Errc::kBadSignature};
  for (const std::string& text : damaged(grant)) {
    const auto joined = join(text);
    ASSERT_FALSE(joined.has_value()) << text;
    EXPECT_TRUE(expected.contains(joined.error().code)) << text << ": " << name(joined.error().code);
    EXPECT_EQ(Client::open(options("tablet")).error().code, Errc::kNoSuchProfile);
  }
  EXPECT_TRUE(join(grant).has_value());
}

TEST_F(DeviceLinkTest, AGrantOpensForItsRequestOnly) {
  const auto tablet = request("tablet");
  const auto laptop = request("laptop");
  const std::string forTablet = phone_->grantDevice(tablet.text).value();
  const std::string forLaptop = phone_->grantDevice(laptop.text).value();
  EXPECT_EQ(join(forLaptop, "tablet").error().code, Errc::kSealBroken);
  EXPECT_EQ(join(forTablet, "laptop").error().code, Errc::kSealBroken);
  EXPECT_TRUE(join(forTablet, "tablet").has_value());
  EXPECT_TRUE(join(forLaptop, "laptop").has_value());
}

TEST_F(DeviceLinkTest, ANewRequestReplacesTheOneThatWaited) {
  const auto first = request();
  const auto second = request();
  EXPECT_EQ(join(phone_->grantDevice(first.text).value()).error().code, Errc::kSealBroken);
  EXPECT_TRUE(join(phone_->grantDevice(second.text).value()).has_value());
}

TEST_F(DeviceLinkTest, AGrantIsUsedOnce) {
  const std::string grant = phone_->grantDevice(request().text).value();
  auto tablet = join(grant).value();
  const DeviceAddress self = tablet->self();
  EXPECT_EQ(join(grant).error().code, Errc::kStoreLocked) << "while it is open";
  tablet = nullptr;
  EXPECT_EQ(join(grant).error().code, Errc::kNotFound);
  EXPECT_EQ(open("tablet")->self(), self) << "and the device is what it was";
}

TEST_F(DeviceLinkTest, WhereAProfileIsNothingJoins) {
  const std::string grant = phone_->grantDevice(request().text).value();
  auto bob = create("bob");
  const DeviceAddress self = bob->self();
  bob = nullptr;
  EXPECT_EQ(Client::requestDevice(options("bob"), account()).error().code, Errc::kProfileExists);
  EXPECT_EQ(join(grant, "bob").error().code, Errc::kNotFound);
  EXPECT_EQ(open("bob")->self(), self);
  EXPECT_EQ(join(grant, "absent").error().code, Errc::kNoSuchProfile);
}

TEST_F(DeviceLinkTest, TheWaitingRequestNeedsTheKeyOfItsDatabase) {
  const std::string grant = phone_->grantDevice(request().text).value();
  key_ = Bytes(32, 8);
  EXPECT_EQ(join(grant).error().code, Errc::kWrongKey);
  EXPECT_EQ(Client::requestDevice(options("tablet"), account()).error().code, Errc::kWrongKey);
  key_ = Bytes(32, 7);
  EXPECT_TRUE(join(grant).has_value());
}

}  // namespace
}  // namespace waxwing::testing
