#pragma once

#include <functional>
#include <map>

#include "outbox/link.h"

namespace waxwing {

using AnswerOr = tl::expected<Answer, Error>;

// What each open ticket's answer is for. In memory only: after a crash, the tables say what is still to be done.
class Tickets {
 public:
  Ticket open(std::function<void(AnswerOr)> onAnswer) {
    waiting_.emplace(++last_, std::move(onAnswer));
    return last_;
  }
  // Of `Kind` alone: any other answer is the link's mistake and becomes an Error.
  template <typename Kind>
  Ticket openFor(std::function<void(tl::expected<Kind, Error>)> onAnswer) {
    return open([onAnswer = std::move(onAnswer)](AnswerOr answer) {
      if (!answer) return onAnswer(tl::unexpected<Error>(std::move(answer.error())));
      Kind* kind = std::get_if<Kind>(&*answer);
      if (kind == nullptr) return onAnswer(fail(Errc::kInternal, "the link answered something else"));
      onAnswer(std::move(*kind));
    });
  }
  // A ticket that nobody waits for any more is dropped.
  void answer(Ticket ticket, AnswerOr answer) {
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    const auto onAnswer = std::move(found->second);
    waiting_.erase(found);
    onAnswer(std::move(answer));
  }
  bool empty() const { return waiting_.empty(); }
  void clear() { waiting_.clear(); }

 private:
  Ticket last_ = 0;
  std::map<Ticket, std::function<void(AnswerOr)>> waiting_;
};

}  // namespace waxwing
