#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "outbox/link.h"

// What a person sees: contacts, timelines, delivery states, queued items, and the events that tell of their changes
// (docs/protocol.md §10).
namespace waxwing {

enum class ContactState : std::uint8_t {
  kInvited = 1,    // added by us from an invite: accepted on our side, has not accepted us yet (waitingForAcceptance)
  kRequested = 2,  // a stranger's request that waits for our decision
  kAccepted = 3,   // both sides
  kBlocked = 4,
};

struct Contact {
  AccountId account;
  std::string name;        // local and unique; empty for a request that was not named yet
  std::string statedName;  // what the contact calls himself
  std::string note;        // of a request
  ContactState state = ContactState::kInvited;
  bool equivocates = false;
  bool unconfirmed = false;  // first contact on a manifest older than 30 days
};

enum class DeliveryState : std::uint8_t { kPending = 1, kSent = 2, kDelivered = 3, kRead = 4, kFailed = 5 };
enum class PendingReason : std::uint8_t {
  kNone = 0,
  kNoNetwork = 1,
  kWaitingForSession = 2,
  kWaitingForAcceptance = 3,
  kAccessRenewal = 4,
  kMailboxFull = 5,
  kBusy = 6,
  kEquivocation = 7,
  kRestoreCheck = 8,
};
enum class FailedReason : std::uint8_t { kNone = 0, kCancelled = 1, kThisDeviceRetired = 2 };

// A line of a conversation's timeline.
struct TimelineItem {
  std::int64_t position = 0;  // order within the conversation, for paging
  // As stored; 7 and 8 mean nothing.
  enum class Kind : std::uint8_t {
    kText = 1,
    kUnsupported = 2,
    kHole = 3,  // numbers of a sender that have not arrived
    kDeviceAdded = 4,
    kDeviceRetired = 5,
    kEquivocation = 6,
    kGap = 9,  // the relay says that it lost items
    kRequest = 10,
    kLost = 11,         // numbers of a sender that nobody can send again; final, unless they come nevertheless
    kUndelivered = 12,  // of ours, that a device lacks and that we can no longer send
  } kind = Kind::kText;
  MessageId id;
  DeviceAddress author;
  std::string text;
  WallTime statedAt;  // as the author states it
  WallTime arrivedAt;
  bool mine = false;
  bool readHere = false;
  DeliveryState state = DeliveryState::kPending;  // of one's own messages
  PendingReason pending = PendingReason::kNone;
  FailedReason failed = FailedReason::kNone;
};

// One queued item: a message (or service content) for one recipient device.
struct OutboxItem {
  std::int64_t id = 0;  // what `cancel` takes: the message's row
  AccountId to;
  DeviceId device;  // 0: no session yet
  MessageId message;
  std::string kind;  // "text", "receipt", "profile", …
  PendingReason reason = PendingReason::kNone;
  std::uint32_t attempts = 0;
  std::optional<WallTime> nextRetry;
  std::string lastAnswer;  // one line: "accepted", "busy", "mailbox full", an error's text
};

// Envelopes that were not applied, and why. Whom they are from is not said: what could not be opened proves no sender.
struct RefusedEnvelopes {
  Errc code = Errc::kInternal;
  std::string reason;  // one line, of the newest
  std::uint64_t count = 0;
  WallTime newest;
};

// Told after commit, outside any transaction.
namespace event {
struct MessageArrived {
  AccountId conversation;
  TimelineItem item;
};
struct MessageChanged {  // a state moved
  AccountId conversation;
  MessageId id;
  DeliveryState state = DeliveryState::kPending;
  PendingReason pending = PendingReason::kNone;
};
struct ContactChanged {
  AccountId account;
};
struct TimelineNote {  // device added, hole, equivocation, …
  AccountId conversation;
  TimelineItem item;
};
struct LinkChanged {
  LinkState state;
};
struct Restored {  // this database or the relay was restored from a copy
  enum class What { kDatabase, kRelay } what = What::kDatabase;
};
struct EnvelopeRefused {  // something arrived that could not be read, or may not be; never one that was read before
  Errc code = Errc::kInternal;
  std::string reason;
};
struct CaughtUp {};  // the fence was reached
struct OwnDevicesChanged {};
struct Failed {  // the client's work has ended: its database has to be opened anew (kMustReopen)
  Error cause;
};
}  // namespace event
using Event = std::variant<event::MessageArrived, event::MessageChanged, event::ContactChanged, event::TimelineNote,
                           event::LinkChanged, event::Restored, event::EnvelopeRefused, event::CaughtUp,
                           event::OwnDevicesChanged, event::Failed>;

// A copy of the newest anchor outside the data directory and outside backups (docs/protocol.md §2). Without one,
// nothing goes to another relay while the own one is unreachable.
class RestoreMarker {
 public:
  virtual ~RestoreMarker() = default;
  virtual std::optional<Anchor> read() = 0;
  virtual void write(const Anchor& anchor) = 0;
};

struct OwnDeviceInfo {
  DeviceId id;
  bool primary = false;
  bool self = false;
};

}  // namespace waxwing
