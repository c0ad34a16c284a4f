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

  enum class Former { kKept, kVoid };
  // A new contact key, told to all accepted contacts and to siblings. What was known before stays good or is void at
  // once.
  void rotateContactKey(Transaction& transaction, Former former);
  void dropInvites(Transaction& transaction);
  // From a sibling, or from a device grant.
  void take(Transaction& transaction, const AccessKey& contactKey, std::span<const AccessKey> inviteKeys);

  // What the relay should hold.
  AccessKeyHashes hashes();
  // Counts changes that the relay has not been told; nullopt: it has them all.
  std::optional<std::int64_t> changed();
  void published(Transaction& transaction, std::int64_t change);
  // The relay has forgotten them, or may have.
  void publishAgain(Transaction& transaction) { noteChange(transaction); }

  // The profile that lets a contact in.
  body::Profile profile();

 private:
  void tellSiblings(Transaction& transaction);
  void noteChange(Transaction& transaction);

  Context& context_;
  Composer& composer_;
};

}  // namespace waxwing
