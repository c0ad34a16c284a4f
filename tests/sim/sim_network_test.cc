#include "tests/sim/sim_network.h"

#include <gtest/gtest.h>
#include <kj/debug.h>

#include <string>
#include <vector>

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

const RelayAddress kRelay{"relay.example", 7077, {}};

class SimNetworkTest : public ::testing::Test {
 protected:
  explicit SimNetworkTest(std::uint64_t seed = 1) : random_(seed), network_(loop_, random_) {
    network_.listen(kRelay, [this](kj::Own<kj::AsyncIoStream> stream) { accepted_ = kj::mv(stream); });
    dialer_ = network_.dialer("alice");
  }

  ~SimNetworkTest() noexcept override = default;

  DialOutcome dial() { return dialer_->dial(kRelay).wait(loop_.waitScope()); }
  void connect() { client_ = dial().value(); }
  static std::string text(std::size_t size) {
    std::string letters;
    for (std::size_t i = 0; i < size; ++i) letters.push_back(static_cast<char>('a' + i % 26));
    return letters;
  }
  // Reads `size` bytes, or what there is before the end.
  std::string read(kj::AsyncIoStream& stream, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(stream.tryRead(bytes.data(), size, size).wait(loop_.waitScope()));
    return bytes;
  }
  void write(kj::AsyncIoStream& stream, const std::string& bytes) {
    stream.write(bytes.data(), bytes.size()).wait(loop_.waitScope());
  }
  static bool disconnects(kj::Function<void()> action) {
    auto caught = kj::runCatchingExceptions(kj::mv(action));
    KJ_IF_MAYBE (exception, caught) return exception->getType() == kj::Exception::Type::DISCONNECTED;
    return false;
  }

  SimLoop loop_;
  SeededRandom random_;
  SimNetwork network_;
  kj::Own<Dialer> dialer_;
  kj::Own<kj::AsyncIoStream> accepted_;
  kj::Own<kj::AsyncIoStream> client_;
};

TEST_F(SimNetworkTest, BytesArriveInOrderBothWays) {
  connect();
  const std::string sent = text(100'000);
  auto writing = client_->write(sent.data(), sent.size());
  write(*accepted_, "hello");
  EXPECT_EQ(read(*accepted_, sent.size()), sent);
  EXPECT_EQ(read(*client_, 5), "hello");
  EXPECT_GT(loop_.elapsed(), 0ms);
}

TEST_F(SimNetworkTest, AWriterWaitsForASlowReader) {
  connect();
  const std::string sent = text(SimTravel{}.bufferBytes + 1);
  auto writing = client_->write(sent.data(), sent.size());
  loop_.runFor(1h);
  EXPECT_FALSE(writing.poll(loop_.waitScope()));
  EXPECT_EQ(read(*accepted_, 1000), text(1000));
  EXPECT_TRUE(writing.poll(loop_.waitScope()));
}

TEST_F(SimNetworkTest, AClosedStreamEndsAfterItsBytes) {
  connect();
  write(*client_, "last words");
  client_ = nullptr;
  EXPECT_EQ(read(*accepted_, 100), "last words");
  EXPECT_TRUE(disconnects([&] { write(*accepted_, "too late"); }));
}

TEST_F(SimNetworkTest, AHalfClosedStreamStillListens) {
  connect();
  client_->shutdownWrite();
  EXPECT_EQ(read(*accepted_, 1), "");
  write(*accepted_, "answer");
  EXPECT_EQ(read(*client_, 6), "answer");
}

TEST_F(SimNetworkTest, ACutLosesWhatWasOnItsWay) {
  connect();
  write(*client_, "lost");
  network_.cutAll("alice");
  EXPECT_TRUE(disconnects([&] { read(*accepted_, 4); }));
  EXPECT_TRUE(disconnects([&] { write(*client_, "more"); }));
  client_->whenWriteDisconnected().wait(loop_.waitScope());
}

TEST_F(SimNetworkTest, ACutFallsAtTheByte) {
  for (const std::uint64_t at : {0, 1, 7, 4999}) {
    connect();
    network_.connections("alice").back()->cutAfter(SimSide::kClient, at);
    const std::string sent = text(5000);
    auto writing = client_->write(sent.data(), sent.size());
    EXPECT_EQ(read(*accepted_, at), sent.substr(0, at));
    EXPECT_TRUE(disconnects([&] { read(*accepted_, 1); }));
  }
}

TEST_F(SimNetworkTest, TheNextConnectionCanBeSpoiledBeforeItIsMade) {
  network_.cutNext("alice", {SimSide::kRelay, 3});
  connect();
  auto writing = accepted_->write("abcdef", 6);
  EXPECT_EQ(read(*client_, 3), "abc");
  EXPECT_TRUE(disconnects([&] { read(*client_, 1); }));
  connect();
  write(*accepted_, "abcdef");
  EXPECT_EQ(read(*client_, 6), "abcdef");
}

TEST_F(SimNetworkTest, APartitionIsSilent) {
  connect();
  network_.partition("relay.example:7077");
  write(*client_, "into the void");
  bool read = false;
  char byte = 0;
  auto reading = accepted_->tryRead(&byte, 1, 1).then([&](std::size_t) { read = true; }).eagerlyEvaluate(nullptr);
  loop_.runFor(1h);
  EXPECT_FALSE(read);
  const DialOutcome outcome = dial();
  EXPECT_EQ(outcome.error().phase, LinkPhase::kConnect);
  EXPECT_EQ(outcome.error().cause, Cause::kTimedOut);
  network_.heal("relay.example:7077");
  EXPECT_TRUE(dial().has_value());
}

TEST_F(SimNetworkTest, WithoutAListenerConnectionsAreRefused) {
  network_.close(kRelay);
  EXPECT_EQ(dial().error().phase, LinkPhase::kConnect);
  EXPECT_EQ(dialer_->dial({"nowhere.example", 1, {}}).wait(loop_.waitScope()).error().phase, LinkPhase::kResolve);
}

TEST_F(SimNetworkTest, ADroppedConnectionIsForgotten) {
  connect();
  EXPECT_EQ(network_.connections("alice").size(), 1u);
  client_ = nullptr;
  accepted_ = nullptr;
  EXPECT_TRUE(network_.connections("alice").empty());
  EXPECT_TRUE(loop_.runUntilQuiescent(1h));
}

// Chatter between two hosts with a cut in between; what happened, as a hash.
Hash chatter(std::uint64_t seed) {
  SimLoop loop;
  SeededRandom random(seed);
  SimNetwork network(loop, random);
  std::vector<kj::Own<kj::AsyncIoStream>> relay;
  network.listen(kRelay, [&](kj::Own<kj::AsyncIoStream> stream) { relay.push_back(kj::mv(stream)); });
  auto dialer = network.dialer("alice");
  for (int round = 0; round < 5; ++round) {
    auto stream = dialer->dial(kRelay).wait(loop.waitScope()).value();
    network.connections("alice").back()->cutAfter(SimSide::kClient, random.below(40'000));
    const std::string sent(random.below(60'000), 'x');
    auto writing = stream->write(sent.data(), sent.size()).eagerlyEvaluate([](kj::Exception&&) {});
    std::string read(sent.size(), '\0');
    auto reading = relay.back()->tryRead(read.data(), read.size(), read.size()).ignoreResult();
    auto both = reading.eagerlyEvaluate([](kj::Exception&&) {});
    loop.runFor(1s);
  }
  return loop.trace().hash();
}

TEST(SimTrace, TheSameSeedGivesTheSameTrace) {
  EXPECT_EQ(chatter(7), chatter(7));
  EXPECT_NE(chatter(7), chatter(8));
}

}  // namespace
}  // namespace waxwing::testing
