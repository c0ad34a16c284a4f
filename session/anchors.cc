#include "session/anchors.h"

#include <chrono>

#include "crypto/limits.h"

namespace waxwing {

Anchors::Anchors(Database& db, const Clock& clock, Random& random) : clock_(clock), random_(random), table_(db) {}

std::int64_t Anchors::renew(Transaction& transaction) {
  const auto head = table_.head();
  if (drawnIn_ == transaction.serial() && drawn_ == head.number) return drawn_;
  return draw(transaction, head).number;
}

AnchorTable::Head Anchors::draw(Transaction& transaction, AnchorTable::Head head) {
  ++head.number;
  head.anchor = random_.fixed<Anchor>();
  table_.putHead(head);
  drawnIn_ = transaction.serial();
  drawn_ = head.number;
  return head;
}

std::int64_t Anchors::confirmed() { return table_.head().confirmed; }

Anchor Anchors::newestConfirmed() { return table_.head().base; }

std::optional<Anchors::Swap> Anchors::begin(Transaction&) {
  const auto head = table_.head();
  if (head.anchor == head.base) return std::nullopt;
  table_.put(head.number, head.anchor, AnchorTable::State::kInFlight);
  return Swap{head.base, head.anchor, head.number};
}

Anchors::Verdict Anchors::judge(Transaction& transaction, const Swap& swap, const std::optional<Anchor>& current,
                                Relay relay) {
  if (!current) {
    confirm(swap.next, swap.number);
    return Verdict::kConfirmed;
  }
  const auto known = table_.find(*current);
  if (known && known->state == AnchorTable::State::kInFlight) {
    confirm(*current, known->number);
    return Verdict::kConfirmed;
  }
  if (!isForeign(*current)) return rebase(transaction, *current, Verdict::kRelayRestored);
  if (relay == Relay::kRestored) return rebase(transaction, *current, Verdict::kDatabaseRestored);
  return rebase(transaction, *current, wasRestoredLately() ? Verdict::kCloned : Verdict::kDatabaseRestored);
}

// The clock may have jumped: it is the distance that counts.
bool Anchors::wasRestoredLately() {
  const auto restoredAt = table_.head().restoredAt;
  return restoredAt && std::chrono::abs(clock_.now() - *restoredAt) < limits::kClonedWithin;
}

bool Anchors::isForeign(const Anchor& current) {
  const bool emptied = current.isZero() && table_.head().confirmed > 0;
  return !emptied && !table_.find(current);
}

void Anchors::confirm(const Anchor& anchor, std::int64_t number) {
  // Others in flight asked to swap from an anchor that is gone: they can no longer succeed.
  table_.removeInFlight();
  table_.put(number, anchor, AnchorTable::State::kConfirmed);
  table_.pruneConfirmed(limits::kConfirmedAnchorsKept);
  auto head = table_.head();
  head.base = anchor;
  head.confirmed = std::max(head.confirmed, number);
  table_.putHead(head);
}

Anchors::Verdict Anchors::rebase(Transaction& transaction, const Anchor& current, Verdict verdict) {
  table_.removeInFlight();
  auto head = table_.head();
  head.base = current;
  if (verdict != Verdict::kRelayRestored) head.restoredAt = clock_.now();
  draw(transaction, head);
  return verdict;
}

}  // namespace waxwing
