#pragma once

#include <kj/refcount.h>

#include <span>
#include <unordered_map>

#include "crypto/ports.h"
#include "rpc/relay/commit_queue.h"
#include "rpc/relay/device_link.h"
#include "rpc/relay/observer.h"
#include "rpc/relay/options.h"
#include "rpc/relay/page_budget.h"

namespace waxwing::relay {

// What all connections of a relay share: its ports, and which link is in charge of which mailbox. Reference counted,
// because a call may outlive its connection.
class Core final : public kj::Refcounted, private kj::TaskSet::ErrorHandler {
 public:
  // The ports must outlive all use; destroying the object does not use them.
  struct Ports {
    CommitQueue& queue;
    kj::Timer& timer;
    const Clock& clock;
    Random& random;
    RelayObserver& observer;
  };

  Core(Options options, Ports ports);

  const Options& options() const { return options_; }
  CommitQueue& queue() { return ports_.queue; }
  kj::Timer& timer() { return ports_.timer; }
  const Clock& clock() const { return ports_.clock; }
  Random& random() { return ports_.random; }
  RelayObserver& observer() { return ports_.observer; }
  PageBudget& pageBudget() { return *budget_; }

  // How long a sender is asked to wait: 1 to 2 s for `busy`, 30 to 60 s for a full mailbox, so that they do not all
  // come back at once.
  std::uint32_t busyRetryMs();
  std::uint32_t fullRetryMs();

  kj::Own<DeviceLink> newLink(const LoginRef& login, kj::Function<void()> onBroken);
  // `link` is in charge of its mailbox from now on; one that was before is told `replaced`. Returns at once; a link
  // whose login is older than the one in charge is itself replaced.
  void takeOver(DeviceLink& link);
  void forget(DeviceLink& link);
  // The link has ended: what it left unacknowledged counts as an attempt.
  void noteAttempt(DeviceLink& link);
  // These mailboxes got something new.
  void wake(std::span<const DeviceAddress> mailboxes);
  // These devices were retired: their sinks are told, their connections cut.
  void cut(std::span<const DeviceAddress> devices);

  // From now on calls are refused; resolves when those in flight have been answered.
  kj::Promise<void> beginDraining();
  // Tells every sink that the relay goes down.
  kj::Promise<void> tellDraining();
  bool draining() const { return draining_; }

  void callBegins() { ++callsInFlight_; }
  void callEnds();

 private:
  void taskFailed(kj::Exception&&) override {}

  Options options_;
  Ports ports_;
  kj::Own<PageBudget> budget_;
  std::unordered_map<DeviceAddress, kj::Own<DeviceLink>> inCharge_;
  std::size_t callsInFlight_ = 0;
  bool draining_ = false;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> drained_;
  kj::TaskSet tasks_{*this};
};

}  // namespace waxwing::relay
