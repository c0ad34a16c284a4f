#pragma once

#include <kj/async.h>
#include <kj/function.h>
#include <kj/refcount.h>

#include <deque>
#include <optional>

#include "rpc/relay/commit_queue.h"
#include "rpc/relay/options.h"
#include "rpc/relay/page_budget.h"
#include "rpc/wire/relay.capnp.h"

namespace waxwing::relay {

// Why a link ends, as its sink is told.
using Closing = wire::Sink::Reason;

// A logged-in device's line to its mailbox: which login is in charge, and the delivery of what waits. Pages are read
// while the sink has room: at most a window of envelopes is out and unacknowledged. Numbers only are kept of what was
// delivered; payloads live from the store's read to the sink's answer, under the common budget.
class DeviceLink final : public kj::Refcounted, private kj::TaskSet::ErrorHandler {
 public:
  // What a link needs of the relay. Must outlive every call, but not the object.
  struct Services {
    CommitQueue& queue;
    kj::Timer& timer;
    RelayObserver& observer;
    const Options& options;
    PageBudget& budget;
  };

  // `onBroken` is called once, if the sink failed or did not answer in time.
  DeviceLink(Services services, LoginRef login, kj::Function<void()> onBroken);

  const LoginRef& login() const { return login_; }
  // False once another login took over, the device was retired, or the connection ended.
  bool inCharge() const { return inCharge_; }

  // Begins delivery; answers the mailbox's position. Throws kj::Exception FAILED if there is a sink already.
  kj::Promise<Result<Position>> attach(wire::Sink::Client sink);
  // Something new may be in the mailbox.
  void wake();
  // The store has deleted everything up to `upTo`.
  void acknowledged(std::uint64_t upTo);

  // The first waiting item, if it was taken over and not acknowledged before the link ended, which it has. Once.
  std::optional<NoteAttempt> takeAttempt();

  // Ends delivery for good and tells the sink why; resolves when the sink has answered, failed, or not answered in
  // time.
  kj::Promise<void> close(Closing reason);
  // Ends the connection that this link came over.
  void cut() { onBroken_(); }
  // The connection is gone.
  void stop();

 private:
  struct Outstanding {
    std::uint64_t last = 0;  // highest number of the item
    std::size_t bytes = 0;
  };

  void pump();
  bool hasRoom() const;
  std::size_t roomBytes() const;
  kj::Promise<void> deliverNext();
  kj::Promise<void> readAndDeliver(PageLimits page, PageBudget::Share share);
  kj::Promise<void> deliver(const std::vector<QueueItem>& items, PageLimits asked);
  kj::Promise<void> retryLater();
  void fenceIfDue();
  void taskFailed(kj::Exception&& exception) override;

  Services services_;
  LoginRef login_;
  kj::Function<void()> onBroken_;
  bool inCharge_ = true;

  kj::Maybe<wire::Sink::Client> sink_;
  bool attached_ = false;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t delivered_ = 0;   // highest number handed to the sink
  std::uint64_t takenOver_ = 0;   // highest number of which the sink said so
  std::uint64_t backlogEnd_ = 0;  // `last` at attach
  bool fenced_ = false;
  bool mayHaveMore_ = false;
  bool pumping_ = false;
  std::deque<Outstanding> outstanding_;
  std::size_t outstandingBytes_ = 0;
  kj::TaskSet tasks_{*this};
};

}  // namespace waxwing::relay
