#include "outbox/streams.h"

namespace waxwing {

using Order = Streams::Noted::Order;

Result<Streams::Noted> Streams::note(Transaction& transaction, const AccountId& conversation, const Head& head,
                                     const Hash& digest) {
  if (head.sequence == 0) return fail(Errc::kMalformed, "content is numbered from 1");
  const Key key{head.from, head.stream};
  auto mark = context_.streams.findMark(key);
  if (!mark) {
    // Numbers are counted for this device from 1, so that whatever precedes the first that is seen is missing.
    context_.devices.putInStream(transaction, head.from, head.stream);
    mark = StreamTable::Mark{};
    context_.streams.putMark(transaction, key, *mark);
  }

  const auto hole = context_.streams.findHole(key, head.sequence);
  const bool applied =
      head.sequence <= mark->sequence ? !hole : context_.streams.findAbove(key, head.sequence).has_value();
  if (applied) return fail(Errc::kDuplicate, "content with this number was applied before");
  if (head.sequence <= mark->sequence) {  // it was given up
    return Noted{holes_.fill(transaction, key, *hole, head.sequence), Order::kLate};
  }
  if (head.sequence > mark->sequence + 1)
    return noteAbove(transaction, conversation, key, head, digest, mark->sequence);
  checkDigest(transaction, head.previousDigest, *mark);
  Noted noted;
  if (hole) noted = {holes_.fill(transaction, key, *hole, head.sequence), Order::kLate};
  advance(transaction, key, {head.sequence, digest});
  return noted;
}

Streams::Noted Streams::noteAbove(Transaction& transaction, const AccountId& conversation, const Key& key,
                                  const Head& head, const Hash& digest, std::uint64_t mark) {
  Noted noted;
  const auto below = context_.streams.findAboveBelow(key, head.sequence);
  const std::uint64_t heldBelow = below ? below->sequence : mark;
  if (const auto hole = context_.streams.findHole(key, head.sequence)) {
    noted = {holes_.fill(transaction, key, *hole, head.sequence), Order::kLate};
  } else if (heldBelow + 1 < head.sequence) {
    holes_.open(transaction, conversation, key, heldBelow + 1, head.sequence - 1);
  }
  if (below && heldBelow + 1 == head.sequence) {
    checkDigest(transaction, head.previousDigest, {below->sequence, below->digest});
  }
  context_.streams.putAbove(transaction, key, {head.sequence, digest, head.previousDigest});
  return noted;
}

// Moves the mark over what was applied above it, and over what was given up.
void Streams::advance(Transaction& transaction, const Key& key, StreamTable::Mark mark) {
  for (;;) {
    if (const auto next = context_.streams.findAbove(key, mark.sequence + 1)) {
      checkDigest(transaction, next->previous, mark);
      context_.streams.removeAbove(transaction, key, next->sequence);
      mark = {next->sequence, next->digest};
      continue;
    }
    const auto hole = context_.streams.findHole(key, mark.sequence + 1);
    if (!hole || hole->fate != Hole::Fate::kLost) break;
    mark = {hole->last, Hash{}};
  }
  context_.streams.putMark(transaction, key, mark);
}

void Streams::noteEnd(Transaction& transaction, const AccountId& conversation, const DeviceAddress& device,
                      const StreamMark& end) {
  if (end.stream.isZero() || end.sequence > limits::kSequenceMax) return;
  const Key key{device, end.stream};
  const auto mark = context_.streams.findMark(key);
  if (!mark) context_.streams.putMark(transaction, key, {});
  const auto above = context_.streams.findAboveBelow(key, limits::kSequenceMax + 1);
  const std::uint64_t noted = std::max({mark ? mark->sequence : 0, above ? above->sequence : 0,  //
                                        context_.streams.endOfHoles(key)});
  if (noted < end.sequence) holes_.open(transaction, conversation, key, noted + 1, end.sequence);
}

void Streams::lose(Transaction& transaction, const DeviceAddress& device, const body::ResendRange& range) {
  const Key key{device, range.stream};
  const auto mark = context_.streams.findMark(key);
  if (!mark || range.to < range.from) return;
  holes_.lose(transaction, key, range.from, range.to);
  advance(transaction, key, *mark);
}

void Streams::loseAll(Transaction& transaction, const DeviceAddress& device) {
  for (const auto& held : context_.streams.held(device)) {
    lose(transaction, device, {held.stream, 1, held.highest});
  }
}

// After a number that was given up, no digest is known.
void Streams::checkDigest(Transaction& transaction, const Hash& stated, const StreamTable::Mark& held) {
  const bool unknown = held.sequence > 0 && held.digest.isZero();
  if (unknown || stated == held.digest) return;
  context_.refusals.add(transaction, {.at = context_.now(),
                                      .envelope = {},
                                      .code = Errc::kHeadMismatch,
                                      .reason = "a content does not name the digest of the one before it",
                                      .payload = {}});
}

}  // namespace waxwing
