#include "rpc/relay/commit_queue.h"

#include <kj/debug.h>

#include <stdexcept>

#include "store/statement.h"

namespace waxwing::relay {

CommitQueue::CommitQueue(kj::Timer& timer, RelayObserver& observer) : timer_(timer), observer_(observer) {}

kj::Promise<Result<Outcome>> CommitQueue::enqueue(Operation operation) {
  if (failed_) return Result<Outcome>(fail(Errc::kBusy, kBusyText));
  auto [promise, fulfiller] = kj::newPromiseAndFulfiller<Result<Outcome>>();
  gathered_.operations.push_back(std::move(operation));
  awaiting_.push_back(kj::mv(fulfiller));
  handOverLater();
  return kj::mv(promise);
}

// At the end of the loop's turn, so that all that one turn asks for is one batch, and the store's thread is woken once
// for it.
void CommitQueue::handOverLater() {
  if (std::exchange(handingOver_, true)) return;
  handOverTask_ = kj::evalLast([this] {
                    handingOver_ = false;
                    handOver(std::exchange(gathered_, {}));
                  }).eagerlyEvaluate(nullptr);
}

void CommitQueue::committed(std::size_t operations, Result<std::vector<Outcome>> outcomes,
                            std::chrono::microseconds took) {
  if (outcomes && outcomes->size() != operations) throw std::logic_error("the store left an operation without outcome");
  if (!outcomes) storeFailed(outcomes.error().code);
  observer_.committed(operations, took);
  for (std::size_t i = 0; i < operations; ++i) {
    auto fulfiller = kj::mv(awaiting_.front());
    awaiting_.pop_front();
    if (outcomes) {
      fulfiller->fulfill(std::move((*outcomes)[i]));
    } else {
      fulfiller->fulfill(Result<Outcome>(fail(Errc::kBusy, kBusyText)));
    }
  }
}

void CommitQueue::answered(std::vector<std::unique_ptr<StoreRead>> reads) {
  for (auto& read : reads) {
    if (read->cause) observer_.readFailed(*read->cause);
    read->answer();
  }
}

void CommitQueue::storeFailed(Errc code) {
  if (std::exchange(failed_, true)) return;
  observer_.storeFailed(code);
  reopenLater();
}

void CommitQueue::reopenLater() {
  reopening_.add(timer_.afterDelay(kReopenAfter).then([this] { reopen(); }));
}

void CommitQueue::taskFailed(kj::Exception&& exception) { kj::throwFatalException(kj::mv(exception)); }

void CommitQueue::reopened(const Result<void>& outcome) {
  if (!outcome) return reopenLater();
  failed_ = false;
  observer_.storeReopened();
}

Result<std::vector<Outcome>> StoreUser::commit(std::span<const Operation> operations) {
  if (!store_) return fail(Errc::kStoreFailed, "closed");
  try {
    return store_->commit(operations);
  } catch (const StoreFailure& failure) {
    store_.reset();
    return fail(failure.code(), failure.what());
  } catch (const std::exception& broken) {
    store_.reset();
    return fail(Errc::kInternal, broken.what());
  }
}

void StoreUser::run(StoreRead& read) {
  if (!store_) return read.fail({Errc::kBusy, "closed"});
  try {
    read.run(*store_);
  } catch (const StoreFailure& failure) {
    read.cause = failure.code();
    read.fail({Errc::kBusy, failure.what()});
  } catch (const std::exception& broken) {
    read.cause = Errc::kInternal;
    read.fail({Errc::kBusy, broken.what()});
  }
}

Result<void> StoreUser::reopen() {
  store_.reset();
  auto opened = open_();
  if (!opened) return tl::unexpected(opened.error());
  store_ = std::move(*opened);
  return {};
}

void StoreUser::afterwards() {
  if (!store_) return;
  try {
    store_->checkpointIfDue();
  } catch (const std::exception&) {
    store_.reset();  // the next commit tells
  }
}

}  // namespace waxwing::relay
