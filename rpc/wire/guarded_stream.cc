#include "rpc/wire/guarded_stream.h"

#include <capnp/serialize.h>
#include <kj/debug.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "crypto/limits.h"

namespace waxwing {
namespace {

// The framing of https://capnproto.org/encoding.html#serialization-over-a-stream: u32 number of segments - 1, u32 words
// of each segment, zeros up to a whole word, then the segments. All little endian.
constexpr std::size_t kPrefixBytes = sizeof(capnp::word);
constexpr std::size_t kIncomingBytes = 8 * 1024;
constexpr std::size_t kBufferKeptBytes = 16 * 1024;

constexpr std::size_t tableBytes(std::size_t segments) { return (segments / 2 + 1) * sizeof(capnp::word); }
static_assert(tableBytes(limits::kSegments) <= kIncomingBytes, "a legal segment table is judged inside the buffer");

std::uint32_t loadU32(const kj::byte* from) {
  return static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8 |
         static_cast<std::uint32_t>(from[2]) << 16 | static_cast<std::uint32_t>(from[3]) << 24;
}

void storeU32(kj::byte* to, std::size_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<kj::byte>(value >> (8 * i));
}

// 1 … limits::kSegments, or FAILED.
std::size_t segmentCount(kj::ArrayPtr<const kj::byte> header) {
  const std::uint64_t count = std::uint64_t{loadU32(header.begin())} + 1;
  KJ_REQUIRE(count <= limits::kSegments, "message has more segments than the limit", limits::kSegments);
  return static_cast<std::size_t>(count);
}

std::uint64_t announcedBytes(kj::ArrayPtr<const kj::byte> header, std::size_t segments) {
  std::uint64_t words = 0;
  for (std::size_t i = 1; i <= segments; ++i) words += loadU32(header.begin() + 4 * i);
  return words * sizeof(capnp::word);
}

void emptyBuffer(kj::Vector<kj::byte>& buffer) {
  if (buffer.capacity() > kBufferKeptBytes) {
    buffer = kj::Vector<kj::byte>();
  } else {
    buffer.resize(0);
  }
}

}  // namespace

GuardedStream::GuardedStream(kj::Own<kj::AsyncIoStream> stream, std::size_t messageBytes, Reading whileUnsent)
    : stream_(kj::mv(stream)),
      messageBytes_(messageBytes),
      whileUnsent_(whileUnsent),
      incoming_(kj::heapArray<kj::byte>(kIncomingBytes)) {}

GuardedStream::~GuardedStream() noexcept(false) = default;

kj::Promise<GuardedStream::MaybeMessage> GuardedStream::tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd>,
                                                                       capnp::ReaderOptions options,
                                                                       kj::ArrayPtr<capnp::word>) {
  KJ_IF_MAYBE (failure, writeFailure_) return kj::cp(*failure);
  auto ready =
      whileUnsent_ == Reading::kPause ? untilUnsentAtMost(limits::kUnsentBytes) : kj::Promise<void>(kj::READY_NOW);
  auto prefix = ready.then([this] { return have(kPrefixBytes); });
  return reading_.wrap(prefix.then([this, options](bool more) -> kj::Promise<MaybeMessage> {
    if (!more) return MaybeMessage(nullptr);
    return readTable(options);
  }));
}

kj::Promise<GuardedStream::MaybeMessage> GuardedStream::readTable(capnp::ReaderOptions options) {
  const std::size_t bytes = tableBytes(segmentCount(received()));
  return have(bytes).then([this, bytes, options](bool) { return readBody(bytes, options); });
}

kj::Promise<GuardedStream::MaybeMessage> GuardedStream::readBody(std::size_t tableSize, capnp::ReaderOptions options) {
  const std::uint64_t bodyBytes = announcedBytes(received(), segmentCount(received()));
  KJ_REQUIRE(bodyBytes <= messageBytes_, "message is larger than the limit", messageBytes_);

  auto words = kj::heapArray<capnp::word>(static_cast<std::size_t>(tableSize + bodyBytes) / sizeof(capnp::word));
  const std::size_t had = takeReceived(words.asBytes());
  auto rest = words.asBytes().slice(had, words.asBytes().size());
  auto toReader = [words = kj::mv(words), options]() mutable -> MaybeMessage {
    auto reader = kj::heap<capnp::FlatArrayMessageReader>(words, options);
    return capnp::MessageReaderAndFds{reader.attach(kj::mv(words)), nullptr};
  };
  if (rest.size() == 0) return toReader();
  return fill(rest).then([toReader = kj::mv(toReader)]() mutable { return toReader(); });
}

// Reads all of `out`, piece by piece as they come, so that they can be counted.
kj::Promise<void> GuardedStream::fill(kj::ArrayPtr<kj::byte> out) {
  return stream_->tryRead(out.begin(), 1, out.size()).then([this, out](std::size_t got) mutable -> kj::Promise<void> {
    if (got == 0) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the stream ended inside a message"));
    receivedBytes_ += got;
    if (got == out.size()) return kj::READY_NOW;
    return fill(out.slice(got, out.size()));
  });
}

// At least `bytes` are in the buffer; false if the stream has ended and nothing is.
kj::Promise<bool> GuardedStream::have(std::size_t bytes) {
  const std::size_t held = end_ - begin_;
  if (held >= bytes) return true;
  std::memmove(incoming_.begin(), incoming_.begin() + begin_, held);
  begin_ = 0;
  end_ = held;
  return stream_->tryRead(incoming_.begin() + end_, bytes - held, incoming_.size() - end_)
      .then([this, bytes](std::size_t got) {
        end_ += got;
        receivedBytes_ += got;
        if (end_ == 0) return false;
        if (end_ < bytes) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the stream ended inside a message"));
        return true;
      });
}

std::size_t GuardedStream::takeReceived(kj::ArrayPtr<kj::byte> out) {
  const std::size_t count = std::min(out.size(), end_ - begin_);
  std::memcpy(out.begin(), incoming_.begin() + begin_, count);
  begin_ += count;
  return count;
}

kj::Promise<void> GuardedStream::writeMessage(kj::ArrayPtr<const int>,
                                              kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  KJ_IF_MAYBE (failure, writeFailure_) return kj::cp(*failure);
  append(segments);
  flushLater();
  return untilUnsentAtMost(limits::kUnsentBytes);
}

kj::Promise<void> GuardedStream::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  KJ_IF_MAYBE (failure, writeFailure_) return kj::cp(*failure);
  for (const auto& segments : messages) append(segments);
  flushLater();
  return untilUnsentAtMost(limits::kUnsentBytes);
}

void GuardedStream::append(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  KJ_REQUIRE(segments.size() > 0, "a message has at least one segment");
  const std::size_t at = pending_.size();
  const std::size_t tableSize = tableBytes(segments.size());
  pending_.resize(at + tableSize);
  kj::byte* table = pending_.begin() + at;
  std::memset(table, 0, tableSize);
  storeU32(table, segments.size() - 1);
  for (std::size_t i = 0; i < segments.size(); ++i) storeU32(table + 4 * (i + 1), segments[i].size());
  for (const auto& segment : segments) pending_.addAll(segment.asBytes());
}

void GuardedStream::flushLater() {
  if (std::exchange(flushing_, true)) return;
  flushTask_ = kj::evalLast([this] { return flush(); })
                   .then([this] { flushing_ = false; }, [this](kj::Exception&& reason) { failWrites(kj::mv(reason)); })
                   .eagerlyEvaluate(nullptr);
}

kj::Promise<void> GuardedStream::flush() {
  if (pending_.size() == 0) return kj::READY_NOW;
  std::swap(pending_, inFlight_);
  return stream_->write(inFlight_.begin(), inFlight_.size()).then([this] {
    emptyBuffer(inFlight_);
    wakeWaiters();
    return flush();
  });
}

kj::Promise<void> GuardedStream::untilUnsentAtMost(std::size_t bytes) {
  if (unsentBytes() <= bytes) return kj::READY_NOW;
  auto [promise, fulfiller] = kj::newPromiseAndFulfiller<void>();
  waiters_.add(Waiter{bytes, kj::mv(fulfiller)});
  return kj::mv(promise);
}

void GuardedStream::wakeWaiters() {
  kj::Vector<Waiter> left;
  for (auto& waiter : waiters_) {
    if (unsentBytes() <= waiter.atMost) {
      waiter.fulfiller->fulfill();
    } else {
      left.add(kj::mv(waiter));
    }
  }
  waiters_ = kj::mv(left);
}

void GuardedStream::failWrites(kj::Exception&& reason) {
  for (auto& waiter : waiters_) waiter.fulfiller->reject(kj::cp(reason));
  waiters_.clear();
  pending_ = kj::Vector<kj::byte>();
  inFlight_ = kj::Vector<kj::byte>();
  reading_.cancel(reason);
  writeFailure_ = kj::mv(reason);
}

kj::Promise<void> GuardedStream::end() {
  KJ_IF_MAYBE (failure, writeFailure_) return kj::cp(*failure);
  return untilUnsentAtMost(0).then([this] { stream_->shutdownWrite(); });
}

}  // namespace waxwing
