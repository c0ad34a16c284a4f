#include "store/relay/queues.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "crypto/mutation.h"

namespace waxwing::relay {
namespace {

constexpr std::size_t kStatesInMemory = 1 << 16;
constexpr std::int64_t kHourMs = 3'600'000;

// Rounded up, so that an id is remembered a little longer, never shorter, and a mailbox makes one row an hour.
WallTime hourAfter(WallTime time) { return {(time.ms / kHourMs + 1) * kHourMs}; }

std::uint64_t natural(const Rows& rows, int column) { return static_cast<std::uint64_t>(rows.integer(column)); }

}  // namespace

Queues::Queues(Database& db, const StoreLimits& limits) : db_(db), limits_(limits) { readTail(); }

Queues::State& Queues::state(std::int64_t mailbox) {
  if (const auto known = states_.find(mailbox); known != states_.end()) return known->second;
  return states_.emplace(mailbox, read(mailbox)).first->second;
}

Queues::State Queues::read(std::int64_t mailbox) {
  State state;
  {
    Rows rows = readState_.query(mailbox);
    if (!rows.next()) throw StoreFailure(Errc::kDamaged, "a device has no mailbox");
    state.position = {natural(rows, 1), natural(rows, 0), natural(rows, 2), natural(rows, 3)};
    state.invited = natural(rows, 4);
  }
  {
    Rows rows = readFolded_.query(mailbox, state.position.acknowledged);
    while (rows.next()) state.waiting.push_back({natural(rows, 0), rows.integer(1)});
  }
  Rows rows = readGaps_.query(mailbox);
  while (rows.next()) state.waiting.push_back({natural(rows, 0), kGap});
  std::ranges::sort(state.waiting, {}, &Slot::number);
  return state;
}

// The tail lies behind everything that is folded, and in order of number within each mailbox; a gap may lie behind
// both.
void Queues::readTail() {
  {
    Rows rows = lastPlaceOf_.query();
    rows.next();
    lastPlace_ = rows.integer(0);
  }
  Rows rows = readTail_.query();
  while (rows.next()) {
    const Slot slot = {natural(rows, 2), rows.integer(0)};
    State& box = state(rows.integer(1));
    box.waiting.insert(std::ranges::upper_bound(box.waiting, slot.number, {}, &Slot::number), slot);
    box.tail.emplace(rows.fixed<EnvelopeId>(3), slot);
    ++tail_;
  }
}

void Queues::touch(std::int64_t mailbox, State& state) {
  if (std::exchange(state.isDirty, true)) return;
  dirty_.push_back(mailbox);
}

void Queues::forgetAll() {
  states_.clear();
  dirty_.clear();
  tail_ = 0;
  readTail();
}

void Queues::open(std::int64_t mailbox) { open_.run(mailbox); }

void Queues::remove(std::int64_t mailbox) {
  State& box = state(mailbox);
  for (const Slot& slot : box.waiting) takeAway(mailbox, box, slot);
  states_.erase(mailbox);
  closeGaps_.run(mailbox);
  dropSetAside_.run(mailbox);
  forgetIds_.run(mailbox, std::numeric_limits<std::int64_t>::max());
  removeState_.run(mailbox);
}

bool Queues::isFull(const State& state, std::size_t size, KeyClass keyClass) const {
  const bool isOver =
      state.position.envelopes >= limits_.mailboxEnvelopes || state.position.bytes + size > limits_.mailboxBytes;
  return isOver || (keyClass == KeyClass::kInvite && state.invited >= limits_.inviteEnvelopesWaiting);
}

bool Queues::isKnown(std::int64_t mailbox, const State& state, const EnvelopeId& id) {
  if (state.tail.contains(id)) return true;
  Rows rows = findKnown_.query(mailbox, id);
  return rows.next();
}

Push Queues::push(std::int64_t mailbox, const Envelope& envelope, KeyClass keyClass, Entrance entrance, WallTime now) {
  State& box = state(mailbox);
  if (isKnown(mailbox, box, envelope.id)) return Push::kKnown;
  if (mutated(Mutation::kKnownBeforeStored) && isFull(box, envelope.payload.size(), keyClass)) {
    know_.run(mailbox, envelope.id, 0, 0);
    return Push::kFull;
  }
  if (entrance == Entrance::kShut || isFull(box, envelope.payload.size(), keyClass)) return Push::kFull;
  const Slot slot = {box.position.last + 1, ++lastPlace_};
  add_.run(slot.place, mailbox, slot.number, keyClass, now, envelope.id, envelope.payload);
  box.waiting.push_back(slot);
  box.tail.emplace(envelope.id, slot);
  ++tail_;
  box.position.last = slot.number;
  box.position.envelopes += 1;
  box.position.bytes += envelope.payload.size();
  if (keyClass == KeyClass::kInvite) box.invited += 1;
  touch(mailbox, box);
  return Push::kStored;
}

// Its id is remembered from here on by a row of its own.
void Queues::takeAway(std::int64_t mailbox, State& box, const Slot& slot) {
  if (slot.place == kGap) return closeGap_.run(mailbox, slot.number);
  Rows rows = takeAway_.query(slot.place);
  if (!rows.next()) throw StoreFailure(Errc::kDamaged, "an envelope is missing from its queue");
  const auto id = rows.fixed<EnvelopeId>(0);
  box.position.envelopes -= 1;
  box.position.bytes -= natural(rows, 2);
  if (rows.as<KeyClass>(1) == KeyClass::kInvite) box.invited -= 1;
  while (rows.next()) {
  }
  if (box.tail.erase(id) == 0) return;
  --tail_;
  know_.run(mailbox, id, slot.number, slot.place);
}

AcknowledgeOutcome::Verdict Queues::acknowledge(std::int64_t mailbox, std::uint64_t upTo, WallTime now) {
  using Verdict = AcknowledgeOutcome::Verdict;
  State& box = state(mailbox);
  if (upTo > box.position.last) return Verdict::kNeverDelivered;
  if (upTo <= box.position.acknowledged) return Verdict::kOk;
  const auto end = std::ranges::upper_bound(box.waiting, upTo, {}, &Slot::number);
  for (auto slot = box.waiting.begin(); slot != end; ++slot) takeAway(mailbox, box, *slot);
  box.waiting.erase(box.waiting.begin(), end);
  box.position.acknowledged = upTo;
  touch(mailbox, box);
  depart_.run(hourAfter(now), mailbox, upTo);
  return Verdict::kOk;
}

std::optional<std::uint64_t> Queues::firstWaiting(std::int64_t mailbox) {
  const auto& waiting = state(mailbox).waiting;
  if (waiting.empty() || waiting.front().place == kGap) return std::nullopt;
  return waiting.front().number;
}

void Queues::setAside(std::int64_t mailbox, WallTime now) {
  State& box = state(mailbox);
  Slot& slot = box.waiting.front();
  setAside_.run(slot.place, now);
  addGap_.run(slot.place, Gap::Reason::kSetAside);
  takeAway(mailbox, box, slot);
  displace_.run(mailbox, slot.number);
  slot.place = kGap;
  touch(mailbox, box);
}

void Queues::forgetSetAside(WallTime now) { dropOldSetAside_.run(now - limits_.setAsideKept); }

std::uint64_t Queues::forgetOld(WallTime now) {
  struct Departure {
    std::int64_t at, mailbox, upTo;
  };
  std::vector<Departure> due;
  {
    Rows rows = oldDepartures_.query(now - limits_.envelopeIdRemembered);
    while (rows.next()) due.push_back({rows.integer(0), rows.integer(1), rows.integer(2)});
  }
  std::uint64_t forgotten = 0;
  for (const auto& departure : due) {
    forgetIds_.run(departure.mailbox, departure.upTo);
    forgotten += static_cast<std::uint64_t>(db_.changes());
    forgetDeparture_.run(departure.at, departure.mailbox);
  }
  return forgotten;
}

std::vector<Queues::Slot> Queues::slots(std::int64_t mailbox, std::uint64_t after, std::size_t count) {
  const auto& waiting = state(mailbox).waiting;
  const auto begin = std::ranges::upper_bound(waiting, after, {}, &Slot::number);
  const auto left = static_cast<std::size_t>(waiting.end() - begin);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, left))};
}

void Queues::flush() {
  for (const std::int64_t mailbox : std::exchange(dirty_, {})) {
    const auto found = states_.find(mailbox);
    if (found == states_.end()) continue;  // removed since
    State& box = found->second;
    const Position& at = box.position;
    writeState_.run(mailbox, at.last, at.acknowledged, at.envelopes, at.bytes, box.invited);
    box.isDirty = false;
  }
}

void Queues::fold() {
  std::vector<std::int64_t> mailboxes;
  for (const auto& [mailbox, box] : states_) {
    if (!box.tail.empty()) mailboxes.push_back(mailbox);
  }
  std::ranges::sort(mailboxes);  // neighbours share pages
  for (const std::int64_t mailbox : mailboxes) {
    State& box = states_.at(mailbox);
    for (const auto& [id, slot] : box.tail) know_.run(mailbox, id, slot.number, slot.place);
    box.tail.clear();
  }
  tail_ = 0;
  foldedUpTo_.run(lastPlace_);
}

void Queues::trim() {
  if (states_.size() <= kStatesInMemory) return;
  std::erase_if(states_, [](const auto& entry) { return entry.second.tail.empty(); });
}

std::vector<QueueItem> QueueReader::read(std::int64_t mailbox, const std::vector<Queues::Slot>& slots,
                                         std::size_t bytesMost) {
  std::vector<QueueItem> items;
  std::size_t bytes = 0;
  for (const auto& slot : slots) {
    if (slot.place == Queues::kGap) {
      items.push_back(readGap(mailbox, slot.number));
      continue;
    }
    Rows rows = read_.query(slot.place);
    if (!rows.next()) throw StoreFailure(Errc::kDamaged, "an envelope is missing from its queue");
    bytes += rows.blob(2).size();
    if (!items.empty() && bytes > bytesMost) break;
    items.push_back({slot.number, 0, QueuedEnvelope{rows.fixed<EnvelopeId>(0), rows.as<KeyClass>(1), rows.bytes(2)}});
  }
  return items;
}

QueueItem QueueReader::readGap(std::int64_t mailbox, std::uint64_t number) {
  Rows rows = readGap_.query(mailbox, number);
  if (!rows.next()) throw StoreFailure(Errc::kDamaged, "a gap is missing from its queue");
  return {number, 0,
          Gap{natural(rows, 0), natural(rows, 1), rows.as<Gap::Reason>(2), WallTime{rows.integer(3)},
              WallTime{rows.integer(4)}}};
}

std::vector<QueueItem> QueueReader::readSetAside(std::int64_t mailbox, std::uint64_t after, const PageLimits& limits) {
  std::vector<QueueItem> items;
  std::size_t bytes = 0;
  Rows rows = readSetAside_.query(mailbox, after, limits.items);
  while (rows.next()) {
    bytes += rows.blob(3).size();
    if (!items.empty() && bytes > limits.bytes) break;
    items.push_back(
        {natural(rows, 0), 0, QueuedEnvelope{rows.fixed<EnvelopeId>(1), rows.as<KeyClass>(2), rows.bytes(3)}});
  }
  return items;
}

}  // namespace waxwing::relay
