#pragma once

#include <capnp/serialize-async.h>

#include <cstdint>
#include <unordered_set>

namespace waxwing::relay {

// Bounds what a peer may leave unfinished. The RPC layer keeps an entry for every question – a call or a bootstrap –
// until the peer says that it is finished with it, answered or not; a peer that never says so could make it keep any
// number. Beyond limits::kOpenQuestions reading fails with FAILED, which ends the connection. So does a call whose
// results are to go anywhere but back to the caller (no client of ours asks for that): they would be kept as well.
class QuestionLimit final : public capnp::MessageStream {
 public:
  explicit QuestionLimit(capnp::MessageStream& inner) : inner_(inner) {}
  KJ_DISALLOW_COPY(QuestionLimit);

  std::size_t open() const { return open_.size(); }

  using MessageStream::tryReadMessage;
  using MessageStream::writeMessage;
  using MessageStream::writeMessages;

  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd> fdSpace,
                                                                    capnp::ReaderOptions options,
                                                                    kj::ArrayPtr<capnp::word> scratchSpace) override;
  kj::Promise<void> writeMessage(kj::ArrayPtr<const int> fds,
                                 kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override { return inner_.getSendBufferSize(); }
  kj::Promise<void> end() override { return inner_.end(); }

 private:
  void judge(capnp::MessageReader& message);
  void ask(std::uint32_t question);

  capnp::MessageStream& inner_;
  std::unordered_set<std::uint32_t> open_;
};

}  // namespace waxwing::relay
