#pragma once

#include "outbox/access_keys.h"
#include "outbox/contacts.h"
#include "outbox/context.h"
#include "outbox/manifests.h"
#include "outbox/receipts.h"
#include "outbox/resends.h"
#include "outbox/streams.h"
#include "session/content.h"

namespace waxwing {

// What each body does once its envelope was opened, its head checked and its sender's permission confirmed.
class Apply {
 public:
  // What a device says of itself, of a contact, of the account's access keys (LastWordTable).
  enum class Register : std::uint8_t { kProfile = 1, kContact = 2, kAccessKeys = 3 };

  struct Parts {
    Context& context;
    Composer& composer;
    Contacts& contacts;
    Manifests& manifests;
    AccessKeys& keys;
    Receipts& receipts;
    Resends& resends;
    Streams& streams;
  };
  explicit Apply(Parts parts) : parts_(parts), context_(parts.context) {}

  // `noted`: where among the others of its stream it stands.
  Result<void> apply(Transaction& transaction, const Content& content, const Streams::Noted& noted);
  // The same content came before, in another envelope: false unless that says something of its own.
  bool again(Transaction& transaction, const Content& content);

 private:
  Result<void> on(Transaction& transaction, const Head& head, const body::Empty& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::Text& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::Receipt& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::Typing& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::Profile& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::ContactRequest& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::SyncSent& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::SyncRead& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::SyncContact& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::SyncAccessKeys& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::ResendRequest& body);
  Result<void> on(Transaction& transaction, const Head& head, const body::Marks& body);
  // Whatever this version knows to read and not yet to show.
  template <typename Other>
  Result<void> on(Transaction& transaction, const Head& head, const Other& other);

  // What is said anew as a whole replaces what the same device said of it before: whether something later was applied.
  bool isOutdated(Transaction& transaction, Register which, const AccountId& subject, const Head& head);
  // False if the message is there already.
  bool addReceived(Transaction& transaction, const Head& head, MessageTable::Row row);

  Parts parts_;
  Context& context_;
  Streams::Noted noted_;  // of what is being applied
};

}  // namespace waxwing
