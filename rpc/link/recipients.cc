#include "rpc/link/recipients.h"

#include <kj/debug.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "rpc/link/kj_time.h"

namespace waxwing {
namespace {

Error unused() { return {Errc::kDisconnected, "the connection to the relay was ended"}; }

}  // namespace

void Recipients::call(const RelayAddress& relay, RecipientCall call) {
  Entry* entry = find(relay);
  if (entry == nullptr) entry = add(relay);
  if (entry == nullptr) return answers_.add(call.ticket, fail(Errc::kOffline, "too many relays are in use at once"));
  entry->newestCall = ++calls_;
  entry->connection.call(kj::mv(call));
}

Recipients::Entry* Recipients::find(const RelayAddress& relay) {
  const auto found = std::ranges::find_if(
      entries_, [&relay](const Entry& entry) { return entry.use == Use::kOpen && entry.address == relay; });
  return found == entries_.end() ? nullptr : &*found;
}

Recipients::Entry* Recipients::add(const RelayAddress& relay) {
  const auto inUse = std::ranges::count_if(entries_, [](const Entry& entry) { return entry.use != Use::kEnding; });
  if (static_cast<std::size_t>(inUse) >= limits::kAnonymousConnections) {
    const auto idle = std::ranges::find_if(
        entries_, [](const Entry& entry) { return entry.use == Use::kOpen && entry.connection.isIdle(); });
    if (idle == entries_.end()) return nullptr;
    endLater(*idle, unused());
  }
  return &entries_.emplace_back(relay, *this);
}

Recipients::Entry& Recipients::entryOf(const RecipientConnection& connection) {
  const auto found =
      std::ranges::find_if(entries_, [&connection](const Entry& entry) { return &entry.connection == &connection; });
  if (found == entries_.end()) throw std::logic_error("a connection that is not in the list");
  return *found;
}

// The connection may be on the stack: it goes in an event of its own.
void Recipients::endLater(Entry& entry, Error error) {
  if (std::exchange(entry.use, Use::kEnding) == Use::kEnding) return;
  tasks_.add(kj::evalLater([this, entry = &entry, error = std::move(error)] {
    entry->connection.abandon(error);
    entries_.remove_if([entry](const Entry& other) { return &other == entry; });
  }));
}

void Recipients::endAll(Error error) {
  for (Entry& entry : entries_) endLater(entry, error);
}

void Recipients::renew() {
  for (Entry& entry : entries_) {
    if (entry.use != Use::kOpen) continue;
    entry.use = Use::kRetiring;
    if (entry.connection.isIdle()) endLater(entry, unused());
  }
}

void Recipients::onIdle(RecipientConnection& connection) {
  Entry& entry = entryOf(connection);
  if (entry.use == Use::kRetiring) return endLater(entry, unused());
  tasks_.add(timer_.afterDelay(kjDuration(limits::kAnonymousIdle)).then([this, call = entry.newestCall] {
    dropIfUnusedSince(call);
  }));
}

// The connection may be gone by now, and another stand at its address in memory: the call's number tells.
void Recipients::dropIfUnusedSince(std::uint64_t call) {
  const auto found = std::ranges::find(entries_, call, &Entry::newestCall);
  if (found != entries_.end() && found->connection.isIdle()) endLater(*found, unused());
}

void Recipients::onEnded(RecipientConnection& connection, LinkFailure failure) {
  endLater(entryOf(connection), errorOf(failure));
}

void Recipients::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "ending a connection failed", exception.getType());
}

}  // namespace waxwing
