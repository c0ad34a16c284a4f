#include "rpc/relay/question_limit.h"

#include <capnp/rpc.capnp.h>
#include <kj/debug.h>

#include "crypto/limits.h"

namespace waxwing::relay {

kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> QuestionLimit::tryReadMessage(
    kj::ArrayPtr<kj::AutoCloseFd> fdSpace, capnp::ReaderOptions options, kj::ArrayPtr<capnp::word> scratchSpace) {
  return inner_.tryReadMessage(fdSpace, options, scratchSpace)
      .then([this](kj::Maybe<capnp::MessageReaderAndFds>&& message) {
        KJ_IF_MAYBE (one, message) judge(*one->reader);
        return kj::mv(message);
      });
}

void QuestionLimit::judge(capnp::MessageReader& message) {
  const auto root = message.getRoot<capnp::rpc::Message>();
  switch (root.which()) {
    case capnp::rpc::Message::BOOTSTRAP:
      return ask(root.getBootstrap().getQuestionId());
    case capnp::rpc::Message::CALL:
      KJ_REQUIRE(root.getCall().getSendResultsTo().isCaller(), "results go to the caller only");
      return ask(root.getCall().getQuestionId());
    case capnp::rpc::Message::FINISH:
      open_.erase(root.getFinish().getQuestionId());
      return;
    default:
      return;
  }
}

void QuestionLimit::ask(std::uint32_t question) {
  open_.insert(question);
  KJ_REQUIRE(open_.size() <= limits::kOpenQuestions, "more questions are open than the limit", limits::kOpenQuestions);
}

kj::Promise<void> QuestionLimit::writeMessage(kj::ArrayPtr<const int> fds,
                                              kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  return inner_.writeMessage(fds, segments);
}

kj::Promise<void> QuestionLimit::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  return inner_.writeMessages(messages);
}

}  // namespace waxwing::relay
