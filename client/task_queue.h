#pragma once

#include <kj/async-io.h>

#include <deque>
#include <functional>
#include <mutex>

namespace waxwing {

// Tasks that any thread hands to the thread of an event loop. A pipe wakes the loop; what the tasks see is ordered by a
// plain mutex. (kj::Executor would block its caller's loop when a promise of it is dropped.)
class TaskQueue {
 public:
  // Throws std::system_error where the process may open no more files.
  TaskQueue();
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Runs `task` on the loop's thread, in order of posting. It must not throw.
  void post(std::function<void()> task);
  // The loop ends its run after the tasks posted so far.
  void close();

  // On the loop's thread, once: resolves after `close`.
  kj::Promise<void> run(kj::LowLevelAsyncIoProvider& io);

 private:
  kj::Promise<void> takeTurns();
  void runTasks();

  int readEnd_ = -1;
  int writeEnd_ = -1;
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;  // under mutex_
  // The loop's thread only:
  enum class State { kOpen, kClosed } state_ = State::kOpen;
  kj::Own<kj::AsyncInputStream> wakeUps_;
  kj::byte ignored_[16];
};

}  // namespace waxwing
