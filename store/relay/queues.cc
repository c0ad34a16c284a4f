#include "store/relay/queues.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace waxwing::relay {
namespace {

constexpr int kNumberBits = 36;
constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << kNumberBits) - 1;
constexpr std::int64_t kMailboxMax = std::numeric_limits<std::int64_t>::max() >> kNumberBits;
constexpr std::size_t kStatesInMemory = 1 << 18;
constexpr std::int64_t kHourMs = 3'600'000;

std::int64_t placeOf(std::int64_t mailbox, std::uint64_t number) {
  if (mailbox > kMailboxMax || number > kNumberMax) throw std::logic_error("a queue's number is beyond its bits");
  return (mailbox << kNumberBits) | static_cast<std::int64_t>(number);
}

std::int64_t endOf(std::int64_t mailbox) { return placeOf(mailbox, kNumberMax); }

std::uint64_t numberOf(std::int64_t place) { return static_cast<std::uint64_t>(place) & kNumberMax; }

// Rounded up, so that an id is remembered a little longer, never shorter, and a mailbox makes one row an hour.
WallTime hourAfter(WallTime time) { return {(time.ms / kHourMs + 1) * kHourMs}; }

}  // namespace

Queues::State& Queues::state(std::int64_t mailbox) {
  if (const auto known = states_.find(mailbox); known != states_.end()) return known->second;
  Rows rows = readState_.query(mailbox);
  if (!rows.next()) throw StoreFailure(Errc::kDamaged, "a device has no mailbox");
  const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
  State state;
  state.position = {.acknowledged = number(1), .last = number(0), .envelopes = number(2), .bytes = number(3)};
  state.invited = number(4);
  return states_.emplace(mailbox, state).first->second;
}

void Queues::touch(std::int64_t mailbox, State& state) {
  if (std::exchange(state.isDirty, true)) return;
  dirty_.push_back(mailbox);
}

void Queues::forgetAll() {
  states_.clear();
  dirty_.clear();
}

void Queues::open(std::int64_t mailbox) { open_.run(mailbox); }

void Queues::remove(std::int64_t mailbox) {
  states_.erase(mailbox);
  removeEnvelopes_.run(placeOf(mailbox, 0), endOf(mailbox));
  forgetIds_.run(mailbox, kNumberMax);
  removeState_.run(mailbox);
}

bool Queues::isFull(const State& state, std::size_t size, KeyClass keyClass) const {
  const bool isOver =
      state.position.envelopes >= limits_.mailboxEnvelopes || state.position.bytes + size > limits_.mailboxBytes;
  return isOver || (keyClass == KeyClass::kInvite && state.invited >= limits_.inviteEnvelopesWaiting);
}

bool Queues::isKnown(std::int64_t mailbox, const EnvelopeId& id) {
  Rows rows = findKnown_.query(mailbox, id);
  return rows.next();
}

Push Queues::push(std::int64_t mailbox, const Envelope& envelope, KeyClass keyClass, WallTime now) {
  State& box = state(mailbox);
  if (isFull(box, envelope.payload.size(), keyClass)) return isKnown(mailbox, envelope.id) ? Push::kKnown : Push::kFull;
  const std::uint64_t number = box.position.last + 1;
  know_.run(mailbox, envelope.id, number);
  if (db_.changes() == 0) return Push::kKnown;
  add_.run(placeOf(mailbox, number), envelope.id, keyClass, now, envelope.payload);
  box.position.last = number;
  box.position.envelopes += 1;
  box.position.bytes += envelope.payload.size();
  if (keyClass == KeyClass::kInvite) box.invited += 1;
  touch(mailbox, box);
  return Push::kStored;
}

AcknowledgeOutcome::Verdict Queues::acknowledge(std::int64_t mailbox, std::uint64_t upTo, WallTime now) {
  using Verdict = AcknowledgeOutcome::Verdict;
  State& box = state(mailbox);
  if (upTo > box.position.last) return Verdict::kNeverDelivered;
  if (upTo <= box.position.acknowledged) return Verdict::kOk;
  Rows rows = takeAway_.query(placeOf(mailbox, box.position.acknowledged + 1), placeOf(mailbox, upTo));
  while (rows.next()) {
    box.position.envelopes -= 1;
    box.position.bytes -= static_cast<std::uint64_t>(rows.integer(1));
    if (rows.as<KeyClass>(0) == KeyClass::kInvite) box.invited -= 1;
  }
  box.position.acknowledged = upTo;
  touch(mailbox, box);
  depart_.run(hourAfter(now), mailbox, upTo);
  return Verdict::kOk;
}

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

void Queues::trim() {
  if (states_.size() > kStatesInMemory) states_.clear();
}

std::vector<QueueItem> QueueReader::page(std::int64_t mailbox, std::uint64_t after, const PageLimits& limits) {
  std::vector<QueueItem> items;
  if (after >= kNumberMax) return items;
  std::size_t bytes = 0;
  Rows rows = read_.query(placeOf(mailbox, after + 1), endOf(mailbox), limits.items);
  while (rows.next()) {
    bytes += rows.blob(3).size();
    if (!items.empty() && bytes > limits.bytes) break;
    items.push_back(
        {numberOf(rows.integer(0)), QueuedEnvelope{rows.fixed<EnvelopeId>(1), rows.as<KeyClass>(2), rows.bytes(3)}});
  }
  return items;
}

}  // namespace waxwing::relay
