#pragma once

#include "outbox/context.h"
#include "outbox/holes.h"
#include "session/content.h"

namespace waxwing {

// The receiving side of numbered content: which numbers of a sender's stream were applied, which are missing, and
// whether each content names the digest of the one before it (docs/protocol.md §7).
class Streams {
 public:
  explicit Streams(Context& context) : context_(context), holes_(context) {}

  struct Noted {
    std::int64_t place = 0;                                      // in the timeline, of what fills a hole; 0: at the end
    enum class Order { kNewest, kLate } order = Order::kNewest;  // late: a higher number of that stream was here before
  };
  // Notes a content as applied. kDuplicate if its number was applied before. A gap becomes a line of the
  // conversation's timeline and is asked for; one that closes loses it.
  Result<Noted> note(Transaction& transaction, const AccountId& conversation, const Head& head, const Hash& digest);

  // Its sender says that a former stream ended with that number: what is not here up to it is missing.
  void noteEnd(Transaction& transaction, const AccountId& conversation, const DeviceAddress& device,
               const StreamMark& end);
  // Nobody can send these numbers again: what follows them is held without a hole.
  void lose(Transaction& transaction, const DeviceAddress& device, const body::ResendRange& range);
  // None of what is missing from a device will be sent again.
  void loseAll(Transaction& transaction, const DeviceAddress& device);

 private:
  using Key = StreamTable::Key;
  using Hole = StreamTable::Hole;

  Noted noteAbove(Transaction& transaction, const AccountId& conversation, const Key& key, const Head& head,
                  const Hash& digest, std::uint64_t mark);
  void advance(Transaction& transaction, const Key& key, StreamTable::Mark mark);
  void checkDigest(Transaction& transaction, const Hash& stated, const StreamTable::Mark& held);

  Context& context_;
  Holes holes_;
};

}  // namespace waxwing
