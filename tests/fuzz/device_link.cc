// The two blobs that add a device: the request that the primary is shown, and the grant that answers it – as text, and
// sealed and signed as the account's owner could.

#include "session/device_link.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/seal.h"
#include "crypto/text.h"
#include "store/client/identity_table.h"
#include "tests/fuzz/target.h"
#include "tests/support/test_device.h"

namespace waxwing::fuzz {
namespace {

using testing::must;

constexpr std::string_view kRequestPrefix = "waxwing-request1:";
constexpr std::string_view kGrantPrefix = "waxwing-grant1:";

enum Mode : std::uint8_t { kText, kSealed, kSigned, kModes };

Bytes insideOf(std::string_view text, std::string_view prefix) { return *fromBase64url(text.substr(prefix.size())); }

// A primary, and an unlinked installation whose request waits.
class Linking {
 public:
  DeviceRequest request() const { return request_; }

  std::string sealed(ByteView inside) {
    SeededRandom random(5);
    return std::string(kGrantPrefix).append(toBase64url(seal(request_.answerKey, inside, random)));
  }
  Bytes signedByAccount(ByteView body) {
    const auto hash = labelledHash("device-request", insideOf(request_.text(), kRequestPrefix));
    const auto what = ByteWriter().raw(hash.view()).raw(body).take();
    const auto signature = primary_->self.accountKey()->sign(SignatureUse::kDeviceGrant, what);
    return ByteWriter().raw(signature.view()).raw(body).take();
  }
  // The request waits again afterwards.
  void offer(std::string_view text) {
    Transaction transaction(*db_, CommitPoint::kDevices);
    const auto grant = acceptDeviceGrant(transaction, text, clock_, random_);
    require(IdentityTable(*db_).find().has_value() == grant.has_value(), "a refused grant leaves a device behind");
  }

  // What a primary answers with: signature ‖ body.
  Bytes grant() {
    auto next = primary_.manifest().manifest();
    next.devices.push_back(request_.device);
    DeviceGrant grant;
    grant.manifest = toBytes(must(SignedManifest::sign(next, *primary_->self.accountKey())).bytes());
    grant.contactKey = random_.secret<32>();
    grant.inviteKeys.push_back(random_.secret<32>());
    GrantedContact contact;
    contact.account = primary_.address().account;
    contact.name = "Zo\xc3\xab";
    contact.state = 3;
    contact.manifest = Bytes(40, 1);
    contact.accessKey = random_.secret<32>();
    contact.relay = must(RelayAddress::parse("[::1]:7#AQID"));
    grant.contacts.push_back(std::move(contact));
    const auto text = must(sealDeviceGrant(primary_->self, request_, grant, random_));
    IdentityTable identity(*db_);
    const auto answer = CurveKeyPair::fromSecret(identity.findRequest()->answerSecret.view());
    return toBytes(must(openSeal(answer, insideOf(text, kGrantPrefix))).view());
  }

 private:
  DeviceRequest makeRequest() {
    Transaction transaction(*db_, CommitPoint::kDevices);
    auto request = must(makeDeviceRequest(transaction, primary_.address().account, clock_, random_));
    transaction.commit();
    return request;
  }

  ManualClock clock_{testing::kTestStart};
  testing::TestDevice primary_{1, clock_};
  testing::TemporaryDirectory directory_{testing::TemporaryDirectory::fastParent()};
  SeededRandom random_{3};
  Bytes key_ = Bytes(32, 7);
  std::unique_ptr<Database> db_ = must(
      openClientDatabase({.path = directory_ / "new.db", .key = key_, .existing = Database::Existing::kMustNotExist}));
  DeviceRequest request_ = makeRequest();
};

Linking& linking() {
  static Linking only;
  return only;
}

void runRequest(ByteView input) {
  Input in(input);
  const auto text =
      in.below(2) == 0 ? std::string(asText(in.rest())) : std::string(kRequestPrefix).append(toBase64url(in.rest()));
  const auto request = DeviceRequest::parse(text);
  if (request) require(request->text() == text, "a device request has two texts");
}

std::vector<Seed> requestSeeds() {
  const auto text = linking().request().text();
  return {{"text", tagged(0, asBytes(text))}, {"inside", tagged(1, insideOf(text, kRequestPrefix))}};
}

void runGrant(ByteView input) {
  Input in(input);
  const auto mode = in.below(kModes);
  if (mode == kText) return linking().offer(asText(in.rest()));
  linking().offer(linking().sealed(mode == kSigned ? linking().signedByAccount(in.rest()) : toBytes(in.rest())));
}

std::vector<Seed> grantSeeds() {
  const auto grant = linking().grant();
  return {{"text", tagged(kText, asBytes(linking().sealed(grant)))},
          {"sealed", tagged(kSealed, grant)},
          {"signed", tagged(kSigned, ByteView(grant).subspan(Signature::kSize))}};
}

}  // namespace

extern const Target kDeviceRequest, kDeviceGrant;
const Target kDeviceRequest{"device_request", limits::kDeviceRequestBytes + 16, runRequest, requestSeeds};
const Target kDeviceGrant{"device_grant", 4096, runGrant, grantSeeds};

}  // namespace waxwing::fuzz
