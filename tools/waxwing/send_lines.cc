#include "tools/waxwing/send_lines.h"

#include "tools/waxwing/words.h"

namespace waxwing::tool {
namespace {

bool isTheLinesFault(Errc code) { return code == Errc::kTooLong || code == Errc::kNotUtf8; }

}  // namespace

void LineSender::send(const InputLine& line) {
  if (failure_) return;
  const Result<MessageId> id = line.tooLong ? fail(Errc::kTooLong, "longer than a message may be (32 KiB)")
                                            : client_.send(to_.account, line.text);
  if (id) {
    ++queued_;
    output_.show({{"queued", {{"line", line.number}, {"id", text(*id)}}}}, "");
  } else if (isTheLinesFault(id.error().code)) {
    refuse(line, id.error());
  } else {
    failure_ = id.error();
  }
}

void LineSender::refuse(const InputLine& line, const Error& error) {
  ++refused_;
  if (output_.form() == Output::Form::kJson) {
    output_.show({{"refused", {{"line", line.number}, {"code", waxwing::name(error.code)}}}}, "");
  }
  output_.warn("line " + std::to_string(line.number) + " was not sent: " + error.message);
}

}  // namespace waxwing::tool
