#include "outbox/apply.h"

#include "crypto/mutation.h"
#include "outbox/timeline.h"

namespace waxwing {

namespace {

using Order = Streams::Noted::Order;

// Of what a device said at two places. Its clock may have gone back between the two, its numbers do not.
bool isBefore(const LastWordTable::Place& one, const LastWordTable::Place& other, Order order) {
  if (one.stream == other.stream) return one.sequence < other.sequence;
  return order == Order::kLate && one.sentAt < other.sentAt;
}

}  // namespace

Result<void> Apply::apply(Transaction& transaction, const Content& content, const Streams::Noted& noted) {
  context_.sawTime(content.head.sentAt);
  noted_ = noted;
  return std::visit([&](const auto& body) { return on(transaction, content.head, body); }, content.body);
}

bool Apply::again(Transaction& transaction, const Content& content) {
  if (!std::holds_alternative<body::ContactRequest>(content.body)) return false;
  return parts_.contacts.onRequestAgain(transaction, content.head.from.account);
}

bool Apply::isOutdated(Transaction& transaction, Register which, const AccountId& subject, const Head& head) {
  const LastWordTable::Word word{static_cast<std::uint8_t>(which), subject, head.from};
  const LastWordTable::Place place{head.stream, head.sequence, head.sentAt.value};
  const auto last = context_.lastWords.find(word);
  if (last && isBefore(place, *last, noted_.order)) return true;
  context_.lastWords.put(transaction, word, place);
  return false;
}

bool Apply::addReceived(Transaction& transaction, const Head& head, MessageTable::Row row) {
  if (context_.messages.find(head.from.account, head.from.device, head.messageId)) return false;
  row.position = noted_.place;
  row.author = head.from.account;
  row.device = head.from.device;
  if (mutated(Mutation::kAttributeToPrimary) && !row.mine) {
    row.device = context_.roster.devices(row.author, context_.selfAddress()).front().device;
  }
  row.id = head.messageId;
  row.conversation = head.conversation;
  row.sentAt = head.sentAt.value;
  row.arrivedAt = context_.now();
  row.position = context_.messages.add(transaction, row);
  if (row.mine) parts_.receipts.applyEarly(transaction, row);
  const auto kept = row.mine ? context_.messages.find(row.position).value_or(std::move(row)) : std::move(row);
  context_.events.add(event::MessageArrived{kept.conversation, timelineItem(context_, kept)});
  return true;
}

Result<void> Apply::on(Transaction&, const Head&, const body::Empty&) { return {}; }

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::Text& body) {
  MessageTable::Row row;
  row.kind = static_cast<std::uint8_t>(TimelineItem::Kind::kText);
  row.text = body.text;
  if (addReceived(transaction, head, std::move(row))) {
    parts_.receipts.addDelivered(transaction, head.from.account, head.messageId);
  }
  return {};
}

template <typename Other>
Result<void> Apply::on(Transaction& transaction, const Head& head, const Other& other) {
  MessageTable::Row row;
  row.kind = static_cast<std::uint8_t>(TimelineItem::Kind::kUnsupported);
  if constexpr (std::is_same_v<Other, body::Unsupported>) {
    row.body = SecretBytes(other.content);
  } else {
    auto encoded = encodeBody(Body(other));
    if (!encoded) return tl::unexpected(encoded.error());
    row.body = std::move(*encoded);
  }
  addReceived(transaction, head, std::move(row));
  return {};
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::Receipt& body) {
  parts_.receipts.onReceipt(transaction, head.from.account, body);
  return {};
}

Result<void> Apply::on(Transaction&, const Head&, const body::Typing&) { return {}; }

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::Profile& body) {
  const bool says = !body.name.empty() || body.contactKey || body.relay;
  if (says && isOutdated(transaction, Register::kProfile, head.from.account, head)) return {};
  return parts_.contacts.onProfile(transaction, head, body);
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::ContactRequest& body) {
  if (!isOutdated(transaction, Register::kProfile, head.from.account, head)) {
    return parts_.contacts.onRequest(transaction, head, body);
  }
  return parts_.contacts.onRequest(transaction, head, {.profile = {}, .note = body.note, .inviteKey = body.inviteKey});
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::SyncSent& body) {
  const auto sent = decodeBody(body.body);
  if (!sent) return tl::unexpected(sent.error());
  MessageTable::Row row;
  row.mine = true;
  row.readHere = true;
  row.state = static_cast<std::uint8_t>(DeliveryState::kPending);
  if (const auto* text = std::get_if<body::Text>(&*sent)) {
    row.kind = static_cast<std::uint8_t>(TimelineItem::Kind::kText);
    row.text = text->text;
  } else {
    row.kind = static_cast<std::uint8_t>(TimelineItem::Kind::kUnsupported);
    row.body = SecretBytes(body.body);
  }
  addReceived(transaction, head, std::move(row));
  return {};
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::SyncRead& body) {
  for (const MessageRef& message : body.messages) {
    const auto row = context_.messages.find(message.author.account, message.author.device, message.id);
    if (!row || row->readHere || row->conversation != head.conversation) continue;
    context_.messages.markRead(transaction, row->position);
    context_.events.add(event::ContactChanged{head.conversation});
  }
  return {};
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::SyncContact& body) {
  if (isOutdated(transaction, Register::kContact, body.account, head)) return {};
  if (auto taken = parts_.contacts.onSync(transaction, head, body); !taken) return taken;
  // Where this device has not seen the conflict that was decided on the sibling there is nothing to settle.
  if (body.trustedManifest) (void)parts_.manifests.settle(transaction, body.account, *body.trustedManifest);
  return {};
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::SyncAccessKeys& body) {
  if (isOutdated(transaction, Register::kAccessKeys, head.from.account, head)) return {};
  return parts_.keys.take(transaction, body);
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::ResendRequest& body) {
  parts_.resends.onRequest(transaction, head.from, body);
  return {};
}

Result<void> Apply::on(Transaction& transaction, const Head& head, const body::Marks& body) {
  for (const StreamMark& end : body.ended) {
    parts_.streams.noteEnd(transaction, head.conversation, head.from, end);
  }
  for (const body::ResendRange& range : body.gone) parts_.streams.lose(transaction, head.from, range);
  parts_.resends.onMarks(transaction, head.from, body);
  return {};
}

}  // namespace waxwing
