#pragma once

#include "outbox/access_keys.h"
#include "outbox/contacts.h"
#include "outbox/context.h"
#include "outbox/receipts.h"
#include "session/content.h"

namespace waxwing {

// What each body does once its envelope was opened, its head checked and its sender's permission confirmed.
class Apply {
 public:
  struct Parts {
    Context& context;
    Composer& composer;
    Contacts& contacts;
    AccessKeys& keys;
    Receipts& receipts;
  };
  explicit Apply(Parts parts) : parts_(parts), context_(parts.context) {}

  Result<void> apply(Transaction& transaction, const Content& content);

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

  // False if the message is there already.
  bool addReceived(Transaction& transaction, const Head& head, MessageTable::Row row);
  Result<void> ignore(Transaction& transaction, const Head& head, std::string reason);

  Parts parts_;
  Context& context_;
};

}  // namespace waxwing
