#include "rpc/wire/guarded_stream.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/debug.h>

#include <optional>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/limits.h"
#include "rpc/wire/relay.capnp.h"

namespace waxwing {
namespace {

using Read = kj::Maybe<kj::Own<capnp::MessageReader>>;

// A loop, a pipe in memory, and a guarded stream on one of its ends.
class GuardedStreamTest : public testing::Test {
 protected:
  explicit GuardedStreamTest(std::size_t limit = limits::kAnonymousMessageBytes)
      : waitScope_(loop_), pipe_(kj::newTwoWayPipe()), stream_(kj::mv(pipe_.ends[0]), limit), peer_(*pipe_.ends[1]) {}
  ~GuardedStreamTest() noexcept override = default;

  void send(Bytes bytes) {
    const kj::byte* data = bytes.data();
    const std::size_t size = bytes.size();
    peerWrites_.add(peer_.write(data, size).attach(kj::heap(std::move(bytes))));
  }
  void hangUp() { peer_.shutdownWrite(); }

  // The kind of exception that reading a message ends with; nullopt if it does not.
  std::optional<kj::Exception::Type> readFailure() {
    auto outcome =
        stream_.tryReadMessage().then([](Read&&) -> std::optional<kj::Exception::Type> { return std::nullopt; },
                                      [](kj::Exception&& e) { return std::optional(e.getType()); });
    return outcome.wait(waitScope_);
  }

  class Quiet final : public kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };

  kj::EventLoop loop_;
  kj::WaitScope waitScope_;
  kj::TwoWayPipe pipe_;
  GuardedStream stream_;
  kj::AsyncIoStream& peer_;
  Quiet quiet_;
  kj::TaskSet peerWrites_{quiet_};
};

void setPayload(wire::Envelope::Builder envelope, std::string_view text) {
  envelope.setPayload(kj::arrayPtr(asBytes(text).data(), text.size()));
}

Bytes framed(std::string_view text, capnp::uint firstSegmentWords = 1024) {
  capnp::MallocMessageBuilder message(firstSegmentWords, capnp::AllocationStrategy::FIXED_SIZE);
  setPayload(message.initRoot<wire::Envelope>(), text);
  const auto words = capnp::messageToFlatArray(message);
  return Bytes(words.asBytes().begin(), words.asBytes().end());
}

std::string textOf(Read& read) {
  KJ_IF_MAYBE (reader, read) {
    const auto payload = (*reader)->getRoot<wire::Envelope>().getPayload();
    return std::string(payload.asChars().begin(), payload.size());
  }
  return "(end of stream)";
}

TEST_F(GuardedStreamTest, ReadsMessagesThatArriveTogetherAndThenACleanEnd) {
  Bytes both = framed("first");
  const Bytes second = framed("second");
  both.insert(both.end(), second.begin(), second.end());
  send(both);
  auto first = stream_.tryReadMessage().wait(waitScope_);
  EXPECT_EQ(textOf(first), "first");
  auto next = stream_.tryReadMessage().wait(waitScope_);
  EXPECT_EQ(textOf(next), "second");
  hangUp();
  auto end = stream_.tryReadMessage().wait(waitScope_);
  EXPECT_EQ(textOf(end), "(end of stream)");
}

TEST_F(GuardedStreamTest, ReadsAMessageSplitAtEveryByte) {
  const Bytes message = framed("split me", 1);
  ASSERT_GT(message[0], 0) << "several segments, so that the table has more than one word";
  for (std::size_t at = 1; at < message.size(); ++at) {
    auto reading = stream_.tryReadMessage();
    send(Bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(at)));
    EXPECT_FALSE(reading.poll(waitScope_)) << at;
    send(Bytes(message.begin() + static_cast<std::ptrdiff_t>(at), message.end()));
    auto read = reading.wait(waitScope_);
    EXPECT_EQ(textOf(read), "split me") << at;
  }
}

TEST_F(GuardedStreamTest, CountsWhatArrivesBeforeTheMessageIsWhole) {
  const Bytes message = framed(std::string(20'000, 'x'), 4096);
  auto reading = stream_.tryReadMessage();
  send(Bytes(message.begin(), message.begin() + 10'000));
  EXPECT_FALSE(reading.poll(waitScope_));
  EXPECT_EQ(stream_.receivedBytes(), 10'000u);
  send(Bytes(message.begin() + 10'000, message.end()));
  reading.wait(waitScope_);
  EXPECT_EQ(stream_.receivedBytes(), message.size());
}

TEST_F(GuardedStreamTest, AnEndInsideAMessageIsADisconnectAtEveryByte) {
  const Bytes message = framed("cut off", 1);
  for (std::size_t at = 1; at < message.size(); ++at) {
    auto pipe = kj::newTwoWayPipe();
    GuardedStream stream(kj::mv(pipe.ends[0]), limits::kAnonymousMessageBytes);
    auto writing = pipe.ends[1]->write(message.data(), at);
    auto reading = stream.tryReadMessage().then([](Read&&) { return std::optional<kj::Exception::Type>(); },
                                                [](kj::Exception&& e) { return std::optional(e.getType()); });
    EXPECT_FALSE(reading.poll(waitScope_));
    writing.wait(waitScope_);
    pipe.ends[1]->shutdownWrite();
    EXPECT_EQ(reading.wait(waitScope_), kj::Exception::Type::DISCONNECTED) << at;
  }
}

TEST_F(GuardedStreamTest, RefusesMoreSegmentsThanTheLimitFromTheFirstWord) {
  send({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  EXPECT_EQ(readFailure(), kj::Exception::Type::FAILED);
}

TEST_F(GuardedStreamTest, RefusesOneSegmentTooMany) {
  send({static_cast<std::uint8_t>(limits::kSegments), 0, 0, 0, 1, 0, 0, 0});
  EXPECT_EQ(readFailure(), kj::Exception::Type::FAILED);
}

TEST_F(GuardedStreamTest, RefusesAClaimOf64MiBBeforeItArrives) {
  send({0, 0, 0, 0, 0, 0, 0x80, 0});
  EXPECT_EQ(readFailure(), kj::Exception::Type::FAILED);
}

TEST_F(GuardedStreamTest, SegmentSizesThatOverflow32BitsAreAddedUp) {
  send({1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  EXPECT_EQ(readFailure(), kj::Exception::Type::FAILED);
}

TEST_F(GuardedStreamTest, TheLimitCanBeRaisedOnARunningStream) {
  const std::string large(limits::kAnonymousMessageBytes, 'x');
  stream_.setMessageLimit(limits::kMessageBytes);
  send(framed(large));
  auto read = stream_.tryReadMessage().wait(waitScope_);
  EXPECT_EQ(textOf(read), large);
  stream_.setMessageLimit(limits::kAnonymousMessageBytes);
  send(framed(large));
  EXPECT_EQ(readFailure(), kj::Exception::Type::FAILED);
}

// Counts the pieces that reach the transport.
class CountingStream final : public kj::AsyncIoStream {
 public:
  kj::Promise<std::size_t> tryRead(void*, std::size_t, std::size_t) override { return kj::NEVER_DONE; }
  kj::Promise<void> write(const void* data, std::size_t size) override {
    pieces.emplace_back(static_cast<const std::uint8_t*>(data), static_cast<const std::uint8_t*>(data) + size);
    if (stuck) return kj::NEVER_DONE;
    if (broken) return KJ_EXCEPTION(DISCONNECTED, "broken");
    return kj::READY_NOW;
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>) override { KJ_UNIMPLEMENTED("unused"); }
  kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
  void shutdownWrite() override { ended = true; }

  std::vector<Bytes> pieces;
  bool stuck = false;
  bool broken = false;
  bool ended = false;
};

class GuardedStreamWriteTest : public testing::Test {
 protected:
  GuardedStreamWriteTest() : waitScope_(loop_) {
    auto transport = kj::heap<CountingStream>();
    transport_ = transport.get();
    stream_ = kj::heap<GuardedStream>(kj::mv(transport), limits::kMessageBytes, GuardedStream::Reading::kPause);
  }
  ~GuardedStreamWriteTest() noexcept override = default;

  kj::Promise<void> write(std::string_view text) {
    capnp::MallocMessageBuilder message;
    setPayload(message.initRoot<wire::Envelope>(), text);
    return stream_->writeMessage(message);
  }

  kj::EventLoop loop_;
  kj::WaitScope waitScope_;
  CountingStream* transport_ = nullptr;
  kj::Own<GuardedStream> stream_;
};

TEST_F(GuardedStreamWriteTest, MessagesOfOneTurnLeaveInOnePiece) {
  write("one").wait(waitScope_);
  EXPECT_TRUE(transport_->pieces.empty()) << "nothing leaves before the loop has run out of other work";
  write("two").wait(waitScope_);
  write("three").wait(waitScope_);
  waitScope_.poll();
  ASSERT_EQ(transport_->pieces.size(), 1u);
  Bytes expected;
  for (const auto* text : {"one", "two", "three"}) {
    const Bytes message = framed(text);
    expected.insert(expected.end(), message.begin(), message.end());
  }
  EXPECT_EQ(transport_->pieces[0], expected);
  EXPECT_EQ(stream_->unsentBytes(), 0u);
}

TEST_F(GuardedStreamWriteTest, PushesBackWhenThePeerDoesNotRead) {
  transport_->stuck = true;
  const std::string large(limits::kUnsentBytes / 4, 'x');
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(write(large).poll(waitScope_));
  EXPECT_FALSE(write(large).poll(waitScope_));
  EXPECT_FALSE(stream_->tryReadMessage().poll(waitScope_)) << "nor is anything read from it";
}

TEST_F(GuardedStreamWriteTest, AFailedWriteFailsTheOthersAndThePendingRead) {
  auto reading = stream_->tryReadMessage();
  transport_->broken = true;
  write("lost").wait(waitScope_);
  EXPECT_ANY_THROW(reading.wait(waitScope_));
  EXPECT_ANY_THROW(write("after").wait(waitScope_));
  EXPECT_ANY_THROW(stream_->end().wait(waitScope_));
}

TEST_F(GuardedStreamWriteTest, EndWritesWhatIsLeftFirst) {
  write("last words").wait(waitScope_);
  stream_->end().wait(waitScope_);
  EXPECT_EQ(transport_->pieces.size(), 1u);
  EXPECT_TRUE(transport_->ended);
}

}  // namespace
}  // namespace waxwing
