#include "client/task_queue.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace waxwing {

TaskQueue::TaskQueue() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  readEnd_ = ends[0];
  writeEnd_ = ends[1];
}

TaskQueue::~TaskQueue() {
  ::close(readEnd_);
  ::close(writeEnd_);
}

// One byte is in the pipe, or about to be read from it, while tasks wait: it never fills.
void TaskQueue::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  if (tasks_.size() > 1) return;
  ssize_t written = 0;
  do {
    written = ::write(writeEnd_, "", 1);
  } while (written < 0 && errno == EINTR);
}

void TaskQueue::close() {
  post([this] { state_ = State::kClosed; });
}

kj::Promise<void> TaskQueue::run(kj::LowLevelAsyncIoProvider& io) {
  using Flags = kj::LowLevelAsyncIoProvider::Flags;
  wakeUps_ = io.wrapInputFd(readEnd_, Flags::ALREADY_CLOEXEC | Flags::ALREADY_NONBLOCK);
  return takeTurns().attach(kj::defer([this] { wakeUps_ = nullptr; }));
}

kj::Promise<void> TaskQueue::takeTurns() {
  return wakeUps_->tryRead(ignored_, 1, sizeof(ignored_)).then([this](std::size_t) -> kj::Promise<void> {
    runTasks();
    if (state_ == State::kClosed) return kj::READY_NOW;
    return takeTurns();
  });
}

void TaskQueue::runTasks() {
  std::deque<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

}  // namespace waxwing
