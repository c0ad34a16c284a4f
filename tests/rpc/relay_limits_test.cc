#include "rpc/wire/patience.h"
#include "tests/rpc/relay_fixture.h"

namespace waxwing::testing {
namespace {

using Type = kj::Exception::Type;

class RelayLimitsTest : public RelayTest {
 protected:
  ~RelayLimitsTest() noexcept override = default;
  void meet() {
    auto& client = connect();
    ASSERT_EQ(registerAccount(client, alice_), wire::RegisterOutcome::OK);
    mailbox_ = mailboxOf(client, alice_);
    setContactKey(mailbox_, aliceKey_);
    sender_ = &connect();
    to_ = recipient(*sender_, alice_.id(), aliceKey_);
    ASSERT_FALSE(submit(to_, alice_, 0).isDenied());
  }
  capnp::RemotePromise<wire::SubmitResult> send(std::size_t count, std::size_t bytes) {
    auto request = to_.submitRequest();
    request.setManifestVersion(alice_.version());
    for (auto envelope : request.initEnvelopes(static_cast<capnp::uint>(count))) {
      fill(envelope, random_.fixed<EnvelopeId>(), bytes, 1);
    }
    return request.send();
  }

  wire::Mailbox::Client mailbox_{nullptr};
  wire::Recipient::Client to_{nullptr};
  TestClient* sender_ = nullptr;
};

TEST_F(RelayLimitsTest, BatchesBeyondALimitFailAndTheConnectionLivesOn) {
  meet();
  EXPECT_EQ(failure(send(limits::kBatchEnvelopes + 1, 300)), Type::FAILED);
  EXPECT_EQ(failure(send(1, limits::kEnvelopeBytes + 1)), Type::FAILED);
  EXPECT_EQ(failure(send(9, limits::kEnvelopeBytes)), Type::FAILED) << "more than 1 MiB in all";
  EXPECT_TRUE(wait(send(8, limits::kEnvelopeBytes)).isItems());
  EXPECT_EQ(wait(send(limits::kBatchEnvelopes, 300)).getItems().size(), limits::kBatchEnvelopes);
}

TEST_F(RelayLimitsTest, IllFormedIdsFail) {
  meet();
  auto request = to_.submitRequest();
  auto envelope = request.initEnvelopes(1)[0];
  envelope.setDevice(1);
  envelope.initId(15);
  EXPECT_EQ(failure(request.send()), Type::FAILED);
  auto other = to_.submitRequest();
  fill(other.initEnvelopes(1)[0], random_.fixed<EnvelopeId>(), 300, 0);
  EXPECT_EQ(failure(other.send()), Type::FAILED) << "device 0";
  auto keys = mailbox_.setAccessKeysRequest();
  keys.initContact(3);
  EXPECT_EQ(failure(keys.send()), Type::FAILED);
  auto devices = to_.preKeyBundlesRequest();
  devices.initDevices(limits::kDevicesPerManifest + 1);
  EXPECT_EQ(failure(devices.send()), Type::FAILED);
  auto badAccount = sender_->relay().recipientRequest();
  badAccount.initAccount(31);
  badAccount.initAccessKey(32);
  EXPECT_EQ(failure(badAccount.send()), Type::FAILED);
  EXPECT_TRUE(wait(send(1, 300)).isItems());
}

TEST_F(RelayLimitsTest, AnAccountThatIsNoPointIsUnknownLikeAnyOther) {
  meet();
  auto request = sender_->relay().recipientRequest();
  request.initAccount(32);
  request.initAccessKey(32);
  auto nobody = request.send().getRecipient();
  EXPECT_EQ(wait(nobody.manifestRequest().send()).getOutcome(), wire::AccessOutcome::DENIED);
  auto submit = nobody.submitRequest();
  fill(submit.initEnvelopes(1)[0], random_.fixed<EnvelopeId>(), 300, 1);
  EXPECT_TRUE(wait(submit.send()).isDenied());
}

TEST_F(RelayLimitsTest, AnonymousMessagesAreSmall) {
  auto& client = connect();
  auto request = client.relay().registerRequest();
  request.initManifest(limits::kAnonymousMessageBytes);
  EXPECT_TRUE(failure(request.send()).has_value());
  settle();
  EXPECT_TRUE(client.disconnected(loop_.waitScope()));
}

TEST_F(RelayLimitsTest, ATooLargeManifestFailsAndTheConnectionLivesOn) {
  auto& client = connect();
  auto request = client.relay().registerRequest();
  request.initManifest(limits::kManifestBytes + 1);
  EXPECT_EQ(failure(request.send()), Type::FAILED);
  EXPECT_EQ(registerAccount(client, alice_), wire::RegisterOutcome::OK);
}

TEST_F(RelayLimitsTest, WhoNeverLogsInIsCutAndWhoIsSilentForLong) {
  meet();
  auto& silent = connect();
  nonce(silent);
  loop_.runFor(std::chrono::seconds(31));
  EXPECT_TRUE(silent.disconnected(loop_.waitScope()));
  EXPECT_FALSE(sender_->disconnected(loop_.waitScope()));
  for (int i = 0; i < 15; ++i) {
    loop_.runFor(std::chrono::seconds(25));
    wait(mailbox_.pingRequest().send());
  }
  EXPECT_TRUE(sender_->disconnected(loop_.waitScope()));
  wait(mailbox_.pingRequest().send());
}

TEST_F(RelayLimitsTest, OneBytePerSecondDoesNotHoldAConnection) {
  auto slow = connectRaw();
  for (int i = 0; i < 6; ++i) {
    wait(slow->write("\0", 1));
    loop_.runFor(std::chrono::seconds(5));
  }
  loop_.runFor(std::chrono::seconds(1));
  EXPECT_EQ(server().connections(), 0u);
}

TEST_F(RelayLimitsTest, CallsInFlightAreBounded) {
  meet();
  std::size_t refused = 0;
  kj::Vector<kj::Promise<void>> calls;
  for (std::size_t i = 0; i < 4 * limits::kCallsInFlight; ++i) {
    calls.add(send(1, 10).then([](auto&&) {},
                               [&refused](kj::Exception&& e) {
                                 EXPECT_EQ(e.getType(), Type::FAILED);
                                 ++refused;
                               }));
  }
  wait(kj::joinPromises(calls.releaseAsArray()));
  EXPECT_EQ(refused, 3 * limits::kCallsInFlight);
  EXPECT_TRUE(wait(send(1, 300)).isItems());
}

TEST_F(RelayLimitsTest, ASinkThatNeverAnswersHoldsItsWindowOnlyAndIsCut) {
  options.windowBytes = 300'000;
  meet();
  for (int i = 0; i < 10; ++i) wait(send(1, 100'000));
  Delivered seen;
  attach(loop_.waitScope(), mailbox_, kj::heap<TestSink>(seen, TestSink::Answering::kNever));
  settle();
  EXPECT_GT(server().pageBytesInFlight(), 0u);
  EXPECT_LE(server().pageBytesInFlight(), 300'000u);
  EXPECT_TRUE(wait(send(1, 300)).isItems()) << "others are served";
  loop_.runFor(std::chrono::seconds(31));
  EXPECT_GT(server().pageBytesInFlight(), 0u) << "so much may still be on its way over a slow link";
  loop_.runFor(std::chrono::seconds(300'000 / kSlowestBytesPerSecond));
  EXPECT_EQ(server().pageBytesInFlight(), 0u);
  EXPECT_EQ(server().connections(), 1u);
}

TEST_F(RelayLimitsTest, PagesOfAllConnectionsShareOneBudget) {
  options.pageBytesInFlight = 200'000;
  meet();
  TestAccount carol(random_, kName);
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, carol), wire::RegisterOutcome::OK);
  auto carols = mailboxOf(client, carol);
  setContactKey(carols, aliceKey_);
  for (int i = 0; i < 3; ++i) wait(send(1, 100'000));
  for (int i = 0; i < 3; ++i) submit(recipient(*sender_, carol.id(), aliceKey_), carol, 1, 100'000);
  Delivered stuck;
  attach(loop_.waitScope(), mailbox_, kj::heap<TestSink>(stuck, TestSink::Answering::kNever));
  settle();
  Delivered seen;
  attach(carols, seen);
  settle();
  EXPECT_LE(server().pageBytesInFlight(), 200'000u);
  loop_.runFor(std::chrono::seconds(65 + 200'000 / kSlowestBytesPerSecond));
  EXPECT_EQ(seen.numbers, (std::vector<std::uint64_t>{1, 2, 3})) << "served once the stuck one was cut";
}

}  // namespace
}  // namespace waxwing::testing
