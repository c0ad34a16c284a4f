#include "store/client/anchor_table.h"

namespace waxwing {
namespace {

// The one row is there from the schema on.
Rows only(Rows rows) {
  if (!rows.next()) throw StoreFailure(Errc::kDamaged, "the anchor's row is missing");
  return rows;
}

}  // namespace

AnchorTable::Head AnchorTable::head() {
  const Rows rows = only(head_.query());
  Head head{rows.integer(0), rows.fixed<Anchor>(1), rows.integer(2), rows.fixed<Anchor>(3), std::nullopt};
  if (!rows.isNull(4)) head.restoredAt = rows.time(4);
  return head;
}

void AnchorTable::putHead(const Head& head) {
  putHead_.run(head.number, head.anchor, head.confirmed, head.base, head.restoredAt);
}

AnchorTable::Generations AnchorTable::generations() {
  const Rows rows = only(generations_.query());
  return {rows.integer(0), rows.fixed<Hash>(1)};
}

void AnchorTable::putGenerations(const Generations& generations) {
  putGenerations_.run(generations.last, generations.digest);
}

std::optional<AnchorTable::Known> AnchorTable::find(const Anchor& anchor) {
  Rows rows = find_.query(anchor);
  if (!rows.next()) return std::nullopt;
  return Known{rows.integer(0), rows.as<State>(1)};
}

void AnchorTable::put(std::int64_t number, const Anchor& anchor, State state) { put_.run(number, anchor, state); }

void AnchorTable::removeInFlight() { removeInFlight_.run(); }

void AnchorTable::pruneConfirmed(std::size_t most) { pruneConfirmed_.run(most); }

}  // namespace waxwing
