#include "rpc/relay/inline_commit_queue.h"

#include <iterator>

namespace waxwing::relay {

InlineCommitQueue::InlineCommitQueue(OpenStore open, std::unique_ptr<MailboxStore> store, kj::Timer& timer,
                                     RelayObserver& observer, Delay delay)
    : CommitQueue(timer, observer), store_(std::move(open), std::move(store)), timer_(timer), delay_(kj::mv(delay)) {}

void InlineCommitQueue::handOver(StoreBatch batch) {
  std::ranges::move(batch.operations, std::back_inserter(waiting_.operations));
  std::ranges::move(batch.reads, std::back_inserter(waiting_.reads));
  if (std::exchange(working_, true)) return;
  task_ = work().then([this] { working_ = false; }).eagerlyEvaluate(nullptr);
}

void InlineCommitQueue::reopen() { reopened(store_.reopen()); }

kj::Promise<void> InlineCommitQueue::work() {
  if (waiting_.empty()) return kj::READY_NOW;
  return timer_.afterDelay(delay_()).then([this] { return process(std::exchange(waiting_, {})); }).then([this] {
    return work();
  });
}

kj::Promise<void> InlineCommitQueue::process(StoreBatch batch) {
  Result<std::vector<Outcome>> outcomes;
  if (!batch.operations.empty()) outcomes = store_.commit(batch.operations);
  for (auto& read : batch.reads) store_.run(*read);
  store_.afterwards();
  auto answer = [this, batch = std::move(batch), outcomes = std::move(outcomes)]() mutable {
    if (!batch.operations.empty()) committed(batch.operations.size(), std::move(outcomes), {});
    answered(std::move(batch.reads));
  };
  return timer_.afterDelay(delay_()).then(std::move(answer));
}

}  // namespace waxwing::relay
