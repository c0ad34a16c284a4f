#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>

#include "client/core.h"
#include "client/task_queue.h"

namespace waxwing {

// The thread that runs a core on the real clock, network and disk, and the way onto it. Signals are left to the app's
// threads.
class ClientThread {
 public:
  using OpenDatabase = std::function<Result<std::unique_ptr<Database>>()>;
  struct Hooks {
    RestoreMarker* restoreMarker = nullptr;
    std::function<void(const Event&)> onEvent;
  };

  // Opens on the new thread and returns when that is done; `open` is not kept. Outcomes as `open` and Core::open;
  // kInternal where the process may have no more files or threads.
  static Result<std::unique_ptr<ClientThread>> start(OpenDatabase open, Hooks hooks);
  // Not from its own thread, nor while another is inside `call`.
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  // Runs `use(core)` on the thread and waits for it; at once where the caller is on that thread (an event handler).
  // What it throws is thrown here.
  template <typename Use>
  auto call(Use use) -> std::invoke_result_t<Use, Core&>;

  // kNotAllowed on the thread itself.
  Result<Core::Settled> waitUntilSettled(std::chrono::milliseconds timeout);

 private:
  // Between a waiting thread and ours. Lives on the waiting one's stack.
  class Handoff {
   public:
    void finish();
    void wait();

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool finished_ = false;
  };

  explicit ClientThread(Hooks hooks) : hooks_(std::move(hooks)) {}
  void run(const OpenDatabase& open, std::optional<Result<void>>& opened, Handoff& handoff);
  Result<std::unique_ptr<Core>> openCore(const OpenDatabase& open, kj::AsyncIoContext& io, Dialer& dialer);
  bool isOwn() const { return std::this_thread::get_id() == own_; }

  Hooks hooks_;
  TaskQueue queue_;
  std::thread thread_;
  // The thread's own; `own_` is settled before `start` returns.
  std::thread::id own_;
  Core* core_ = nullptr;
  kj::TaskSet* waits_ = nullptr;
};

template <typename Use>
auto ClientThread::call(Use use) -> std::invoke_result_t<Use, Core&> {
  using Outcome = std::invoke_result_t<Use, Core&>;
  using Kept = std::conditional_t<std::is_void_v<Outcome>, std::monostate, Outcome>;
  if (isOwn()) return use(*core_);
  std::optional<Kept> outcome;
  std::exception_ptr thrown;
  Handoff handoff;
  queue_.post([&] {
    try {
      if constexpr (std::is_void_v<Outcome>) {
        use(*core_);
        outcome.emplace();
      } else {
        outcome.emplace(use(*core_));
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    handoff.finish();
  });
  handoff.wait();
  if (thrown) std::rethrow_exception(std::move(thrown));
  if constexpr (!std::is_void_v<Outcome>) return std::move(*outcome);
}

}  // namespace waxwing
