#pragma once

#include <cstdint>
#include <optional>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "store/client/anchor_table.h"

namespace waxwing {

// Tells the newest copy of this database from an old one (docs/protocol.md §2). Every encrypting transaction writes a
// fresh anchor; ciphertext may leave once the own relay has confirmed an anchor at least as new as the one it was
// committed with.
class Anchors {
 public:
  Anchors(Database& db, const Clock& clock, Random& random);

  // The number of this transaction's anchor: draws a fresh one at its first call in `transaction`, then answers the
  // same. Numbers only grow within one database and never leave it.
  std::int64_t renew(Transaction& transaction);

  // Ciphertext committed with an anchor number up to this may leave.
  std::int64_t confirmed();
  // What a login binds: the anchor that the own relay holds as far as is known, zeros before the first.
  Anchor newestConfirmed();

  struct Swap {
    Anchor expected;
    Anchor next;
    std::int64_t number = 0;
  };
  // What to ask of the relay next; nullopt if the newest anchor is confirmed. Writes it down as in flight.
  std::optional<Swap> begin(Transaction& transaction);

  enum class Verdict {
    kConfirmed,         // this swap, or one in flight whose answer was lost: look at `confirmed` and go on
    kRelayRestored,     // one of our former anchors, or zeros after a confirmed one
    kDatabaseRestored,  // unknown: this database is an old copy, or has a twin
    kCloned,            // the second such mismatch within 24 h
  };
  // Whether something else shows that the relay was restored of late: it then may hold an anchor of a time that this
  // copy never saw, which says nothing of a twin.
  enum class Relay { kUnbroken, kRestored };
  // `current`: what the relay says it holds; nullopt if the swap succeeded. Judges and writes the judgement down; after
  // kRelayRestored and kDatabaseRestored the relay's current anchor is the new base to swap from, and a fresh anchor is
  // due, so that `begin` has something to ask for.
  Verdict judge(Transaction& transaction, const Swap& swap, const std::optional<Anchor>& current,
                Relay relay = Relay::kUnbroken);
  // Within limits::kClonedWithin of a verdict of kDatabaseRestored or kCloned.
  bool wasRestoredLately();
  // Whether `current` would be judged to be of another copy's making.
  bool isForeign(const Anchor& current);

 private:
  AnchorTable::Head draw(Transaction& transaction, AnchorTable::Head head);
  void confirm(const Anchor& anchor, std::int64_t number);
  Verdict rebase(Transaction& transaction, const Anchor& current, Verdict verdict);

  const Clock& clock_;
  Random& random_;
  AnchorTable table_;
  // The transaction that drew last, and what it drew: void if the table says otherwise, for it may have been undone.
  std::uint64_t drawnIn_ = 0;
  std::int64_t drawn_ = 0;
};

}  // namespace waxwing
