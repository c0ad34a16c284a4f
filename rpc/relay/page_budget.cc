#include "rpc/relay/page_budget.h"

#include <kj/debug.h>

namespace waxwing::relay {

kj::Promise<PageBudget::Share> PageBudget::take(std::size_t bytes) {
  KJ_REQUIRE(bytes <= total_, "more than the whole budget");
  if (waiting_.empty() && bytes <= free_) return give(bytes);
  auto [promise, fulfiller] = kj::newPromiseAndFulfiller<Share>();
  waiting_.push_back(Waiter{bytes, kj::mv(fulfiller)});
  return kj::mv(promise);
}

PageBudget::Share PageBudget::give(std::size_t bytes) {
  free_ -= bytes;
  return Share(kj::addRef(*this), bytes);
}

void PageBudget::giveBack(std::size_t bytes) {
  free_ += bytes;
  while (!waiting_.empty() && waiting_.front().bytes <= free_) {
    auto next = kj::mv(waiting_.front());
    waiting_.pop_front();
    if (next.fulfiller->isWaiting()) next.fulfiller->fulfill(give(next.bytes));
  }
}

void PageBudget::Share::shrinkTo(std::size_t bytes) {
  if (budget_.get() == nullptr || bytes >= bytes_) return;
  budget_->giveBack(bytes_ - bytes);
  bytes_ = bytes;
}

}  // namespace waxwing::relay
