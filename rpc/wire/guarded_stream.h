#pragma once

#include <capnp/serialize-async.h>
#include <kj/async-io.h>
#include <kj/vector.h>

#include <cstddef>
#include <cstdint>

namespace waxwing {

// Cap'n Proto messages over a byte stream, both ends of every Waxwing connection.
//
// Reading: the header is judged before a byte is reserved for what it announces: at most limits::kSegments segments,
// and in all at most the current limit. A message beyond that breaks the connection with FAILED, as does a stream that
// ends inside a message with DISCONNECTED; a stream that ends between two messages is a clean end.
//
// Writing: messages are copied into one buffer, which is written once the event loop has run out of other work, so that
// all messages of one turn leave in one piece (over TLS: in one record). Writes are answered at once up to
// limits::kUnsentBytes; beyond that only when the peer has taken enough. A failed write fails all later ones, and the
// pending read with them.
class GuardedStream final : public capnp::MessageStream {
 public:
  // kPause: nothing is read from a peer that does not take what it is sent. For the relay; two ends must not both do
  // it.
  enum class Reading { kGoOn, kPause };

  // `messageBytes` bounds one incoming message, its header not counted.
  GuardedStream(kj::Own<kj::AsyncIoStream> stream, std::size_t messageBytes, Reading whileUnsent = Reading::kGoOn);
  ~GuardedStream() noexcept(false);
  KJ_DISALLOW_COPY(GuardedStream);

  // Holds from the next message on whose header has not been judged yet.
  void setMessageLimit(std::size_t bytes) { messageBytes_ = bytes; }
  // Written messages that the transport has not taken yet.
  std::size_t unsentBytes() const { return pending_.size() + inFlight_.size(); }
  // All that ever came in, parts of messages included: a sign of life where the next message is slow to come.
  std::uint64_t receivedBytes() const { return receivedBytes_; }

  using MessageStream::tryReadMessage;
  using MessageStream::writeMessage;
  using MessageStream::writeMessages;

  // Neither file descriptors nor `scratchSpace` are used.
  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd> fdSpace,
                                                                    capnp::ReaderOptions options,
                                                                    kj::ArrayPtr<capnp::word> scratchSpace) override;
  // The segments are free again when the call has returned; the promise is only the push back.
  kj::Promise<void> writeMessage(kj::ArrayPtr<const int> fds,
                                 kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override { return kj::Maybe<int>(); }
  // Writes what is left, then ends the writing direction.
  kj::Promise<void> end() override;

 private:
  using MaybeMessage = kj::Maybe<capnp::MessageReaderAndFds>;
  struct Waiter {
    std::size_t atMost;
    kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  };

  kj::Promise<MaybeMessage> readTable(capnp::ReaderOptions options);
  kj::Promise<MaybeMessage> readBody(std::size_t tableBytes, capnp::ReaderOptions options);
  kj::Promise<bool> have(std::size_t bytes);
  kj::Promise<void> fill(kj::ArrayPtr<kj::byte> out);
  kj::ArrayPtr<const kj::byte> received() const { return incoming_.slice(begin_, end_); }
  std::size_t takeReceived(kj::ArrayPtr<kj::byte> out);

  void append(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);
  void flushLater();
  kj::Promise<void> flush();
  kj::Promise<void> untilUnsentAtMost(std::size_t bytes);
  void wakeWaiters();
  void failWrites(kj::Exception&& reason);

  kj::Own<kj::AsyncIoStream> stream_;
  std::size_t messageBytes_;
  Reading whileUnsent_;

  kj::Array<kj::byte> incoming_;  // received, not parsed yet: [begin_, end_)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t receivedBytes_ = 0;
  kj::Canceler reading_;

  kj::Vector<kj::byte> pending_;
  kj::Vector<kj::byte> inFlight_;
  kj::Vector<Waiter> waiters_;
  kj::Maybe<kj::Exception> writeFailure_;
  bool flushing_ = false;
  kj::Promise<void> flushTask_ = nullptr;  // goes first: it refers to all of the above
};

}  // namespace waxwing
