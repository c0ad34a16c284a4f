#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "outbox/link.h"
#include "session/content.h"
#include "session/invite.h"
#include "store/database.h"

// The facade of everything that a device owes and is owed: what client/ drives and what a Link reports to. Single-threaded; times and
// randomness come from its ports; every member that returned success is durable.
namespace waxwing {

enum class ContactState : std::uint8_t {
  kInvited = 1,    // added by us from an invite: accepted on our side, has not accepted us yet (waitingForAcceptance)
  kRequested = 2,  // a stranger's request that waits for our decision
  kAccepted = 3,   // both sides
  kBlocked = 4,
};

struct Contact {
  AccountId account;
  std::string name;  // local and unique; empty for a request that was not named yet
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
  enum class Kind : std::uint8_t {
    kText = 1,
    kUnsupported = 2,
    kHole = 3,              // numbers of a sender that have not arrived
    kDeviceAdded = 4,
    kDeviceRetired = 5,
    kEquivocation = 6,
    kFromRetiredDevice = 7, // kept, never attributed
    kUnreadable = 8,
    kGap = 9,               // the relay says that it lost items
    kRequest = 10,
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
struct CaughtUp {};  // the fence was reached
struct OwnDevicesChanged {};
}  // namespace event
using Event = std::variant<event::MessageArrived, event::MessageChanged, event::ContactChanged, event::TimelineNote, event::LinkChanged,
                           event::Restored, event::CaughtUp, event::OwnDevicesChanged>;

// A copy of the newest anchor outside the data directory and outside backups (docs/protocol.md §2). Without one, nothing goes to another relay
// while the own one is unreachable.
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

class Outbox final : public LinkHost {
 public:
  struct Ports {
    const Clock& clock;
    Random& random;
    RestoreMarker* restoreMarker = nullptr;
    std::function<void(const Event&)> onEvent;
  };
  // The database must hold an account or a joined device (kNoSuchProfile). Does no I/O but the database's; `connect` gives it its link.
  static Result<std::unique_ptr<Outbox>> open(Database& db, Ports ports);
  ~Outbox() override;

  void connect(Link& link);
  // For the time that registration needs it; empty: none.
  void setRegistrationToken(std::string token);

  // Makes all that is due at the clock's time happen (retries, batched receipts, rotations). Cheap if nothing is due.
  void tick();
  // When `tick` is due next by the wall clock; nullopt: not before something happens.
  std::optional<WallTime> nextDeadline();

  // Composing (one transaction each, durable on return)
  // kUnknownContact, kTooLong, kNotUtf8, kNotAllowed (blocked, or this device is retired).
  Result<MessageId> send(const AccountId& to, std::string_view text);
  // Marks everything of that conversation up to and including `position` as read; receipts follow.
  Result<void> markRead(const AccountId& conversation, std::int64_t upToPosition);
  Result<void> cancel(std::int64_t outboxItem);

  // Contacts
  // Accepts on this side and sends the request. kNameTaken, kBadInvite (one's own).
  Result<AccountId> addContact(std::string_view name, const Invite& invite);
  Result<void> acceptContact(const AccountId& account, std::string_view name);
  Result<void> blockContact(const AccountId& account);
  // Settles an equivocation. kNotFound.
  Result<void> trustManifest(const AccountId& account, const Hash& manifest);
  std::vector<Contact> contacts();
  std::optional<Contact> findContact(std::string_view name);
  std::optional<Contact> findContact(const AccountId& account);
  // The two manifests between which the user must decide.
  std::optional<std::pair<Hash, Hash>> equivocation(const AccountId& account);
  // A new invite key; published at the next connection.
  Result<Invite> createInvite();

  // Looking
  struct PageOf {
    std::int64_t before = INT64_MAX;  // positions below this
    std::size_t most = 50;
  };
  // Newest last.
  std::vector<TimelineItem> messages(const AccountId& conversation, PageOf page);
  std::optional<TimelineItem> message(const AccountId& conversation, const MessageId& id);
  std::vector<OutboxItem> outbox();
  const LinkState& linkState() const;
  DeviceAddress self() const;
  const RelayAddress relay();

  // True when nothing can be done now: caught up with the own relay (or it is unreachable), every lane tried once since `connect`,
  // no receipt waiting to be batched, no ticket open. What `waxwing sync` waits for.
  bool settled();
  // Sends batched receipts now instead of waiting for the batch's time.
  void flushReceipts();

  // Devices (kNotAllowed on any but the primary)
  std::vector<OwnDeviceInfo> devices();
  Result<std::string> grantDevice(std::string_view requestText);
  Result<void> retireDevice(DeviceId device);

  // LinkHost
  Login login() override;
  Signature signLogin(ByteView body) override;
  std::optional<Registration> registration() override;
  Signature signRegistration(ByteView body) override;
  void onRegistered() override;
  void onAttached(std::uint64_t acknowledged, std::uint64_t last) override;
  void onPage(Page page) override;
  void onFence() override;
  void onLinkState(const LinkState& state) override;
  void onAnswer(Ticket ticket, tl::expected<Answer, Error> answer) override;

 private:
  class Core;
  explicit Outbox(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace waxwing
