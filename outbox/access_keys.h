#pragma once

#include "outbox/compose.h"
#include "outbox/context.h"
#include "session/access_key.h"

namespace waxwing {

// The keys by which others reach this account: one contact key and any number of invite keys. Siblings share them; the
// relay keeps their hashes.
class AccessKeys {
 public:
  AccessKeys(Context& context, Composer& composer) : context_(context), composer_(composer) {}

  // A primary's first; nothing if there is one.
  void makeFirst(Transaction& transaction);
  AccessKey contactKey();
  // kOverLimit beyond limits::kInviteKeys.
  Result<AccessKey> addInvite(Transaction& transaction);
  std::vector<AccessKey> invites();

  enum class Former { kKept, kPast };
  // A new contact key, told to all accepted contacts and to siblings. The one before opens what it opened, or from now
  // on no more than an invite does: contacts who replace theirs at one time would otherwise never hear of each other.
  void rotateContactKey(Transaction& transaction, Former former);
  // The key as it is, to siblings, contacts and whom was asked to be one: after a rotation, and where it is not known
  // any more who has heard of one.
  void tellAll(Transaction& transaction);
  void dropInvites(Transaction& transaction);
  // Those that are too old to be of use.
  void dropPast(Transaction& transaction);
  // What a sibling holds (docs/protocol.md §7): of the contact key and of the invites the newer stands, here, at the
  // relay and, by an answer, at the siblings. kMalformed if something was made so far in the future that nothing could
  // ever replace it.
  Result<void> take(Transaction& transaction, const body::SyncAccessKeys& told);
  // To a sibling that is new here.
  void tell(Transaction& transaction, const DeviceAddress& sibling);

  // What the relay should hold.
  AccessKeyHashes hashes();
  // Counts changes that the relay has not been told; nullopt: it has them all.
  std::optional<std::int64_t> changed();
  void published(Transaction& transaction, std::int64_t change);
  // The relay has forgotten them, or may have.
  void publishAgain(Transaction& transaction) { noteChange(transaction); }

  // The profile that lets a contact in.
  body::Profile profile();
  // Asks the owner of an invite to be let in, and brings that profile.
  body::ContactRequest request(const AccessKey& invite);

 private:
  body::SyncAccessKeys held();
  void takeContactKey(Transaction& transaction, const body::SyncAccessKeys& told);
  void takeInvites(Transaction& transaction, const body::SyncAccessKeys& told);
  enum class Asker { kAny, kSame };  // also where a sibling asked, or only where this device did
  void askAgain(Transaction& transaction, Asker asker);
  bool hasAsked(const AccountId& account);
  std::optional<AccessKey> former();
  std::vector<AccessKey> past();
  void putPast(Transaction& transaction, const std::vector<AccessKey>& keys);
  void noteMade(Transaction& transaction, std::string_view setting);
  void tellSiblings(Transaction& transaction);
  void tellKeys(Transaction& transaction, const DeviceAddress& sibling, const ContactTable::Row& row);
  void noteChange(Transaction& transaction);

  Context& context_;
  Composer& composer_;
};

}  // namespace waxwing
