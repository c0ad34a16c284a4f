#pragma once

#include "outbox/context.h"
#include "session/content.h"

namespace waxwing {

// The receiving side of numbered content: which numbers of a sender's stream were applied, which are missing, and
// whether each content names the digest of the one before it (docs/protocol.md §7).
class Streams {
 public:
  explicit Streams(Context& context) : context_(context) {}

  // Notes a content as applied. kDuplicate if its number was applied before. A gap becomes a line of the
  // conversation's timeline; one that closes loses it.
  Result<void> note(Transaction& transaction, const AccountId& conversation, const Head& head, const Hash& digest);

 private:
  using Key = StreamTable::Key;

  void advance(Transaction& transaction, const Key& key, StreamTable::Mark mark);
  void openHole(Transaction& transaction, const AccountId& conversation, const Key& key, std::uint64_t first,
                std::uint64_t last);
  void fillHole(Transaction& transaction, const AccountId& conversation, const Key& key, const StreamTable::Hole& hole,
                std::uint64_t sequence);
  void checkDigest(Transaction& transaction, const Hash& stated, const Hash& held);

  Context& context_;
};

}  // namespace waxwing
