#include "rpc/relay/store_thread.h"

#include <iterator>

namespace waxwing::relay {

StoreThread::StoreThread(OpenStore open, std::unique_ptr<MailboxStore> store, kj::Timer& timer, RelayObserver& observer)
    : CommitQueue(timer, observer),
      store_(std::move(open), std::move(store)),
      listening_(listen().eagerlyEvaluate(nullptr)),
      thread_([this] { work(); }) {}

StoreThread::~StoreThread() noexcept(false) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void StoreThread::handOver(StoreBatch batch) {
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(batch.operations, std::back_inserter(waiting_.operations));
    std::ranges::move(batch.reads, std::back_inserter(waiting_.reads));
  }
  wake_.notify_one();
}

void StoreThread::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopenWanted_ = true;
  }
  wake_.notify_one();
}

kj::Promise<void> StoreThread::listen() {
  auto [promise, fulfiller] = kj::newPromiseAndCrossThreadFulfiller<void>();
  Finished finished;
  {
    const std::lock_guard lock(mutex_);
    finished = std::exchange(finished_, {});
    signal_ = kj::mv(fulfiller);
  }
  deliver(std::move(finished));
  return promise.then([this] { return listen(); });
}

void StoreThread::deliver(Finished finished) {
  for (auto& commit : finished.commits) committed(commit.operations, std::move(commit.outcomes), commit.took);
  answered(std::move(finished.reads));
  if (finished.reopened) reopened(*finished.reopened);
}

void StoreThread::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || reopenWanted_ || !waiting_.empty(); });
    if (stopping_) return;
    const bool reopening = std::exchange(reopenWanted_, false);
    StoreBatch batch = std::exchange(waiting_, {});
    lock.unlock();
    if (reopening) finish([outcome = store_.reopen()](Finished& finished) { finished.reopened = outcome; });
    process(std::move(batch));
    lock.lock();
  }
}

void StoreThread::process(StoreBatch batch) {
  if (!batch.operations.empty()) {
    const auto start = std::chrono::steady_clock::now();
    Committed done{batch.operations.size(), store_.commit(batch.operations), {}};
    done.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
    finish([&done](Finished& finished) { finished.commits.push_back(std::move(done)); });
  }
  if (!batch.reads.empty()) {
    for (auto& read : batch.reads) store_.run(*read);
    finish([&batch](Finished& finished) { std::ranges::move(batch.reads, std::back_inserter(finished.reads)); });
  }
  store_.afterwards();
}

template <typename Note>
void StoreThread::finish(Note note) {
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> signal;
  {
    const std::lock_guard lock(mutex_);
    note(finished_);
    signal = kj::mv(signal_);
  }
  if (signal.get() != nullptr) signal->fulfill();
}

}  // namespace waxwing::relay
