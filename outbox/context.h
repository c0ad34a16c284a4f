#pragma once

#include <set>

#include "crypto/limits.h"
#include "outbox/event_queue.h"
#include "outbox/roster.h"
#include "session/anchors.h"
#include "session/disclosure.h"
#include "session/manifest_book.h"
#include "session/own_device.h"
#include "session/pre_keys.h"
#include "session/ratchet.h"
#include "store/client/contact_table.h"
#include "store/client/delivery_table.h"
#include "store/client/message_table.h"
#include "store/client/peer_device_table.h"
#include "store/client/receipt_table.h"
#include "store/client/recovery_table.h"
#include "store/client/refusal_table.h"
#include "store/client/sent_table.h"
#include "store/client/settings.h"
#include "store/client/slow_queue_table.h"
#include "store/client/stream_table.h"
#include "store/database.h"

namespace waxwing {

// What everything in this room works with: the database and its tables, the sessions, the ports, and the little that
// is remembered in memory. Lives as long as the outbox is open, and does not move.
struct Context {
  Context(Database& database, const Clock& clockPort, Random& randomPort, OwnDevice device);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  WallTime now() const { return clock.now(); }
  const DeviceAddress& selfAddress() const { return self.address(); }
  const AccountId& selfAccount() const { return self.address().account; }
  ContactState contactState(const AccountId& account) { return static_cast<ContactState>(contacts.state(account)); }
  // A reading of the hybrid clock behind all that was read before.
  HybridTime nextTime();
  // A remote reading was seen; one that runs ahead is clamped (limits::kRemoteClockAhead).
  void sawTime(HybridTime time);

  Database& db;
  const Clock& clock;
  Random& random;
  OwnDevice self;

  ManifestBook book{db, clock};
  Anchors anchors{db, clock, random};
  PreKeys preKeys{db, self, clock, random};
  Ratchet ratchet{db, self, book, preKeys, anchors, clock, random};
  Disclosure disclosure{db, random};  // of envelopes; the ratchet sees to its own

  Settings settings{db};
  ContactTable contacts{db};
  InviteTable invites{db};
  LaneTable lanes{db};
  PeerDeviceTable devices{db};
  MessageTable messages{db};
  DeliveryTable deliveries{db};
  StreamTable streams{db};
  ReceiptTable receipts{db};
  RefusalTable refusals{db};
  ParkedTable parked{db};
  SlowQueueTable slow{db};
  SentTable sent{db};
  RecoveryTable recovery{db};
  GoneTable gone{db};
  LastWordTable lastWords{db};

  Roster roster{book};
  EventQueue events;

  // Signals between the parts of the room, set inside transactions and looked at after them. That one is set without
  // need does no harm.
  std::set<AccountId> owing;         // something new is owed to these
  std::set<AccountId> manifestsNew;  // what is parked from these may open now
  std::set<DeviceAddress> unheard;   // nothing seems to reach these: a fresh session may
  bool publishingDue = false;        // something is to be published to the own relay
  bool keysUsed = false;             // a peer has opened a session with one of our one-time keys

  bool recoveryChanged = true;  // something is lacking, or may be
  bool probesChanged = true;    // a tail is to be looked after
  bool invitedChanged = true;   // someone was asked to be a contact, or may have been

  StreamId stream;  // this device's
  HybridTime lastTime;
  LinkState::Stop stopped = LinkState::Stop::kNone;
};

// Whether what was sent again so often in vain may have been encrypted for a session that its receiver no longer has. A
// device that is merely away costs no more than two sessions by it.
inline bool isUnheardAfter(std::uint32_t tries) { return tries == 2 || tries == 5; }

// One transaction of this room, with the events that it raises. Without `commit`, all of it is as if it had not been.
class Step {
 public:
  Step(Context& context, CommitPoint point);
  ~Step();
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void commit();
  Transaction& transaction() { return transaction_; }
  operator Transaction&() { return transaction_; }

 private:
  Context& context_;
  std::size_t events_;
  Transaction transaction_;
  bool committed_ = false;
};

// A part of a Step that can be undone alone.
class Attempt {
 public:
  Attempt(Context& context, Transaction& transaction);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void keep();

 private:
  Context& context_;
  std::size_t events_;
  Savepoint savepoint_;
  bool kept_ = false;
};

// Names of this room's settings (store/client/settings.h).
namespace setting {
inline constexpr std::string_view kStream = "outbox.stream";
inline constexpr std::string_view kStopped = "outbox.stopped";
inline constexpr std::string_view kAcknowledged = "inbox.acknowledged";
inline constexpr std::string_view kContactKey = "access.contact";         // secret
inline constexpr std::string_view kFormerContactKey = "access.former";    // secret; still honoured
inline constexpr std::string_view kPastContactKeys = "access.past";       // secret; 32 bytes each, the newest first
inline constexpr std::string_view kReplacedContactKey = "access.replaced";   // the hash of the one before
inline constexpr std::string_view kContactKeyMade = "access.contact-made";   // ms; absent: before all others
inline constexpr std::string_view kContactKeyMadeHere = "access.made-here";  // by this device
inline constexpr std::string_view kInviteKeysMade = "access.invites-made";   // ms; absent: before all others
inline constexpr std::string_view kAccessKeysChanged = "access.changed";  // counts changes; absent: relay has them
inline constexpr std::string_view kKeysRestored = "publish.restored";     // all keys anew
inline constexpr std::string_view kKeysCounter = "publish.counter";       // of what the relay has confirmed last
inline constexpr std::string_view kRelayRestored = "relay.restored";      // found, and no anchor confirmed since
inline constexpr std::string_view kSignNothing = "publish.fetch-first";   // no manifest before the newest was fetched
inline constexpr std::string_view kMarkerNow = "marker.now";
inline constexpr std::string_view kMarkerBefore = "marker.before";
inline constexpr std::string_view kDeliveredOff = "receipts.delivered-off";
inline constexpr std::string_view kReadOff = "receipts.read-off";
}  // namespace setting

}  // namespace waxwing
