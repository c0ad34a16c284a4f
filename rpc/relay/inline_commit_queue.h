#pragma once

#include <kj/function.h>

#include "rpc/relay/commit_queue.h"

namespace waxwing::relay {

// The same queue without a thread, for tests and the simulator: commits happen on the event loop, `delay()` after they
// were asked for, and are answered `delay()` later; one at a time, what arrives meanwhile forms the next. The store may
// be committed and the answer never given: destroying the queue in between is a relay killed after its commit.
class InlineCommitQueue final : public CommitQueue {
 public:
  using Delay = kj::Function<kj::Duration()>;

  InlineCommitQueue(OpenStore open, std::unique_ptr<MailboxStore> store, kj::Timer& timer, RelayObserver& observer,
                    Delay delay);

 private:
  void handOver(StoreBatch batch) override;
  void reopen() override;
  kj::Promise<void> work();
  kj::Promise<void> process(StoreBatch batch);

  StoreUser store_;
  kj::Timer& timer_;
  Delay delay_;
  StoreBatch waiting_;
  bool working_ = false;
  kj::Promise<void> task_ = nullptr;
};

}  // namespace waxwing::relay
