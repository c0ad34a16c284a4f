#pragma once

#include "outbox/access_keys.h"
#include "outbox/compose.h"
#include "outbox/context.h"
#include "session/invite.h"

namespace waxwing {

// Whom we know, and how two people come to know each other (docs/protocol.md §7): by invite, request and acceptance.
// Until the user accepts, nothing goes out because of a stranger.
class Contacts {
 public:
  Contacts(Context& context, Composer& composer, AccessKeys& keys)
      : context_(context), composer_(composer), keys_(keys) {}

  // What the user does. As Outbox declares them.
  Result<AccountId> add(Transaction& transaction, std::string_view name, const Invite& invite);
  Result<void> accept(Transaction& transaction, const AccountId& account, std::string_view name);
  Result<void> block(Transaction& transaction, const AccountId& account);

  // What others say.
  Result<void> onRequest(Transaction& transaction, const Head& head, const body::ContactRequest& request);
  // The same request in another envelope: its sender has not heard that he was accepted, and is told once more. False
  // if he was not.
  bool onRequestAgain(Transaction& transaction, const AccountId& account);
  Result<void> onProfile(Transaction& transaction, const Head& head, const body::Profile& profile);
  Result<void> onSync(Transaction& transaction, const Head& head, const body::SyncContact& contact);

  std::vector<Contact> all();
  std::optional<Contact> find(const AccountId& account);
  std::optional<Contact> find(std::string_view name);

  // For siblings: the contact as it stands, and which of two manifests the user trusts.
  void tellSiblings(Transaction& transaction, const ContactTable::Row& row,
                    const std::optional<Hash>& trustedManifest = std::nullopt);

 private:
  void passOn(Transaction& transaction, const Head& head, const ContactTable::Row& row,
              const std::optional<Hash>& trustedManifest);
  static body::SyncContact forSiblings(const ContactTable::Row& row, const std::optional<Hash>& trustedManifest);
  // Nothing more goes to a blocked account, and its sessions end.
  void partWith(Transaction& transaction, const AccountId& account);
  Contact shown(const ContactTable::Row& row);
  Result<void> checkName(std::string_view name, const AccountId& account);
  std::string freeName(std::string name, const AccountId& account);
  void put(Transaction& transaction, const ContactTable::Row& row);

  Context& context_;
  Composer& composer_;
  AccessKeys& keys_;
};

}  // namespace waxwing
