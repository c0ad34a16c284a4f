#include "session/login.h"
#include "tests/rpc/relay_fixture.h"

namespace waxwing::testing {
namespace {

using wire::LoginOutcome;
using wire::MailboxOutcome;
using wire::RegisterOutcome;

class RelayLoginTest : public RelayTest {};

TEST_F(RelayLoginTest, DescribesItself) {
  const auto response = wait(connect().relay().describeRequest().send());
  EXPECT_EQ(response.getInfo().getProtocolVersion(), wire::PROTOCOL_VERSION);
  EXPECT_EQ(response.getInfo().getNames()[0], kName);
  EXPECT_EQ(response.getInfo().getBatchEnvelopes(), limits::kBatchEnvelopes);
  EXPECT_EQ(response.getInfo().getRegistration(), wire::Info::Registration::OPEN);
  EXPECT_EQ(response.getNonce().size(), Nonce::kSize);
}

TEST_F(RelayLoginTest, RegistersAndLogsIn) {
  auto& client = connect();
  EXPECT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  EXPECT_EQ(registerAccount(client, alice_), RegisterOutcome::OK) << "idempotent for the same manifest";
  EXPECT_EQ(login(client, alice_).getOutcome(), LoginOutcome::OK);
  EXPECT_EQ(login(client, bob_).getOutcome(), LoginOutcome::NOT_REGISTERED);
}

TEST_F(RelayLoginTest, GoesByEachOfItsNamesAndNoOther) {
  auto& client = connect();
  EXPECT_EQ(registerAccount(client, alice_, {}, "other.test:7443"), RegisterOutcome::BAD_SIGNATURE);
  EXPECT_EQ(registerAccount(client, alice_, {}, "localhost:7443"), RegisterOutcome::OK);
  EXPECT_EQ(login(client, alice_, 1, "other.test:7443").getOutcome(), LoginOutcome::BAD_SIGNATURE);
  EXPECT_EQ(login(client, alice_, 1, "localhost:7443").getOutcome(), LoginOutcome::OK);
}

TEST_F(RelayLoginTest, RefusesManifestsThatNameAnotherRelayOrDoNotVerify) {
  auto& client = connect();
  const TestAccount elsewhere(random_, "other.test:7443");
  EXPECT_EQ(registerAccount(client, elsewhere), RegisterOutcome::BAD_MANIFEST);
  Bytes forged = toBytes(alice_.manifest().bytes());
  forged[0] ^= 1;
  EXPECT_EQ(registerBytes(client, alice_, forged), RegisterOutcome::BAD_MANIFEST);
  EXPECT_EQ(registerBytes(client, alice_, Bytes(200, 7)), RegisterOutcome::BAD_MANIFEST);
}

// Anybody may know a manifest: who cannot answer the nonce does not get its many signatures checked.
TEST_F(RelayLoginTest, TheSignatureOverTheNonceIsCheckedBeforeTheManifest) {
  auto& client = connect();
  Bytes forged = toBytes(alice_.manifest().bytes());
  forged[0] ^= 1;
  EXPECT_EQ(registerBytes(client, bob_, forged), RegisterOutcome::BAD_SIGNATURE);
  EXPECT_EQ(registerBytes(client, bob_, alice_.manifest().bytes()), RegisterOutcome::BAD_SIGNATURE);
}

TEST_F(RelayLoginTest, AnOlderManifestIsStale) {
  auto& client = connect();
  const TestAccount& old = alice_;
  const auto oldManifest = old.manifest();
  alice_.renew();
  EXPECT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  const auto body = registerBody(nonce(client), kName, oldManifest.hash());
  const auto signature = alice_.accountKey().sign(SignatureUse::kRegister, body);
  auto request = client.relay().registerRequest();
  request.setManifest(toData(oldManifest.bytes()));
  request.setSignature(toData(signature.view()));
  EXPECT_EQ(wait(request.send()).getOutcome(), RegisterOutcome::STALE);
}

TEST_F(RelayLoginTest, WantsItsTokenWhereRegistrationIsNotOpen) {
  options.registrationToken = SecretBytes(asBytes("let me in"));
  auto& client = connect();
  EXPECT_EQ(registerAccount(client, alice_), RegisterOutcome::TOKEN_REFUSED);
  EXPECT_EQ(registerAccount(client, alice_, "let me im"), RegisterOutcome::TOKEN_REFUSED);
  EXPECT_EQ(registerAccount(client, alice_, "let me in"), RegisterOutcome::OK);
}

// A login with a signature over the given nonce.
LoginOutcome loginWith(kj::WaitScope& waitScope, TestClient& client, const TestAccount& account, const Nonce& nonce) {
  const auto body = loginBody(nonce, "relay.test:7443", account.address(), Anchor{});
  const auto signature = account.deviceKey().sign(SignatureUse::kLogin, body);
  auto request = client.relay().loginRequest();
  request.setAccount(toData(account.id().view()));
  request.setDevice(1);
  request.setAnchor(toData(Anchor{}.view()));
  request.setSignature(toData(signature.view()));
  return request.send().wait(waitScope).getOutcome();
}

TEST_F(RelayLoginTest, ANonceHoldsOnceAndOnItsConnectionOnly) {
  auto& client = connect();
  auto& other = connect();
  ASSERT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  EXPECT_EQ(loginWith(loop_.waitScope(), client, alice_, Nonce{}), LoginOutcome::UNKNOWN_NONCE) << "used up";
  const auto drawn = nonce(client);
  EXPECT_EQ(loginWith(loop_.waitScope(), other, alice_, drawn), LoginOutcome::UNKNOWN_NONCE);
  nonce(other);
  EXPECT_EQ(loginWith(loop_.waitScope(), other, alice_, drawn), LoginOutcome::BAD_SIGNATURE);
  EXPECT_EQ(loginWith(loop_.waitScope(), client, alice_, drawn), LoginOutcome::OK);
  EXPECT_EQ(loginWith(loop_.waitScope(), client, alice_, drawn), LoginOutcome::UNKNOWN_NONCE);
}

TEST_F(RelayLoginTest, ANewNonceVoidsTheLast) {
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  const auto first = nonce(client);
  nonce(client);
  EXPECT_EQ(loginWith(loop_.waitScope(), client, alice_, first), LoginOutcome::BAD_SIGNATURE);
}

TEST_F(RelayLoginTest, ANonceGrowsOld) {
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  ASSERT_EQ(login(client, alice_).getOutcome(), LoginOutcome::OK);
  const auto drawn = nonce(client);
  loop_.runFor(std::chrono::seconds(31));
  EXPECT_EQ(loginWith(loop_.waitScope(), client, alice_, drawn), LoginOutcome::UNKNOWN_NONCE);
}

TEST_F(RelayLoginTest, ASecondLoginTakesOver) {
  auto& first = connect();
  ASSERT_EQ(registerAccount(first, alice_), RegisterOutcome::OK);
  auto old = mailboxOf(first, alice_);
  Delivered seen;
  attach(old, seen);

  auto current = mailboxOf(connect(), alice_);
  settle();
  EXPECT_EQ(seen.closings, std::vector{wire::Sink::Reason::REPLACED});
  EXPECT_EQ(acknowledge(old, 0), MailboxOutcome::REPLACED);
  EXPECT_EQ(wait(old.keyStatusRequest().send()).getOutcome(), MailboxOutcome::REPLACED);
  EXPECT_EQ(wait(old.ownManifestRequest().send()).getOutcome(), MailboxOutcome::REPLACED);
  EXPECT_EQ(failure(old.pingRequest().send()), kj::Exception::Type::FAILED);
  EXPECT_EQ(failure(old.submitToOwnRequest().send()), kj::Exception::Type::FAILED);
  EXPECT_EQ(acknowledge(current, 0), MailboxOutcome::OK);
  wait(current.pingRequest().send());
}

TEST_F(RelayLoginTest, ARetiredDeviceIsToldAndCut) {
  alice_.addDevice(random_);
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  auto primary = mailboxOf(client, alice_, 1);
  auto& second = connect();
  Delivered seen;
  attach(mailboxOf(second, alice_, 2), seen);

  alice_.retire(2);
  auto request = primary.publishManifestRequest();
  const auto manifest = alice_.manifest();
  request.setManifest(toData(manifest.bytes()));
  EXPECT_EQ(wait(request.send()).getOutcome(), MailboxOutcome::OK);
  settle();
  EXPECT_EQ(seen.closings, std::vector{wire::Sink::Reason::RETIRED});
  EXPECT_TRUE(second.disconnected(loop_.waitScope()));
  EXPECT_EQ(login(connect(), alice_, 2).getOutcome(), LoginOutcome::RETIRED);
}

TEST_F(RelayLoginTest, ManifestsOfOthersAndForOtherRelaysAreRefused) {
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  auto mailbox = mailboxOf(client, alice_);
  const auto publish = [&](const TestAccount& account) {
    auto request = mailbox.publishManifestRequest();
    const auto manifest = account.manifest();
    request.setManifest(toData(manifest.bytes()));
    return wait(request.send()).getOutcome();
  };
  EXPECT_EQ(publish(bob_), MailboxOutcome::REFUSED);
  alice_.moveTo("other.test:7443");
  EXPECT_EQ(publish(alice_), MailboxOutcome::REFUSED);
}

TEST_F(RelayLoginTest, AnAnchorIsSwappedOnlyForWhatIsHeld) {
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, alice_), RegisterOutcome::OK);
  auto mailbox = mailboxOf(client, alice_);
  const auto next = random_.fixed<Anchor>();
  const auto swap = [&](const Anchor& expected, const Anchor& to) {
    auto request = mailbox.swapAnchorRequest();
    request.setExpected(toData(expected.view()));
    request.setNext(toData(to.view()));
    return wait(request.send());
  };
  EXPECT_EQ(swap(Anchor{}, next).getOutcome(), MailboxOutcome::OK);
  const auto refused = swap(Anchor{}, random_.fixed<Anchor>());
  EXPECT_EQ(refused.getOutcome(), MailboxOutcome::MISMATCH);
  EXPECT_EQ(bytesOf(refused.getCurrent()), toBytes(next.view()));
}

}  // namespace
}  // namespace waxwing::testing
