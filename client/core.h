#pragma once

#include <kj/async.h>
#include <kj/timer.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "client/host_guard.h"
#include "outbox/outbox.h"
#include "rpc/link/rpc_link.h"
#include "store/database.h"

namespace waxwing {

namespace core_detail {
template <typename T>
struct AsResult {
  using Type = Result<T>;
};
template <typename T>
struct AsResult<Result<T>> {
  using Type = Result<T>;
};
}  // namespace core_detail

// One device at work on one KJ event loop: its database, its outbox and its link, every source of time, randomness,
// disk and network given. Single-threaded and deterministic: apps use it through waxwing.hpp, the simulator many of
// them on one loop.
//
// A storage failure, an exception inside a callback of the link, or one out of an event handler ends its work: the link
// goes offline, event::Failed tells of it, and every further `perform` answers kMustReopen.
class Core final : private HostGuard::Owner, private kj::TaskSet::ErrorHandler {
 public:
  // All outlive the core.
  struct Ports {
    kj::Timer& timer;
    Dialer& dialer;
    const Clock& clock;
    Random& random;
    RestoreMarker* restoreMarker = nullptr;
    // Called from an event of its own, never from inside `perform`; may call any member. Not to drop the core.
    std::function<void(const Event&)> onEvent = {};
  };
  // On a database that holds a device (client/profile.h). Offline until `goOnline`. Outcomes as Outbox::open.
  static Result<std::unique_ptr<Core>> open(std::unique_ptr<Database> db, Ports ports);
  ~Core() noexcept(false);
  KJ_DISALLOW_COPY(Core);

  // Runs `use(outbox)`, its result as a Result, a storage failure as an error.
  template <typename Use>
  auto perform(Use use) -> typename core_detail::AsResult<std::invoke_result_t<Use, Outbox&>>::Type;

  void goOnline();
  void goOffline();
  void networkChanged();
  // Every call answers kMustReopen: drop the core, and open the database anew.
  bool hasFailed() const { return failure_.has_value(); }
  // Also after a failure.
  LinkState linkState() const;

  // As Client::Settled in waxwing.hpp.
  enum class Settled { kYes, kUnreachable, kStopped, kTimedOut };
  kj::Promise<Result<Settled>> untilSettled(limits::milliseconds timeout);

 private:
  enum class Wish { kOffline, kOnline };
  using SettledFulfiller = kj::Own<kj::PromiseFulfiller<Result<Settled>>>;

  Core(std::unique_ptr<Database> db, Ports ports);

  void stir();
  void drive();
  void work();
  void setAlarm();
  void answerWaiters();
  std::optional<Settled> settled();

  void queueEvent(const Event& event);
  void tellEvents();

  void endWork(const Error& cause);
  void onActivity() override { stir(); }
  void onHostFailure(std::exception_ptr failure) override;
  void taskFailed(kj::Exception&& exception) override;

  Ports ports_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Outbox> outbox_;
  std::optional<HostGuard> guard_;
  std::optional<RpcLink> link_;
  std::optional<Error> failure_;  // what every call answers once the work has ended
  Wish wish_ = Wish::kOffline;
  std::deque<Event> events_;
  std::vector<SettledFulfiller> waiters_;
  enum class Stirred { kNo, kYes } stirred_ = Stirred::kNo;
  kj::Promise<void> alarm_ = nullptr;
  kj::TaskSet tasks_;
};

template <typename Use>
auto Core::perform(Use use) -> typename core_detail::AsResult<std::invoke_result_t<Use, Outbox&>>::Type {
  if (failure_) return tl::unexpected(*failure_);
  stir();
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Use, Outbox&>>) {
      use(*outbox_);
      return {};
    } else {
      return use(*outbox_);
    }
  } catch (const StoreFailure& failure) {
    Error cause{failure.code(), failure.what()};
    if (cause.code != Errc::kStoreFull) endWork(cause);  // a full disk: rolled back, and room may return
    return tl::unexpected(std::move(cause));
  }
}

}  // namespace waxwing
