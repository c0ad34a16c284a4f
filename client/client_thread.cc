#include "client/client_thread.h"

#include <kj/debug.h>
#include <kj/exception.h>
#include <kj/function.h>
#include <signal.h>

#include <stdexcept>
#include <system_error>
#include <utility>

#include "rpc/link/tls_dialer.h"

namespace waxwing {
namespace {

// Blocks all signals for the time that a thread is made, which inherits that.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// What KJ and Cap'n Proto would log goes nowhere: standard error is the app's, and what it must know reaches it as an
// error or an event. Also for the threads that they start.
class Silence final : public kj::ExceptionCallback {
  using Body = kj::Function<void()>;
  void logMessage(kj::LogSeverity, const char*, int, int, kj::String&&) override {}
  kj::Function<void(Body)> getThreadInitializer() override {
    return [](Body body) {
      const Silence silence;
      body();
    };
  }
};

tl::unexpected<Error> outOfResources() {
  return fail(Errc::kInternal, "this process may open no more files or threads");
}

Result<kj::AsyncIoContext> makeLoop() {
  try {
    return kj::setupAsyncIo();
  } catch (const kj::Exception&) {
    return outOfResources();
  }
}

// `untilSettled` always comes to an answer while the core is there.
class WaitFailures final : public kj::TaskSet::ErrorHandler {
  void taskFailed(kj::Exception&& exception) override { KJ_LOG(FATAL, "waiting failed", exception); }
};

}  // namespace

// Told under the lock: the one who waits may drop the handoff as soon as he has it.
void ClientThread::Handoff::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_one();
}

void ClientThread::Handoff::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return finished_; });
}

Result<std::unique_ptr<ClientThread>> ClientThread::start(OpenDatabase open, Hooks hooks) try {
  std::unique_ptr<ClientThread> client(new ClientThread(std::move(hooks)));
  std::optional<Result<void>> opened;
  Handoff handoff;
  {
    const SignalsBlocked blocked;
    client->thread_ =
        std::thread([&open, &opened, &handoff, self = client.get()] { self->run(open, opened, handoff); });
  }
  handoff.wait();
  if (!*opened) return tl::unexpected(std::move(opened->error()));
  return client;
} catch (const std::system_error&) {
  return outOfResources();
}

ClientThread::~ClientThread() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

void ClientThread::run(const OpenDatabase& open, std::optional<Result<void>>& opened, Handoff& handoff) {
  const Silence silence;
  own_ = std::this_thread::get_id();
  auto made = makeLoop();
  if (!made) {
    opened.emplace(tl::unexpected(std::move(made.error())));
    return handoff.finish();
  }
  auto& io = *made;
  TlsDialer dialer(io.provider->getNetwork(), io.provider->getTimer());
  auto core = openCore(open, io, dialer);
  WaitFailures failures;
  kj::TaskSet waits(failures);
  const bool isOpen = core.has_value();
  if (isOpen) {
    core_ = core->get();
    waits_ = &waits;
    opened.emplace();
  } else {
    opened.emplace(tl::unexpected(std::move(core.error())));
  }
  handoff.finish();
  if (isOpen) queue_.run(*io.lowLevelProvider).wait(io.waitScope);
}

Result<std::unique_ptr<Core>> ClientThread::openCore(const OpenDatabase& open, kj::AsyncIoContext& io, Dialer& dialer) {
  try {
    auto db = open();
    if (!db) return tl::unexpected(std::move(db.error()));
    return Core::open(std::move(*db), {.timer = io.provider->getTimer(),
                                       .dialer = dialer,
                                       .clock = systemClock(),
                                       .random = systemRandom(),
                                       .restoreMarker = hooks_.restoreMarker,
                                       .onEvent = hooks_.onEvent});
  } catch (const StoreFailure& failure) {
    return fail(failure.code(), failure.what());
  } catch (const std::exception& broken) {
    return fail(Errc::kInternal, broken.what());
  }
}

Result<Core::Settled> ClientThread::waitUntilSettled(std::chrono::milliseconds timeout) {
  if (isOwn()) return fail(Errc::kNotAllowed, "an event handler cannot wait for the network");
  std::optional<Result<Core::Settled>> settled;
  Handoff handoff;
  queue_.post([this, timeout, &settled, &handoff] {
    waits_->add(core_->untilSettled(timeout).then([&settled, &handoff](Result<Core::Settled> outcome) {
      settled.emplace(std::move(outcome));
      handoff.finish();
    }));
  });
  handoff.wait();
  return std::move(*settled);
}

}  // namespace waxwing
