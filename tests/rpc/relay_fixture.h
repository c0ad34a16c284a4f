#pragma once

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rpc/relay/inline_commit_queue.h"
#include "rpc/relay/server.h"
#include "rpc/wire/guarded_stream.h"
#include "rpc/wire/relay.capnp.h"
#include "tests/rpc/test_account.h"
#include "tests/sim/sim_loop.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::testing {

inline capnp::Data::Reader toData(ByteView bytes) { return kj::arrayPtr(bytes.data(), bytes.size()); }
inline Bytes bytesOf(capnp::Data::Reader data) { return Bytes(data.begin(), data.end()); }

// Remembers what a relay delivered.
struct Delivered {
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> payloads;
  std::vector<wire::Item::KeyClass> keyClasses;
  std::vector<std::uint32_t> attempts;  // of each page
  std::vector<std::uint64_t> gaps;      // of `numbers`, those that are gaps
  std::size_t largestPage = 0;
  int fences = 0;
  std::vector<wire::Sink::Reason> closings;
};

class TestSink final : public wire::Sink::Server {
 public:
  enum class Answering { kYes, kNever };
  explicit TestSink(Delivered& delivered, Answering answering = Answering::kYes)
      : delivered_(delivered), answering_(answering) {}

 protected:
  kj::Promise<void> deliver(DeliverContext context) override;
  kj::Promise<void> fence(FenceContext) override;
  kj::Promise<void> closing(ClosingContext context) override;

 private:
  Delivered& delivered_;
  Answering answering_;
};

// One connection to the relay, through a pipe in memory.
class TestClient {
 public:
  explicit TestClient(kj::Own<kj::AsyncIoStream> stream);

  wire::Relay::Client relay() { return relay_; }
  bool disconnected(kj::WaitScope& waitScope) { return gone_.addBranch().poll(waitScope); }

 private:
  GuardedStream stream_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  wire::Relay::Client relay_;
  kj::ForkedPromise<void> gone_;
};

class CountingObserver final : public relay::RelayObserver {
 public:
  void count(Event event, std::uint64_t times) override { counts[event] += times; }
  void committed(std::size_t operations, std::chrono::microseconds) override {
    ++commits;
    largestCommit = std::max(largestCommit, operations);
  }
  void limitExceeded(std::string_view) override { ++limitsExceeded; }
  void storeFailed(Errc) override { ++storeFailures; }
  void readFailed(Errc) override {}
  void storeReopened() override { ++storeReopenings; }

  std::map<Event, std::uint64_t> counts;
  std::uint64_t commits = 0;
  std::size_t largestCommit = 0;
  std::uint64_t limitsExceeded = 0;
  std::uint64_t storeFailures = 0;
  std::uint64_t storeReopenings = 0;
};

// A relay over a real store in a directory of its own, on virtual time, and what it takes to talk to it.
class RelayTest : public ::testing::Test {
 protected:
  using LoginResponse = capnp::Response<wire::Relay::LoginResults>;

  static constexpr const char* kName = "relay.test:7443";

  RelayTest() = default;
  ~RelayTest() noexcept override = default;
  void SetUp() override;

  // For tests that want other options: before the first use of `server`.
  relay::Options options;
  std::string vfs;  // that the store is on; empty: the system's

  void start();
  relay::Server& server() { return *server_; }
  TestClient& connect();
  // Cuts every connection made after the first `kept`.
  void hangUp(std::size_t kept) { clients_.resize(kept); }
  std::size_t clientCount() const { return clients_.size(); }
  // Of service time, in one commit.
  void passADay();
  // The same store behind a new relay.
  void restart();
  // The relay's end of a pipe of which the test keeps the other.
  kj::Own<kj::AsyncIoStream> connectRaw();

  template <typename T>
  T wait(kj::Promise<T>&& promise) {
    return promise.wait(loop_.waitScope());
  }
  template <typename T>
  capnp::Response<T> wait(capnp::RemotePromise<T>&& promise) {
    return promise.wait(loop_.waitScope());
  }
  // The type of the exception that the call ended with; nullopt if it succeeded.
  template <typename T>
  std::optional<kj::Exception::Type> failure(capnp::RemotePromise<T>&& promise) {
    return promise
        .then([](auto&&) { return std::optional<kj::Exception::Type>(); },
              [](kj::Exception&& e) { return std::optional(e.getType()); })
        .wait(loop_.waitScope());
  }
  void settle();

  Nonce nonce(TestClient& client);
  wire::RegisterOutcome registerAccount(TestClient& client, const TestAccount& account, std::string_view token = {},
                                        std::string_view dialled = kName);
  // `manifest` as it is, with the nonce signed by `signer`.
  wire::RegisterOutcome registerBytes(TestClient& client, const TestAccount& signer, ByteView manifest,
                                      std::string_view token = {}, std::string_view dialled = kName);
  LoginResponse login(TestClient& client, const TestAccount& account, int device = 1, std::string_view dialled = kName);
  wire::Mailbox::Client mailboxOf(TestClient& client, const TestAccount& account, int device = 1);
  void setContactKey(wire::Mailbox::Client mailbox, const Bytes& key);
  wire::Recipient::Client recipient(TestClient& client, const AccountId& account, const Bytes& key);
  capnp::Response<wire::SubmitResult> submit(wire::Recipient::Client to, const TestAccount& account, std::size_t count,
                                             std::size_t bytes = 300, int device = 1);
  static std::uint64_t attach(kj::WaitScope& waitScope, wire::Mailbox::Client mailbox, wire::Sink::Client sink);
  std::uint64_t attach(wire::Mailbox::Client mailbox, Delivered& delivered);
  wire::MailboxOutcome acknowledge(wire::Mailbox::Client mailbox, std::uint64_t upTo);
  static wire::Envelope::Builder fill(wire::Envelope::Builder envelope, const EnvelopeId& id, std::size_t bytes,
                                      int device);

  SimLoop loop_;
  SeededRandom random_{1};
  ManualClock clock_{WallTime{1'700'000'000'000}};
  CountingObserver observer_;
  TemporaryDirectory directory_;
  TestAccount alice_{random_, kName};
  TestAccount bob_{random_, kName};
  const Bytes aliceKey_ = Bytes(32, 'a');

  relay::OpenStore openStore();

 private:
  std::unique_ptr<relay::CommitQueue> queue_;
  std::unique_ptr<relay::Server> server_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

}  // namespace waxwing::testing
