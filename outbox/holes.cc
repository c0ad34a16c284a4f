#include "outbox/holes.h"

#include <algorithm>

#include "crypto/mutation.h"
#include "outbox/lacks.h"
#include "outbox/timeline.h"

namespace waxwing {

namespace {

using Fate = StreamTable::Hole::Fate;

std::string textOf(const StreamTable::Hole& hole) {
  const std::uint64_t count = hole.last - hole.first + 1;
  std::string text = count == 1 ? "1 item is " : std::to_string(count) + " items are ";
  return text.append(hole.fate == Fate::kLost ? "lost: nobody can send it again" : "missing here");
}

TimelineItem::Kind kindOf(const StreamTable::Hole& hole) {
  return hole.fate == Fate::kLost ? TimelineItem::Kind::kLost : TimelineItem::Kind::kHole;
}

// A hole's line has the place of its last number; those before it count down from there. 0: none was kept.
std::int64_t placeOf(const StreamTable::Hole& hole, std::uint64_t sequence) {
  const std::uint64_t before = hole.last - sequence;
  return before < limits::kHolePlaces ? hole.message - static_cast<std::int64_t>(before) : 0;
}

}  // namespace

void Holes::open(Transaction& transaction, const AccountId& conversation, const Key& key, std::uint64_t first,
                 std::uint64_t last) {
  if (mutated(Mutation::kHideHoles)) return;
  Hole hole{first, last, 0, Fate::kMissing};
  const std::uint64_t places = std::min<std::uint64_t>(last - first + 1, limits::kHolePlaces);
  hole.message = addNote(context_, transaction, conversation, key.device, kindOf(hole), textOf(hole),
                         context_.messages.newestPosition() + static_cast<std::int64_t>(places));
  context_.streams.putHole(transaction, key, hole);
  noteLack(context_, transaction, key.device, RecoveryTable::kHoles);
}

std::int64_t Holes::fill(Transaction& transaction, const Key& key, const Hole& hole, std::uint64_t sequence) {
  std::vector<Hole> parts;
  if (hole.first < sequence) parts.push_back({hole.first, sequence - 1, 0, hole.fate});
  if (sequence < hole.last) parts.push_back({sequence + 1, hole.last, 0, hole.fate});
  divide(transaction, key, hole, parts);
  noteRecovered(context_, transaction, key.device);
  return placeOf(hole, sequence);
}

void Holes::lose(Transaction& transaction, const Key& key, std::uint64_t first, std::uint64_t last) {
  for (const auto& [stream, hole] : context_.streams.missing(key.device, SIZE_MAX >> 1)) {
    if (stream != key.stream || hole.last < first || hole.first > last) continue;
    const std::uint64_t from = std::max(hole.first, first);
    const std::uint64_t to = std::min(hole.last, last);
    std::vector<Hole> parts;
    if (hole.first < from) parts.push_back({hole.first, from - 1, 0, Fate::kMissing});
    parts.push_back({from, to, 0, Fate::kLost});
    if (to < hole.last) parts.push_back({to + 1, hole.last, 0, Fate::kMissing});
    divide(transaction, key, hole, parts);
  }
}

void Holes::divide(Transaction& transaction, const Key& key, const Hole& hole, const std::vector<Hole>& parts) {
  const auto line = context_.messages.find(hole.message);
  if (!line) throw StoreFailure(Errc::kDamaged, "a hole's line is missing");
  context_.streams.removeHole(transaction, key, hole.first);
  if (parts.empty() || parts.back().last != hole.last) context_.messages.remove(transaction, hole.message);
  for (Hole part : parts) {
    const auto kind = kindOf(part);
    if (part.last == hole.last) {
      part.message = hole.message;
      context_.messages.putNote(transaction, part.message, static_cast<std::uint8_t>(kind), textOf(part));
    } else {
      part.message =
          addNote(context_, transaction, line->conversation, key.device, kind, textOf(part), placeOf(hole, part.last));
    }
    context_.streams.putHole(transaction, key, part);
  }
  context_.events.add(event::ContactChanged{line->conversation});
}

}  // namespace waxwing
