#include <capnp/rpc.capnp.h>
#include <gtest/gtest.h>

#include <deque>

#include "crypto/certificate.h"
#include "rpc/relay/listener.h"
#include "tests/rpc/relay_fixture.h"

// What a plain use of Cap'n Proto 0.9.2 and KJ's TLS lets a peer do to a relay, row by row. The same against a real
// relay process: tests/network/hardening_test.py.
namespace waxwing::testing {
namespace {

using Type = kj::Exception::Type;
using std::chrono::seconds;

constexpr kj::byte kFourBillionSegments[8] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
constexpr kj::byte kClaimOf64MiB[8] = {0, 0, 0, 0, 0, 0, 0x80, 0};

class RelayHardeningTest : public RelayTest {
 protected:
  ~RelayHardeningTest() noexcept override = default;

  void meet() {
    auto& client = connect();
    ASSERT_EQ(registerAccount(client, alice_), wire::RegisterOutcome::OK);
    alices_ = mailboxOf(client, alice_);
    setContactKey(alices_, aliceKey_);
    to_ = recipient(connect(), alice_.id(), aliceKey_);
    ASSERT_TRUE(othersAreServed());
  }
  bool othersAreServed() { return submit(to_, alice_, 1).isItems(); }

  // A client, and its stream: what is written there comes between its messages.
  std::pair<std::unique_ptr<TestClient>, kj::AsyncIoStream*> connectBoth() {
    auto stream = connectRaw();
    auto* raw = stream.get();
    return {std::make_unique<TestClient>(kj::mv(stream)), raw};
  }

  // What is written after a login ends the connection, and no other.
  void endsTheConnection(kj::ArrayPtr<const kj::byte> bytes) {
    meet();
    const auto before = server().connections();
    auto [client, raw] = connectBoth();
    ASSERT_EQ(registerAccount(*client, bob_), wire::RegisterOutcome::OK);
    auto mailbox = mailboxOf(*client, bob_);
    settle();
    ASSERT_EQ(server().connections(), before + 1);
    wait(raw->write(bytes.begin(), bytes.size()));
    settle();
    EXPECT_TRUE(client->disconnected(loop_.waitScope()));
    EXPECT_EQ(server().connections(), before);
    EXPECT_TRUE(othersAreServed());
  }

  wire::Mailbox::Client alices_{nullptr};
  wire::Recipient::Client to_{nullptr};
};

TEST_F(RelayHardeningTest, SegmentCountOfFfffffffBeforeLogin) {
  meet();
  auto hostile = connectRaw();
  wait(hostile->write(kFourBillionSegments, sizeof kFourBillionSegments));
  wait(hostile->readAllBytes());
  settle();
  EXPECT_EQ(server().connections(), 2u);
  EXPECT_TRUE(othersAreServed());
}

TEST_F(RelayHardeningTest, SegmentCountOfFfffffffAfterLogin) { endsTheConnection(kFourBillionSegments); }

TEST_F(RelayHardeningTest, ClaimOf64MiBBeforeLogin) {
  meet();
  auto hostile = connectRaw();
  wait(hostile->write(kClaimOf64MiB, sizeof kClaimOf64MiB));
  wait(hostile->readAllBytes());
  settle();
  EXPECT_EQ(server().connections(), 2u);
}

TEST_F(RelayHardeningTest, ClaimOf64MiBAfterLogin) { endsTheConnection(kClaimOf64MiB); }

TEST_F(RelayHardeningTest, OneBytePerSecondAfterLoginEndsWithTheIdleTime) {
  auto [client, raw] = connectBoth();
  ASSERT_EQ(registerAccount(*client, alice_), wire::RegisterOutcome::OK);
  auto mailbox = mailboxOf(*client, alice_);
  settle();
  const kj::byte header[8] = {0, 0, 0, 0, 0xff, 0x0f, 0, 0};
  for (std::size_t i = 0; i < 340 && server().connections() > 0; ++i) {
    auto written = raw->write(i < sizeof header ? &header[i] : &header[0], 1);
    loop_.runFor(seconds(1));
  }
  EXPECT_EQ(server().connections(), 0u);
}

TEST_F(RelayHardeningTest, AHundredThousandPipelinedCallsEndTheirConnectionOnly) {
  meet();
  auto& hostile = connect();
  std::size_t failed = 0;
  kj::Vector<kj::Promise<void>> calls(100'000);
  for (std::size_t i = 0; i < 100'000; ++i) {
    calls.add(hostile.relay().describeRequest().send().then([](auto&&) {}, [&failed](kj::Exception&&) { ++failed; }));
  }
  EXPECT_TRUE(othersAreServed());
  wait(kj::joinPromises(calls.releaseAsArray()));
  EXPECT_GE(failed, 100'000 - limits::kOpenQuestions);
  settle();
  EXPECT_TRUE(hostile.disconnected(loop_.waitScope()));
  EXPECT_EQ(server().connections(), 2u);
  EXPECT_TRUE(othersAreServed());
}

// As many in all, but each finished before the limit is reached: no one's business.
TEST_F(RelayHardeningTest, AHundredThousandCallsThatAreFinishedAreServed) {
  auto& client = connect();
  for (int round = 0; round < 100'000 / 16; ++round) {
    kj::Vector<kj::Promise<void>> calls(16);
    for (int i = 0; i < 16; ++i) calls.add(client.relay().describeRequest().send().ignoreResult());
    wait(kj::joinPromises(calls.releaseAsArray()));
  }
  EXPECT_FALSE(client.disconnected(loop_.waitScope()));
}

TEST_F(RelayHardeningTest, CapabilitiesHeldAreBounded) {
  meet();
  auto& client = connect();
  std::vector<wire::Recipient::Client> held;
  const auto take = [&] {
    auto request = client.relay().recipientRequest();
    request.setAccount(toData(alice_.id().view()));
    request.setAccessKey(toData(aliceKey_));
    return request.send();
  };
  for (std::size_t i = 0; i < limits::kCapabilities; ++i) held.push_back(wait(take()).getRecipient());
  EXPECT_EQ(failure(take()), Type::FAILED);
  held.pop_back();
  settle();
  EXPECT_EQ(failure(take()), std::nullopt) << "one was let go of";
}

// Calls whose answers nobody takes, each finished at once. A pipe in memory holds nothing: what is written was read.
TEST_F(RelayHardeningTest, AReaderThatStopsReadingIsNotReadFrom) {
  meet();
  GuardedStream talk(connectRaw(), limits::kMessageBytes);
  const auto isTaken = [&](auto&& fill) {
    capnp::MallocMessageBuilder message;
    fill(message.initRoot<capnp::rpc::Message>());
    wait(talk.writeMessage(message));
    loop_.settle();
    return talk.unsentBytes() == 0;
  };
  ASSERT_TRUE(isTaken([](auto message) { message.initBootstrap().setQuestionId(0); }));
  std::uint32_t calls = 0;
  const auto call = [&calls](capnp::rpc::Message::Builder message) {
    auto question = message.initCall();
    question.setQuestionId(++calls);
    question.initTarget().initPromisedAnswer().setQuestionId(0);
    question.setInterfaceId(capnp::typeId<wire::Relay>());
    question.initParams();
  };
  const auto finish = [&calls](capnp::rpc::Message::Builder message) { message.initFinish().setQuestionId(calls); };
  while (calls < 100'000 && isTaken(call) && isTaken(finish)) continue;
  EXPECT_GT(calls, limits::kOpenQuestions) << "what is finished is not held against it";
  EXPECT_LT(calls, 20'000u) << "nor is more taken than a MiB of answers";
  EXPECT_TRUE(othersAreServed());
  loop_.runFor(seconds(31));
  EXPECT_EQ(server().connections(), 2u);
}

// The place of one that does nothing goes to whoever comes; a device that is logged in keeps its place.
TEST_F(RelayHardeningTest, ConnectionCapTakesThePlaceOfWhoIsSilentLongest) {
  options.connections = 4;
  meet();
  auto silent = connectRaw();
  loop_.runFor(seconds(1));
  auto fresh = connectRaw();
  ASSERT_TRUE(othersAreServed());
  EXPECT_EQ(server().connections(), 4u);
  auto& honest = connect();
  nonce(honest);
  char byte;
  EXPECT_EQ(wait(silent->tryRead(&byte, 1, 1)), 0u);
  EXPECT_EQ(server().connections(), 4u);
  EXPECT_TRUE(othersAreServed());
  for (int i = 0; i < 20; ++i) nonce(connect());
  EXPECT_LE(server().connections(), 5u);
  wait(alices_.pingRequest().send());
}

TEST_F(RelayHardeningTest, ConnectionCapRefusesWhereADeviceIsLoggedInOnEach) {
  options.connections = 1;
  auto& client = connect();
  ASSERT_EQ(registerAccount(client, alice_), wire::RegisterOutcome::OK);
  auto mailbox = mailboxOf(client, alice_);
  auto refused = connectRaw();
  char byte;
  EXPECT_EQ(wait(refused->tryRead(&byte, 1, 1)), 0u);
  wait(mailbox.pingRequest().send());
}

// A port on which streams arrive when the test says so.
class TestPort final : public kj::ConnectionReceiver {
 public:
  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override {
    if (!arrived_.empty()) {
      auto next = kj::mv(arrived_.front());
      arrived_.pop_front();
      return kj::mv(next);
    }
    auto [promise, fulfiller] = kj::newPromiseAndFulfiller<kj::Own<kj::AsyncIoStream>>();
    waiting_ = kj::mv(fulfiller);
    return kj::mv(promise);
  }
  kj::uint getPort() override { return 0; }

  // The other end of a new connection.
  kj::Own<kj::AsyncIoStream> dial() {
    auto pipe = kj::newTwoWayPipe();
    if (waiting_.get() != nullptr && waiting_->isWaiting()) {
      waiting_->fulfill(kj::mv(pipe.ends[0]));
    } else {
      arrived_.push_back(kj::mv(pipe.ends[0]));
    }
    return kj::mv(pipe.ends[1]);
  }

 private:
  std::deque<kj::Own<kj::AsyncIoStream>> arrived_;
  kj::Own<kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>> waiting_;
};

class HandshakeTest : public RelayTest {
 protected:
  ~HandshakeTest() noexcept override = default;
  void listen() {
    start();
    auto port = kj::heap<TestPort>();
    port_ = port.get();
    listener_ = std::make_unique<relay::Listener>(server(), tls_, loop_.timer(), kj::mv(port));
  }
  kj::Own<kj::AsyncIoStream> dial() {
    auto stream = port_->dial();
    settle();
    return stream;
  }
  static bool isOver(kj::AsyncIoStream& stream, kj::WaitScope& waitScope) {
    char byte;
    auto ended = stream.tryRead(&byte, 1, 1)
                     .then([](std::size_t got) { return got == 0; }, [](kj::Exception&&) { return true; });
    return ended.poll(waitScope) && ended.wait(waitScope);
  }
  bool isOver(kj::AsyncIoStream& stream) { return isOver(stream, loop_.waitScope()); }

  Certificate certificate_ = *makeSelfSignedCertificate();
  TlsServer tls_{certificate_.certificatePem, certificate_.keyPem.view()};
  TestPort* port_ = nullptr;
  std::unique_ptr<relay::Listener> listener_;
};

TEST_F(HandshakeTest, HandshakeTimeoutOf10Seconds) {
  listen();
  auto silent = dial();
  loop_.runFor(limits::kHandshakeTimeout - seconds(1));
  EXPECT_FALSE(isOver(*silent));
  loop_.runFor(seconds(1));
  EXPECT_TRUE(isOver(*silent));
  EXPECT_EQ(server().connections(), 0u);
}

TEST_F(HandshakeTest, LoginTimeoutOf30SecondsBeginsAfterTheHandshake) {
  listen();
  TlsClient client("relay.test", *certificateDer(certificate_.certificatePem));
  auto secure = wait(client.wrap(port_->dial()));
  settle();
  EXPECT_EQ(server().connections(), 1u);
  loop_.runFor(limits::kLoginTimeout - seconds(1));
  EXPECT_EQ(server().connections(), 1u);
  loop_.runFor(seconds(1));
  EXPECT_EQ(server().connections(), 0u);
}

TEST_F(HandshakeTest, StalledHandshakesKeepNobodyOut) {
  listen();
  std::vector<kj::Own<kj::AsyncIoStream>> stalled;
  for (std::size_t i = 0; i < 2 * limits::kHandshakes; ++i) stalled.push_back(dial());
  EXPECT_TRUE(isOver(*stalled.front())) << "the oldest made room";
  EXPECT_FALSE(isOver(*stalled.back()));
  TlsClient client("relay.test", *certificateDer(certificate_.certificatePem));
  auto secure = wait(client.wrap(port_->dial()));
  settle();
  EXPECT_EQ(server().connections(), 1u);
}

}  // namespace
}  // namespace waxwing::testing
