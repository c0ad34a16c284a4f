#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "outbox/link.h"
#include "outbox/model.h"
#include "session/content.h"
#include "session/invite.h"
#include "store/database.h"

// The facade of everything that a device owes and is owed: what client/ drives and what a Link reports to.
// Single-threaded; times and randomness come from its ports; every member that returned success is durable.
namespace waxwing {

class Outbox final : public LinkHost {
 public:
  struct Ports {
    const Clock& clock;
    Random& random;
    RestoreMarker* restoreMarker = nullptr;
    std::function<void(const Event&)> onEvent;
  };
  // The database must hold an account or a joined device (kNoSuchProfile). Does no I/O but the database's; `connect`
  // gives it its link.
  static Result<std::unique_ptr<Outbox>> open(Database& db, Ports ports);
  // On a database in which a device request waits: becomes that device and takes over what the primary's answer holds
  // (contacts, access keys, manifest), in one transaction. Outcomes as acceptDeviceGrant.
  static Result<void> join(Database& db, std::string_view grant, const Clock& clock, Random& random);
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
  // Marks everything of that conversation up to and including `position` as read; receipts follow. How many it
  // were.
  Result<std::size_t> markRead(const AccountId& conversation, std::int64_t upToPosition);
  // Of texts only, and only while no part of it may have left: kNotFound, kNotAllowed.
  Result<void> cancel(std::int64_t outboxItem);

  // Receipts of this device are on until they are switched off.
  enum class ReceiptSwitch { kOn, kOff };
  void switchDeliveredReceipts(ReceiptSwitch wanted);
  void switchReadReceipts(ReceiptSwitch wanted);

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
  // What arrived and was not applied, by reason, newest last: the last RefusalTable::kMost alone are known.
  std::vector<RefusedEnvelopes> refused();
  const LinkState& linkState() const;
  DeviceAddress self() const;
  bool isTestProfile() const;
  const RelayAddress relay();

  // True when nothing can be done now: caught up with the own relay (or it is unreachable), every lane tried once since
  // `connect`, no receipt waiting to be batched, no ticket open. What `waxwing sync` waits for.
  bool settled();
  // Sends batched receipts now instead of waiting for the batch's time.
  void flushReceipts();

  // Devices (kNotAllowed on any but the primary)
  std::vector<OwnDeviceInfo> devices();
  // Of the device list that is held, for whoever has to decide between two of this account.
  Hash ownManifest();
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
