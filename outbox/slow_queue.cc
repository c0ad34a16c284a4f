#include "outbox/slow_queue.h"

#include <algorithm>

namespace waxwing {

Ratchet::Effort SlowQueue::effort(KeyClass keyClass) const {
  const bool within = spent_[indexOf(keyClass)] < limits::kWorkPerKeyClass;
  return within ? Ratchet::Effort::kLittle : Ratchet::Effort::kKnownChains;
}

Ratchet::Effort SlowQueue::effortAfterWaiting(KeyClass keyClass) const {
  return isExhausted(keyClass) ? Ratchet::Effort::kKnownChains : Ratchet::Effort::kFull;
}

// The clock may have jumped: it is the distance that counts.
bool SlowQueue::isExhausted(KeyClass keyClass) const {
  const Late& late = late_[indexOf(keyClass)];
  return late.work >= limits::kSlowWorkInVain && std::chrono::abs(context_.now() - late.since) < limits::kSlowWorkWithin;
}

void SlowQueue::charge(KeyClass keyClass, Ratchet::Effort effort, std::uint64_t workInVain) {
  spent_[indexOf(keyClass)] += workInVain;
  if (effort != Ratchet::Effort::kFull) return;
  Late& late = late_[indexOf(keyClass)];
  const WallTime now = context_.now();
  if (late.work == 0 || std::chrono::abs(now - late.since) >= limits::kSlowWorkWithin) late = {0, now};
  late.work += workInVain;
}

std::optional<SlowQueue::Rank> SlowQueue::rankOf(Errc code) {
  if (code == Errc::kOverBudget) return Rank::kNear;
  if (code == Errc::kCostly) return Rank::kFar;
  return std::nullopt;
}

bool SlowQueue::add(Transaction& transaction, const DeviceAddress& claimed, const IncomingEnvelope& incoming,
                    Rank rank) {
  if (!context_.slow.contains(incoming.payload)) {
    const auto fill = context_.slow.fill();
    if (fill.envelopes >= limits::kSlowQueueEnvelopes) return false;
    if (fill.bytes + incoming.payload.size() > limits::kSlowQueueBytes) return false;
  }
  take(transaction, claimed, incoming, rank);
  return true;
}

void SlowQueue::take(Transaction& transaction, const DeviceAddress& claimed, const IncomingEnvelope& incoming,
                     Rank rank) {
  context_.slow.add(transaction, claimed,
                    {.id = 0,
                     .envelope = incoming.id,
                     .keyClass = static_cast<std::uint8_t>(incoming.keyClass),
                     .rank = rank,
                     .attempts = 0,
                     .payload = incoming.payload});
  waits_ = true;
}

std::vector<SlowQueue::Row> SlowQueue::next() {
  auto rows = context_.slow.first(Rank::kNear, limits::kSlowEnvelopesPerTurn - 1);
  for (Row& row : context_.slow.first(Rank::kFar, limits::kSlowEnvelopesPerTurn - rows.size())) {
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return rows;
  const auto begun = std::ranges::find_if(rows, [](const Row& row) { return row.attempts > 0; });
  if (begun != rows.end()) rows = std::vector<Row>{std::move(*begun)};
  Step step(context_, CommitPoint::kReceive);
  for (const Row& row : rows) context_.slow.noteAttempt(step, row.id);
  step.commit();
  return rows;
}

void SlowQueue::remove(Transaction& transaction, const Row& row) { context_.slow.remove(transaction, row.id); }

}  // namespace waxwing
