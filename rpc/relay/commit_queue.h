#pragma once

#include <kj/async.h>
#include <kj/timer.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "crypto/error.h"
#include "rpc/relay/observer.h"
#include "store/relay/mailbox_store.h"

namespace waxwing::relay {

// Opens the relay's store: at the start, and again after it failed. Called where the store is used.
using OpenStore = std::function<Result<std::unique_ptr<MailboxStore>>()>;

// The outcome that belongs to an operation: at the same place of the other variant.
template <typename Op, std::size_t I = 0>
consteval std::size_t operationIndex() {
  if constexpr (std::is_same_v<Op, std::variant_alternative_t<I, Operation>>) {
    return I;
  } else {
    return operationIndex<Op, I + 1>();
  }
}
template <typename Op>
using OutcomeOf = std::variant_alternative_t<operationIndex<Op>(), Outcome>;

// A read on its way to the store and back. Made, answered and destroyed on the event loop; `run` is called where the
// store is.
class StoreRead {
 public:
  virtual ~StoreRead() noexcept(false) = default;
  virtual void run(MailboxStore& store) = 0;
  virtual void answer() = 0;
  virtual void fail(Error error) = 0;

  // Why the store could not be read, if it could not.
  std::optional<Errc> cause;
};

// What goes to the store at one time: one transaction, then the reads, which see it.
struct StoreBatch {
  std::vector<Operation> operations;
  std::vector<std::unique_ptr<StoreRead>> reads;
  bool empty() const { return operations.empty() && reads.empty(); }
};

// The synchronous store as the event loop sees it. What is asked for while a commit runs forms the next one (group
// commit); answers come in the order of the requests. A failure of the store answers kBusy to everything that was on
// its way and to everything until the store could be opened anew, which is tried every kReopenAfter. Used on one event
// loop; requests own all their bytes.
class CommitQueue : private kj::TaskSet::ErrorHandler {
 public:
  static constexpr auto kReopenAfter = 1 * kj::SECONDS;

  virtual ~CommitQueue() noexcept(false) = default;
  KJ_DISALLOW_COPY(CommitQueue);

  // Durable once it has answered.
  template <typename Op>
  kj::Promise<Result<OutcomeOf<Op>>> commit(Op operation) {
    return enqueue(Operation(std::move(operation))).then([](Result<Outcome> outcome) -> Result<OutcomeOf<Op>> {
      if (!outcome) return tl::unexpected(outcome.error());
      return std::get<OutcomeOf<Op>>(std::move(*outcome));
    });
  }

  // `func(MailboxStore&)` runs where the store is, possibly on another thread: it must own all that it touches.
  template <typename Func>
  kj::Promise<Result<std::invoke_result_t<Func, MailboxStore&>>> read(Func func) {
    using T = std::invoke_result_t<Func, MailboxStore&>;
    if (failed_) return Result<T>(fail(Errc::kBusy, kBusyText));
    auto [promise, fulfiller] = kj::newPromiseAndFulfiller<Result<T>>();
    gathered_.reads.push_back(std::make_unique<Read<T, Func>>(std::move(func), kj::mv(fulfiller)));
    handOverLater();
    return kj::mv(promise);
  }

  // True while the store is closed after a failure.
  bool failed() const { return failed_; }

 protected:
  CommitQueue(kj::Timer& timer, RelayObserver& observer);

  // Passes a batch to the store; `committed`, then `answered` follow. Batches are passed on while earlier ones are on
  // their way.
  virtual void handOver(StoreBatch batch) = 0;
  // Opens the store anew; `reopened` follows.
  virtual void reopen() = 0;

  // The outcomes of the next `operations` operations in order, or why there are none.
  void committed(std::size_t operations, Result<std::vector<Outcome>> outcomes, std::chrono::microseconds took);
  void answered(std::vector<std::unique_ptr<StoreRead>> reads);
  void reopened(const Result<void>& outcome);
  RelayObserver& observer() { return observer_; }

 private:
  static constexpr const char* kBusyText = "the relay's store is not available";

  template <typename T, typename Func>
  class Read final : public StoreRead {
   public:
    Read(Func func, kj::Own<kj::PromiseFulfiller<Result<T>>> fulfiller)
        : func_(std::move(func)), fulfiller_(kj::mv(fulfiller)) {}
    void run(MailboxStore& store) override { result_.emplace(func_(store)); }
    void answer() override { fulfiller_->fulfill(std::move(*result_)); }
    void fail(Error error) override { result_.emplace(tl::unexpected(std::move(error))); }

   private:
    Func func_;
    std::optional<Result<T>> result_;
    kj::Own<kj::PromiseFulfiller<Result<T>>> fulfiller_;
  };

  kj::Promise<Result<Outcome>> enqueue(Operation operation);
  void handOverLater();
  void storeFailed(Errc code);
  void reopenLater();
  void taskFailed(kj::Exception&& exception) override;

  kj::Timer& timer_;
  RelayObserver& observer_;
  StoreBatch gathered_;
  std::deque<kj::Own<kj::PromiseFulfiller<Result<Outcome>>>> awaiting_;
  bool handingOver_ = false;
  bool failed_ = false;
  kj::Promise<void> handOverTask_ = nullptr;
  kj::TaskSet reopening_{*this};
};

// The store where it is used, with its failures as values: what the two kinds of queue have in common.
class StoreUser {
 public:
  StoreUser(OpenStore open, std::unique_ptr<MailboxStore> store) : open_(std::move(open)), store_(std::move(store)) {}

  Result<std::vector<Outcome>> commit(std::span<const Operation> operations);
  void run(StoreRead& read);
  Result<void> reopen();
  // Housekeeping that no request waits for.
  void afterwards();

 private:
  OpenStore open_;
  std::unique_ptr<MailboxStore> store_;
};

}  // namespace waxwing::relay
