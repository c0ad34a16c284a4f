#pragma once

#include <deque>
#include <map>
#include <optional>

#include "outbox/apply.h"
#include "outbox/manifests.h"
#include "outbox/slow_queue.h"
#include "outbox/streams.h"
#include "session/envelope.h"

namespace waxwing {

// What arrives: pages, cut into slices of one transaction each, every envelope in a savepoint of its own
// (docs/protocol.md §9). One bad envelope never stops the queue behind it, and nothing is acknowledged that is not
// committed.
class Inbox {
 public:
  struct Parts {
    Context& context;
    Composer& composer;
    Manifests& manifests;
    Apply& apply;
    AccessKeys& keys;
    Resends& resends;
    Streams& streams;
    SlowQueue& slow;
  };
  explicit Inbox(Parts parts) : parts_(parts), context_(parts.context) {}

  void add(Page page);
  // The link is gone: what was not applied comes again.
  void clear() {
    waiting_.clear();
    blocked_ = false;
  }
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

  // Applies one slice. What may be acknowledged now; nullopt: nothing.
  std::optional<std::uint64_t> applySlice();
  // The first that waits is costly, and the slow queue has no room for it.
  bool isBlocked() const { return blocked_; }
  // Opens some of what waits in the slow queue.
  void applySlow();
  // Applies what was parked for a manifest that has come. In a transaction of its own.
  void applyParked(const AccountId& account);

 private:
  struct Waiting {
    IncomingItem item;
    std::uint32_t attempts = 0;
  };
  // From this attempt on an envelope is written down before it is tried: it may be what ends the process.
  static constexpr std::uint32_t kSuspectAttempts = 3;

  // `acknowledged`: up to where this device said to the relay that it has everything. The item's number; nullopt: it
  // must wait where it is.
  std::optional<std::uint64_t> applyItem(Transaction& transaction, const Waiting& waiting, std::uint64_t& acknowledged);
  // New: authentic content that was not here before. Resent: one that was, in another envelope. No room: it is costly,
  // and nothing was done.
  enum class Outcome { kNew, kResent, kOther, kNoRoom };
  Outcome applyEnvelope(Transaction& transaction, const IncomingEnvelope& incoming, Ratchet::Effort effort);
  // What came of an envelope that was not applied.
  Outcome keepOrRefuse(Transaction& transaction, const IncomingEnvelope& incoming, const Envelope& envelope,
                       const Error& error);
  Result<Envelope> openSealed(ByteView payload);
  Result<Envelope> unseal(const IncomingEnvelope& incoming);
  enum class Place { kApply, kPark };
  // False if too much waits from that sender.
  bool park(Transaction& transaction, const DeviceAddress& from, ByteView payload);
  Result<Place> placeOf(Transaction& transaction, const Envelope& envelope);
  Result<void> takeManifest(Transaction& transaction, const Envelope& envelope);
  Result<Outcome> open(Transaction& transaction, const Envelope& envelope, IncomingEnvelope::KeyClass keyClass,
                       Ratchet::Effort effort);
  void notePeer(Transaction& transaction, const Head& head, SenderStanding standing);
  void noteManifest(Transaction& transaction, const Head& head, const PeerDeviceTable::Row& peer,
                    SenderStanding standing);
  // What the envelope held is asked for again, if it may be someone's who is asked at all.
  void noteUnread(Transaction& transaction, const Envelope& envelope, const Error& error);
  SenderStanding standingOf(const AccountId& account);
  bool isKnown(const AccountId& account);
  bool mayBecomeContact(const AccountId& account);
  Outcome refuse(Transaction& transaction, const IncomingEnvelope& incoming, const Error& error);
  void noteGap(Transaction& transaction, const IncomingGap& gap);
  void answerResent(Transaction& transaction, const DeviceAddress& from);

  Parts parts_;
  Context& context_;
  std::deque<Waiting> waiting_;
  bool blocked_ = false;
  std::map<DeviceAddress, WallTime> resentAnswered_;
};

}  // namespace waxwing
