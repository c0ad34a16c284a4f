#include "store/relay/key_shelf.h"

#include "crypto/mutation.h"

namespace waxwing::relay {

KeyStatus KeyShelf::status(std::int64_t mailbox) {
  Rows rows = readStatus_.query(mailbox);
  if (!rows.next()) return {};
  return {static_cast<std::uint64_t>(rows.integer(0)), static_cast<std::uint32_t>(rows.integer(1))};
}

Bytes KeyShelf::findSigned(std::int64_t mailbox) {
  Rows rows = readSigned_.query(mailbox);
  return rows.next() ? rows.bytes(0) : Bytes();
}

PublishKeysOutcome KeyShelf::publish(std::int64_t mailbox, const PublishKeys& keys) {
  using Verdict = PublishKeysOutcome::Verdict;
  const KeyStatus held = status(mailbox);
  if (keys.counter <= held.counter) return {Verdict::kStale, held.counter};
  const std::size_t stays = keys.mode == PublishKeys::Mode::kRefill ? held.oneTimeKeys : 0;
  const bool isOver =
      keys.oneTime.size() > limits_.oneTimeKeysPerCall || stays + keys.oneTime.size() > limits_.oneTimeKeysHeld;
  if (isOver) return {Verdict::kOverLimit, held.counter};
  if (keys.mode == PublishKeys::Mode::kReplaceAll) removeOneTime_.run(mailbox);
  const std::size_t count = stays + add(mailbox, keys.oneTime);
  publish_.run(mailbox, keys.counter, count, keys.signedKeys);
  return {Verdict::kOk, keys.counter};
}

std::uint32_t KeyShelf::add(std::int64_t mailbox, const std::vector<OneTimeKey>& keys) {
  std::uint32_t added = 0;
  for (const auto& key : keys) {
    add_.run(mailbox, key.id, key.key);
    added += static_cast<std::uint32_t>(db_.changes());
  }
  return added;
}

std::optional<OneTimeKey> KeyShelf::takeOneTime(std::int64_t mailbox) {
  std::optional<OneTimeKey> taken;
  {
    Rows rows = take_.query(mailbox);
    if (!rows.next()) return std::nullopt;
    taken = OneTimeKey{static_cast<std::uint32_t>(rows.integer(0)), rows.fixed<CurveKey>(1)};
    while (rows.next()) {
    }
  }
  if (mutated(Mutation::kOneTimeKeyTwice)) add_.run(mailbox, taken->id, taken->key);
  countDown_.run(mailbox);
  return taken;
}

void KeyShelf::remove(std::int64_t mailbox) {
  removeOneTime_.run(mailbox);
  removeSigned_.run(mailbox);
}

}  // namespace waxwing::relay
