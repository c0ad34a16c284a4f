#include "outbox/streams.h"

#include "outbox/timeline.h"

namespace waxwing {

namespace {

std::string holeText(std::uint64_t first, std::uint64_t last) {
  const std::uint64_t count = last - first + 1;
  return count == 1 ? "1 item is missing here" : std::to_string(count) + " items are missing here";
}

}  // namespace

Result<void> Streams::note(Transaction& transaction, const AccountId& conversation, const Head& head,
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

  if (head.sequence <= mark->sequence || context_.streams.findAbove(key, head.sequence)) {
    return fail(Errc::kDuplicate, "content with this number was applied before");
  }
  if (head.sequence == mark->sequence + 1) {
    checkDigest(transaction, head.previousDigest, mark->digest);
    if (const auto hole = context_.streams.findHole(key, head.sequence)) {
      fillHole(transaction, conversation, key, *hole, head.sequence);
    }
    advance(transaction, key, {head.sequence, digest});
    return {};
  }
  const auto below = context_.streams.findAboveBelow(key, head.sequence);
  const std::uint64_t heldBelow = below ? below->sequence : mark->sequence;
  if (const auto hole = context_.streams.findHole(key, head.sequence)) {
    fillHole(transaction, conversation, key, *hole, head.sequence);
  } else if (heldBelow + 1 < head.sequence) {
    openHole(transaction, conversation, key, heldBelow + 1, head.sequence - 1);
  }
  if (below && heldBelow + 1 == head.sequence) checkDigest(transaction, head.previousDigest, below->digest);
  context_.streams.putAbove(transaction, key, {head.sequence, digest, head.previousDigest});
  return {};
}

void Streams::advance(Transaction& transaction, const Key& key, StreamTable::Mark mark) {
  while (const auto next = context_.streams.findAbove(key, mark.sequence + 1)) {
    checkDigest(transaction, next->previous, mark.digest);
    context_.streams.removeAbove(transaction, key, next->sequence);
    mark = {next->sequence, next->digest};
  }
  context_.streams.putMark(transaction, key, mark);
}

void Streams::openHole(Transaction& transaction, const AccountId& conversation, const Key& key, std::uint64_t first,
                       std::uint64_t last) {
  const std::int64_t position =
      addNote(context_, transaction, conversation, key.device, TimelineItem::Kind::kHole, holeText(first, last));
  context_.streams.putHole(transaction, key, {first, last, position});
}

void Streams::fillHole(Transaction& transaction, const AccountId& conversation, const Key& key,
                       const StreamTable::Hole& hole, std::uint64_t sequence) {
  context_.streams.removeHole(transaction, key, hole.first);
  const bool restBelow = hole.first < sequence;
  const bool restAbove = sequence < hole.last;
  if (restBelow) {
    context_.messages.putText(transaction, hole.message, holeText(hole.first, sequence - 1));
    context_.streams.putHole(transaction, key, {hole.first, sequence - 1, hole.message});
  }
  if (restAbove && restBelow) {
    openHole(transaction, conversation, key, sequence + 1, hole.last);
  } else if (restAbove) {
    context_.messages.putText(transaction, hole.message, holeText(sequence + 1, hole.last));
    context_.streams.putHole(transaction, key, {sequence + 1, hole.last, hole.message});
  }
  if (!restBelow && !restAbove) context_.messages.remove(transaction, hole.message);
  context_.events.add(event::ContactChanged{conversation});
}

void Streams::checkDigest(Transaction& transaction, const Hash& stated, const Hash& held) {
  if (stated == held) return;
  context_.refusals.add(transaction, {.at = context_.now(),
                                      .envelope = {},
                                      .code = Errc::kHeadMismatch,
                                      .reason = "a content does not name the digest of the one before it",
                                      .payload = {}});
}

}  // namespace waxwing
