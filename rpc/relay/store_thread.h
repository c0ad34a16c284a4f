#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "rpc/relay/commit_queue.h"

namespace waxwing::relay {

// The queue of the relay's program: the store has a thread of its own. The loop adds to one batch under a mutex; the
// thread takes all of it, commits, reads, and wakes the loop once per commit (a CrossThreadPromiseFulfiller that the
// loop left ready). No object of Cap'n Proto or of the loop is touched on the thread.
class StoreThread final : public CommitQueue {
 public:
  // `store` is what `open` gave at the start.
  StoreThread(OpenStore open, std::unique_ptr<MailboxStore> store, kj::Timer& timer, RelayObserver& observer);
  // Finishes the commit that runs; what waits behind it is dropped.
  ~StoreThread() noexcept(false) override;

 private:
  struct Committed {
    std::size_t operations = 0;
    Result<std::vector<Outcome>> outcomes;
    std::chrono::microseconds took{0};
  };
  // What the thread has finished and the loop has not seen.
  struct Finished {
    std::vector<Committed> commits;
    std::vector<std::unique_ptr<StoreRead>> reads;
    std::optional<Result<void>> reopened;
  };

  void handOver(StoreBatch batch) override;
  void reopen() override;

  // On the loop.
  kj::Promise<void> listen();
  void deliver(Finished finished);

  // On the thread.
  void work();
  void process(StoreBatch batch);
  template <typename Note>
  void finish(Note note);

  StoreUser store_;  // the thread's, while it runs

  std::mutex mutex_;
  std::condition_variable wake_;
  StoreBatch waiting_;
  bool reopenWanted_ = false;
  bool stopping_ = false;
  Finished finished_;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> signal_;  // null: given, or not armed yet

  kj::Promise<void> listening_;
  std::thread thread_;
};

}  // namespace waxwing::relay
