#include "rpc/wire/tls.h"

#include <gtest/gtest.h>
#include <kj/async-io.h>

#include <optional>
#include <string>

#include "crypto/certificate.h"

namespace waxwing {
namespace {

using Stream = kj::Own<kj::AsyncIoStream>;

class TlsTest : public testing::Test {
 protected:
  TlsTest() : waitScope_(loop_) {}
  ~TlsTest() noexcept override = default;

  // True if both sides finished the handshake and a byte came through.
  bool meet(TlsServer& server, TlsClient& client) {
    auto pipe = kj::newTwoWayPipe();
    auto accepted = server.wrap(kj::mv(pipe.ends[0]));
    auto dialled = client.wrap(kj::mv(pipe.ends[1]));
    auto both = dialled.then([accepted = kj::mv(accepted)](Stream&& clientEnd) mutable {
      return accepted.then([clientEnd = kj::mv(clientEnd)](Stream&& serverEnd) mutable {
        return echo(kj::mv(serverEnd), kj::mv(clientEnd));
      });
    });
    return both.then([](char byte) { return byte == 'w'; }, [](kj::Exception&&) { return false; }).wait(waitScope_);
  }

  static kj::Promise<char> echo(Stream from, Stream to) {
    auto byte = kj::heap<char>();
    char* where = byte.get();
    auto sent = from->write("w", 1);
    auto got = to->read(where, 1).then([where] { return *where; });
    return sent.then([got = kj::mv(got)]() mutable { return kj::mv(got); })
        .attach(kj::mv(byte), kj::mv(from), kj::mv(to));
  }

  static Bytes der(const Certificate& certificate) { return *certificateDer(certificate.certificatePem); }

  kj::EventLoop loop_;
  kj::WaitScope waitScope_;
  Certificate relay_ = *makeSelfSignedCertificate();
};

TEST_F(TlsTest, APinnedCertificateIsTrustedWhateverTheHostIsCalled) {
  TlsServer server(relay_.certificatePem, relay_.keyPem.view());
  TlsClient client("203.0.113.7", der(relay_));
  EXPECT_TRUE(meet(server, client));
}

TEST_F(TlsTest, AnotherCertificateOfTheSameNameIsNotTrusted) {
  const Certificate other = *makeSelfSignedCertificate();
  TlsServer server(other.certificatePem, other.keyPem.view());
  TlsClient client("relay.example", der(relay_));
  EXPECT_FALSE(meet(server, client));
}

TEST_F(TlsTest, APinnedCertificateMustCarryTheFixedName) {
  const Certificate named = *makeSelfSignedCertificate("relay.example");
  TlsServer server(named.certificatePem, named.keyPem.view());
  TlsClient client("relay.example", der(named));
  EXPECT_FALSE(meet(server, client));
}

TEST_F(TlsTest, WithoutAPinASelfSignedCertificateIsNotTrusted) {
  TlsServer server(relay_.certificatePem, relay_.keyPem.view());
  TlsClient client("waxwing-relay", {});
  EXPECT_FALSE(meet(server, client));
}

TEST_F(TlsTest, WhatIsNotPemIsRefused) {
  const std::string_view noKey = "no key";
  EXPECT_ANY_THROW(TlsServer(relay_.certificatePem, asBytes(noKey)));
  EXPECT_ANY_THROW(TlsServer("no certificate", relay_.keyPem.view()));
}

}  // namespace
}  // namespace waxwing
