#include <netdb.h>

#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/debug.h>
#include <kj/vector.h>

#include <optional>
#include <string>

#include "crypto/certificate.h"
#include "rpc/link/connect_race.h"
#include "rpc/link/tls_dialer.h"
#include "rpc/wire/tls.h"

namespace waxwing {
namespace {

// A TLS server on loopback that shakes hands and then holds its connections.
class TlsDialerTest : public testing::Test, private kj::TaskSet::ErrorHandler {
 protected:
  TlsDialerTest() : io_(kj::setupAsyncIo()), dialer_(io_.provider->getNetwork(), io_.provider->getTimer()) {
    server_.emplace(certificate_.certificatePem, certificate_.keyPem.view());
    listener_ = io_.provider->getNetwork().parseAddress("127.0.0.1").wait(io_.waitScope)->listen();
    address_ = {"127.0.0.1", static_cast<std::uint16_t>(listener_->getPort()),
                *certificateDer(certificate_.certificatePem)};
    tasks_.add(serve());
  }
  ~TlsDialerTest() noexcept override = default;

  kj::Promise<void> serve() {
    return listener_->accept().then([this](kj::Own<kj::AsyncIoStream> stream) {
      tasks_.add(server_->wrap(kj::mv(stream)).then([this](kj::Own<kj::AsyncIoStream> secured) {
        held_.add(kj::mv(secured));
      }));
      return serve();
    });
  }
  DialOutcome dial() { return dialer_.dial(address_).wait(io_.waitScope); }
  LinkPhase failedPhase() {
    const DialOutcome outcome = dial();
    EXPECT_FALSE(outcome.has_value());
    return outcome.has_value() ? LinkPhase::kUp : outcome.error().phase;
  }
  void taskFailed(kj::Exception&&) override {}

  kj::AsyncIoContext io_;
  Certificate certificate_ = *makeSelfSignedCertificate();
  std::optional<TlsServer> server_;
  kj::Own<kj::ConnectionReceiver> listener_;
  RelayAddress address_;
  TlsDialer dialer_;
  kj::Vector<kj::Own<kj::AsyncIoStream>> held_;
  kj::TaskSet tasks_{*this};
};

TEST_F(TlsDialerTest, ThePinnedCertificateIsTrusted) {
  DialOutcome outcome = dial();
  ASSERT_TRUE(outcome.has_value());
  (*outcome)->write("x", 1).wait(io_.waitScope);
}

TEST_F(TlsDialerTest, AnotherCertificateIsDistrusted) {
  address_.certificate = *certificateDer(makeSelfSignedCertificate()->certificatePem);
  const DialOutcome outcome = dial();
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().phase, LinkPhase::kTls);
  EXPECT_EQ(consequenceOf(outcome.error()).stop, LinkState::Stop::kRelayUntrusted);
}

bool knowsLocalhost() {
  addrinfo* found = nullptr;
  if (getaddrinfo("localhost", nullptr, nullptr, &found) != 0) return false;
  freeaddrinfo(found);
  return true;
}

TEST_F(TlsDialerTest, WithoutAPinTheSystemsAuthoritiesDecide) {
  if (!knowsLocalhost()) GTEST_SKIP() << "this system has no name for 127.0.0.1 (no /etc/hosts)";
  address_.certificate.clear();
  address_.host = "localhost";
  EXPECT_EQ(failedPhase(), LinkPhase::kTls);
}

TEST_F(TlsDialerTest, AClosedPortIsAFailureToConnect) {
  address_.port = 1;
  EXPECT_EQ(failedPhase(), LinkPhase::kConnect);
}

// A name that has the addresses which the test says, some of which never answer.
class TestNetwork final : public kj::Network {
 public:
  explicit TestNetwork(kj::Network& real) : real_(real) {}

  kj::Promise<kj::Own<kj::NetworkAddress>> parseAddress(kj::StringPtr text, kj::uint port) override {
    if (text == "silent:1") return kj::Own<kj::NetworkAddress>(kj::heap<Address>("silent:1"));
    if (text == "name") return kj::Own<kj::NetworkAddress>(kj::heap<Address>(addresses.c_str()));
    return real_.parseAddress(text, port);
  }
  kj::Own<kj::NetworkAddress> getSockaddr(const void*, kj::uint) override { KJ_UNIMPLEMENTED("unused"); }
  kj::Own<Network> restrictPeers(kj::ArrayPtr<const kj::StringPtr>, kj::ArrayPtr<const kj::StringPtr>) override {
    KJ_UNIMPLEMENTED("unused");
  }

  std::string addresses;

 private:
  class Address final : public kj::NetworkAddress {
   public:
    explicit Address(kj::StringPtr text) : text_(kj::heapString(text)) {}
    kj::Promise<kj::Own<kj::AsyncIoStream>> connect() override { return kj::NEVER_DONE; }
    kj::Own<kj::ConnectionReceiver> listen() override { KJ_UNIMPLEMENTED("unused"); }
    kj::Own<kj::NetworkAddress> clone() override { KJ_UNIMPLEMENTED("unused"); }
    kj::String toString() override { return kj::heapString(text_); }

   private:
    kj::String text_;
  };

  kj::Network& real_;
};

TEST_F(TlsDialerTest, AnAddressThatSwallowsAllKeepsNoOtherFromItsTurn) {
  TestNetwork network(io_.provider->getNetwork());
  network.addresses = "silent:1,127.0.0.1:1,127.0.0.1:" + std::to_string(address_.port);
  address_.host = "name";
  TlsDialer dialer(network, io_.provider->getTimer());
  EXPECT_TRUE(dialer.dial(address_).wait(io_.waitScope).has_value());
}

TEST_F(TlsDialerTest, WhereAllAddressesRefuseThatIsAFailureToConnect) {
  TestNetwork network(io_.provider->getNetwork());
  network.addresses = "127.0.0.1:1,127.0.0.1:1";
  address_.host = "name";
  TlsDialer dialer(network, io_.provider->getTimer());
  const DialOutcome outcome = dialer.dial(address_).wait(io_.waitScope);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().phase, LinkPhase::kConnect);
}

TEST_F(TlsDialerTest, AnUnknownNameIsAFailureToResolve) {
  address_.host = "nowhere.invalid";
  EXPECT_EQ(failedPhase(), LinkPhase::kResolve);
}

}  // namespace
}  // namespace waxwing
