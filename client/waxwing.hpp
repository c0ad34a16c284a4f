#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "outbox/model.h"
#include "session/relay_address.h"

// Waxwing's door for apps.
//
// A Client is one device of one account: a database, a thread that runs the core, and a link to a relay. Every member
// is thread-safe and answers from the local database; none waits for the network, but `waitUntilSettled`. A call that
// returned success is durable. Members that fail return an Error whose text is one line for a person.
//
// A storage failure ends the client's work: event::Failed tells of it, and every later call answers kMustReopen until
// the client is opened anew. (A call that found the disk full answers kStoreFull and may be repeated.)
//
// Events come on the client's own thread, after the commit that they tell of; a handler may call any member of the
// Client, must not destroy it, and must not throw: that ends the work as a storage failure does.
//
// Nothing is ever printed.
namespace waxwing {

class Client {
 public:
  struct Options {
    std::filesystem::path database;             // the file; its directory exists and is writable
    ByteView databaseKey;                       // 32 raw bytes, secret; used during the call only
    std::function<void(const Event&)> onEvent;  // may be empty
    RestoreMarker* restoreMarker = nullptr;     // outlives the client
  };

  // A new account with this as its primary device. Needs no network: it registers when it is first online.
  // `token`: the relay's permission to register, empty where registration is open.
  // kProfileExists, kUnwritable, kStoreLocked, kBadAddress.
  static Result<std::unique_ptr<Client>> create(const Options& options, const RelayAddress& relay,
                                                std::string token = {});
  // The same, marked for good as a test profile: it writes down all its keys, random bytes and messages, for auditors
  // (docs/vectors.md). For nobody's conversations.
  static Result<std::unique_ptr<Client>> createForTests(const Options& options, const RelayAddress& relay,
                                                        std::string token = {});
  // kNoSuchProfile, kWrongKey, kDamaged, kNewerSchema, kStoreLocked (its pid in the text), kUnwritable.
  static Result<std::unique_ptr<Client>> open(const Options& options);

  // A new installation of an existing account, in two steps that need no network: ask (show `shortCode` to the user and
  // carry `text` to the primary), then join with the primary's answer. The request waits in the database between the
  // two.
  struct DeviceRequestText {
    std::string text;
    std::string shortCode;
  };
  static Result<DeviceRequestText> requestDevice(const Options& options, const AccountId& account);
  // kNotFound without a request, kSealBroken, kBadSignature; then as `open`.
  static Result<std::unique_ptr<Client>> joinDevice(const Options& options, std::string_view grant);

  // Stops the thread and closes the database. What was not delivered waits for the next time.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  DeviceAddress self() const;
  RelayAddress relay() const;
  bool isTestProfile() const;

  // The link. A client starts offline.
  void goOnline();
  void goOffline();
  // The operating system says that the network changed: retry at once.
  void networkChanged();
  LinkState linkState();
  enum class Settled {
    kYes,          // caught up, every queue tried once, receipts sent
    kUnreachable,  // the own relay could not be reached; the other queues were tried once
    kStopped,      // the link stopped for good: see linkState()
    kTimedOut,
  };
  // Sends batched receipts and waits until nothing can be done now. Not from an event handler (kNotAllowed).
  Result<Settled> waitUntilSettled(std::chrono::milliseconds timeout);

  // Contacts
  // Text to share; whoever holds it can ask to become a contact.
  Result<std::string> createInvite();
  // Accepts him on this side and sends the request. kBadInvite, kNameTaken.
  Result<AccountId> addContact(std::string_view name, std::string_view invite);
  // Names are local and unique. kUnknownContact, kNameTaken.
  Result<void> acceptContact(const AccountId& account, std::string_view name);
  Result<void> blockContact(const AccountId& account);
  Result<std::vector<Contact>> contacts();
  // By local name, or by the account's text form. kUnknownContact.
  Result<Contact> findContact(std::string_view nameOrAccount);
  // 60 digits, the same on both sides.
  std::string safetyNumber(const AccountId& contact) const;
  // The two manifests between which the user must decide, if the account – a contact's, or one's own – equivocates.
  Result<std::optional<std::pair<Hash, Hash>>> equivocation(const AccountId& account);
  Result<void> trustManifest(const AccountId& account, const Hash& manifest);

  // Messages
  // Durable, visible and encrypted for each device when it returns. kUnknownContact, kTooLong (32 KiB), kNotUtf8,
  // kNotAllowed.
  Result<MessageId> send(const AccountId& to, std::string_view text);
  struct PageOf {
    std::int64_t before = INT64_MAX;  // positions below this
    std::size_t most = 50;
  };
  // Newest last.
  Result<std::vector<TimelineItem>> messages(const AccountId& conversation, PageOf page);
  // How many were new here; their senders are told.
  Result<std::size_t> markRead(const AccountId& conversation, std::int64_t upToPosition);
  // Every queued item: why it waits, how often it was tried, when it is tried next, what was answered last.
  Result<std::vector<OutboxItem>> outbox();
  // What arrived and was not applied, by reason, newest last. It names no sender: what could not be opened proves none.
  Result<std::vector<RefusedEnvelopes>> refused();
  // kNotFound; kNotAllowed once a relay may have it.
  Result<void> cancel(std::int64_t outboxItem);

  // Devices
  Result<std::vector<OwnDeviceInfo>> devices();
  // The hash of this account's device list, for a contact who is asked to decide between two (`equivocation`).
  Result<Hash> ownManifest();
  // The code that the asking device shows, to compare before granting. kMalformed.
  static Result<std::string> shortCodeOf(std::string_view requestText);
  // On the primary (kNotAllowed elsewhere): the text that the new device joins with.
  Result<std::string> grantDevice(std::string_view requestText);
  Result<void> retireDevice(DeviceId device);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waxwing
