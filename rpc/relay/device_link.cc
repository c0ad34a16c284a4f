#include "rpc/relay/device_link.h"

#include <kj/debug.h>

#include "crypto/mutation.h"
#include "rpc/relay/convert.h"
#include "rpc/wire/patience.h"

namespace waxwing::relay {
namespace {

std::uint64_t lastNumber(const QueueItem& item) {
  const auto* gap = std::get_if<Gap>(&item.content);
  return gap ? gap->last : item.number;
}

std::size_t payloadBytes(const QueueItem& item) {
  const auto* envelope = std::get_if<QueuedEnvelope>(&item.content);
  return envelope ? envelope->payload.size() : 0;
}

std::size_t totalBytes(const std::vector<QueueItem>& items) {
  std::size_t bytes = 0;
  for (const auto& item : items) bytes += payloadBytes(item);
  return bytes;
}

}  // namespace

DeviceLink::DeviceLink(Services services, LoginRef login, kj::Function<void()> onBroken)
    : services_(services), login_(login), onBroken_(kj::mv(onBroken)) {}

kj::Promise<Result<Position>> DeviceLink::attach(wire::Sink::Client sink) {
  KJ_REQUIRE(!attached_, "this link has a sink already");
  attached_ = true;
  auto find = [mailbox = login_.address](MailboxStore& store) {
    return store.findPosition(mailbox).value_or(Position{});
  };
  return services_.queue.read(find).then(
      [self = kj::addRef(*this), sink = kj::mv(sink)](Result<Position> position) mutable {
        if (!position) self->attached_ = false;
        if (!position || !self->inCharge_) return position;
        self->sink_ = kj::mv(sink);
        self->acknowledged_ = self->delivered_ = position->acknowledged;
        if (mutated(Mutation::kFenceWithoutBacklog)) self->delivered_ = self->acknowledged_ = position->last;
        self->backlogEnd_ = position->last;
        // Not before the answer to this call is on its way.
        self->tasks_.add(kj::evalLast([link = self.get()] {
          link->fenceIfDue();
          link->wake();
        }));
        return position;
      });
}

void DeviceLink::wake() {
  mayHaveMore_ = true;
  pump();
}

void DeviceLink::acknowledged(std::uint64_t upTo) {
  acknowledged_ = std::max(acknowledged_, upTo);
  while (!outstanding_.empty() && outstanding_.front().last <= upTo) {
    outstandingBytes_ -= outstanding_.front().bytes;
    outstanding_.pop_front();
  }
  fenceIfDue();
  pump();
}

// An envelope of the largest size must fit, or the window could be overrun by one.
bool DeviceLink::hasRoom() const {
  if (outstanding_.empty()) return true;
  return outstanding_.size() < services_.options.windowEnvelopes &&
         outstandingBytes_ + limits::kEnvelopeBytes <= services_.options.windowBytes;
}

std::size_t DeviceLink::roomBytes() const {
  const std::size_t window = std::max(services_.options.windowBytes, limits::kEnvelopeBytes);
  return window - std::min(window, outstandingBytes_);
}

void DeviceLink::pump() {
  if (sink_ == nullptr || pumping_ || !mayHaveMore_ || !hasRoom()) return;
  pumping_ = true;
  tasks_.add(deliverNext());
}

kj::Promise<void> DeviceLink::deliverNext() {
  const PageLimits page{
      .items = std::min(limits::kPageEnvelopes, services_.options.windowEnvelopes - outstanding_.size()),
      .bytes = std::min(roomBytes(), services_.options.pageBytesInFlight)};
  return services_.budget.take(page.bytes).then([this, page](PageBudget::Share share) {
    return readAndDeliver(page, kj::mv(share));
  });
}

kj::Promise<void> DeviceLink::readAndDeliver(PageLimits page, PageBudget::Share share) {
  mayHaveMore_ = false;
  auto read = [mailbox = login_.address, after = delivered_, page](MailboxStore& store) {
    return store.readPage(mailbox, after, page);
  };
  return services_.queue.read(read).then(
      [this, page, share = kj::mv(share)](Result<std::vector<QueueItem>> items) mutable -> kj::Promise<void> {
        pumping_ = false;
        // A device that has not caught up is not left waiting for what cannot be read: it sees the link end, and says
        // so. One that has misses nothing while the store is opened anew.
        if (!items && fenced_ && services_.queue.failed()) return retryLater();
        if (!items) return KJ_EXCEPTION(FAILED, "the mailbox cannot be read");
        share.shrinkTo(totalBytes(*items));
        return deliver(*items, page).attach(kj::mv(share));
      });
}

kj::Promise<void> DeviceLink::retryLater() {
  mayHaveMore_ = true;
  return services_.timer.afterDelay(CommitQueue::kReopenAfter).then([this] { pump(); });
}

kj::Promise<void> DeviceLink::deliver(const std::vector<QueueItem>& items, PageLimits asked) {
  KJ_IF_MAYBE (sink, sink_) {
    if (items.empty()) return kj::READY_NOW;
    auto request = sink->deliverRequest(pageSize(items));
    request.setAttempts(items.front().attempts);
    writeItems(items, request.initItems(static_cast<capnp::uint>(items.size())));
    for (const auto& item : items) outstanding_.push_back({lastNumber(item), payloadBytes(item)});
    outstandingBytes_ += totalBytes(items);
    delivered_ = lastNumber(items.back());
    const bool isFull = items.size() >= asked.items || totalBytes(items) + limits::kEnvelopeBytes > asked.bytes;
    mayHaveMore_ |= isFull || items.front().attempts > 0;  // what was tried before may have come by itself
    const auto most = patience(services_.options.sinkTimeout, outstandingBytes_);
    auto taken = services_.timer.timeoutAfter(most, request.send().ignoreResult());
    pump();
    return taken.then([this, last = delivered_, count = items.size()] {
      takenOver_ = std::max(takenOver_, last);
      services_.observer.count(RelayObserver::Event::kDelivered, count);
    });
  }
  return kj::READY_NOW;
}

void DeviceLink::fenceIfDue() {
  if (fenced_ || acknowledged_ < backlogEnd_) return;
  KJ_IF_MAYBE (sink, sink_) {
    fenced_ = true;
    tasks_.add(services_.timer.timeoutAfter(services_.options.sinkTimeout, sink->fenceRequest().send().ignoreResult()));
  }
}

// The number alone: the link that comes next may have acknowledged the item by the time it is judged.
std::optional<NoteAttempt> DeviceLink::takeAttempt() {
  if (std::exchange(takenOver_, 0) <= acknowledged_) return std::nullopt;
  return NoteAttempt{login_.address, acknowledged_ + 1};
}

kj::Promise<void> DeviceLink::close(Closing reason) {
  inCharge_ = false;
  if (reason != Closing::REPLACED) takenOver_ = 0;  // the relay's doing, not the reader's
  kj::Promise<void> told = kj::READY_NOW;
  KJ_IF_MAYBE (sink, sink_) {
    auto request = sink->closingRequest();
    request.setReason(reason);
    told = services_.timer.timeoutAfter(5 * kj::SECONDS, request.send().ignoreResult()).catch_([](kj::Exception&&) {});
  }
  sink_ = nullptr;
  return told;
}

void DeviceLink::stop() {
  inCharge_ = false;
  sink_ = nullptr;
  onBroken_ = [] {};
}

void DeviceLink::taskFailed(kj::Exception&&) {
  if (sink_ == nullptr) return;
  sink_ = nullptr;
  onBroken_();
}

}  // namespace waxwing::relay
