#include "outbox/compose.h"

#include <stdexcept>

namespace waxwing {

namespace {

// What the first encryption for a device fixes of the head; the rest stands in the message's row.
Bytes fixedPart(const Head& head) {
  ByteWriter writer;
  writer.raw(head.stream.view()).u64(head.sequence).raw(head.previousDigest.view());
  writer.raw(head.mark.stream.view()).u64(head.mark.sequence);
  writer.u64(head.myManifest.version).raw(head.myManifest.hash.view());
  writer.u64(head.yourManifest.version).raw(head.yourManifest.hash.view());
  return writer.take();
}

void applyFixedPart(Head& head, ByteView fixed) {
  ByteReader reader(fixed);
  head.stream = reader.fixed<StreamId>();
  head.sequence = reader.u64();
  head.previousDigest = reader.fixed<Hash>();
  head.mark.stream = reader.fixed<StreamId>();
  head.mark.sequence = reader.u64();
  head.myManifest.version = reader.u64();
  head.myManifest.hash = reader.fixed<Hash>();
  head.yourManifest.version = reader.u64();
  head.yourManifest.hash = reader.fixed<Hash>();
  if (!reader.atEnd()) throw StoreFailure(Errc::kDamaged, "a queued message's head is damaged");
}

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::logic_error("own content does not encode: " + result.error().message);
  return std::move(*result);
}

bool isText(const MessageTable::Row& row) { return row.kind == static_cast<std::uint8_t>(TimelineItem::Kind::kText); }

}  // namespace

Composer::Composed Composer::compose(Transaction& transaction, Draft draft) {
  MessageTable::Row row;
  row.conversation = draft.conversation;
  row.author = context_.selfAccount();
  row.device = context_.selfAddress().device;
  row.id = context_.random.fixed<MessageId>();
  row.kind = draft.kind;
  row.sentAt = context_.nextTime().value;
  row.arrivedAt = context_.now();
  row.mine = true;
  row.readHere = true;
  row.state = static_cast<std::uint8_t>(DeliveryState::kPending);
  if (isText(row)) {
    row.text = std::get<body::Text>(draft.body).text;
  } else {
    row.body = must(encodeBody(draft.body));
  }
  row.position = context_.messages.add(transaction, row);

  Content content{.head = {}, .body = std::move(draft.body)};
  for (const AccountId& account : draft.owedTo) owe(transaction, account, row, content);
  return {row.position, row.id};
}

void Composer::tellContact(Transaction& transaction, const AccountId& account, Body body) {
  compose(transaction, {.conversation = account, .body = std::move(body), .owedTo = {account}});
}

void Composer::tellSiblings(Transaction& transaction, const AccountId& conversation, Body body) {
  const AccountId& self = context_.selfAccount();
  if (context_.roster.devices(self, context_.selfAddress()).empty()) return;
  compose(transaction, {.conversation = conversation, .body = std::move(body), .owedTo = {self}});
}

void Composer::owe(Transaction& transaction, const AccountId& account, const MessageTable::Row& row, Content& content) {
  const bool toSelf = account == context_.selfAccount();
  const auto devices = context_.roster.devices(account, context_.selfAddress());
  if (devices.empty() && toSelf) return;
  context_.owing.insert(account);
  if (devices.empty()) return context_.deliveries.addWaiting(transaction, {account, row.position, DeviceId()});

  std::optional<Content> synced;
  if (toSelf && isText(row)) synced = contentFor(account, row);
  Content& written = synced ? *synced : content;
  const bool leaves = mayLeave(account, written.body);
  for (const DeviceAddress& device : devices) {
    const DeliveryTable::Key key{account, row.position, device.device};
    std::optional<DeliveryTable::Cipher> cipher;
    if (leaves && !context_.deliveries.hasWaiting(device)) {
      written.head.messageId = row.id;
      written.head.sentAt = HybridTime{row.sentAt};
      written.head.conversation = toSelf ? row.conversation : context_.selfAccount();
      cipher = encrypt(transaction, device, written, std::nullopt);
    }
    if (cipher) {
      context_.deliveries.addReady(transaction, key, *cipher);
    } else {
      context_.deliveries.addWaiting(transaction, key);
    }
  }
}

std::optional<DeliveryTable::Cipher> Composer::encrypt(Transaction& transaction, const DeviceAddress& device,
                                                       Content& content, const std::optional<Bytes>& fixedHead) {
  Head& head = content.head;
  head.from = context_.selfAddress();
  head.to = device;
  const auto peer = context_.devices.get(device);
  if (fixedHead) {
    applyFixedPart(head, *fixedHead);
    if (chain_.device == device && chain_.sequence + 1 == head.sequence) head.previousDigest = chain_.digest;
  } else {
    head.stream = context_.stream;
    head.sequence = peer.outSequence + 1;
    head.previousDigest = peer.outDigest;
    head.mark = {peer.inStream, peer.inMark};
    head.myManifest = context_.roster.ref(context_.selfAccount());
    head.yourManifest = context_.roster.ref(device.account);
  }
  const SecretBytes encoded = must(encode(content));
  auto encrypted = context_.ratchet.encrypt(transaction, device, encoded.view());
  if (!encrypted) return std::nullopt;
  chain_ = {device, head.sequence, digestOf(encoded.view())};
  if (head.sequence >= peer.outSequence) context_.devices.putOut(transaction, device, head.sequence, chain_.digest);
  return DeliveryTable::Cipher{.head = fixedPart(head),
                               .envelope = context_.random.fixed<EnvelopeId>(),
                               .kind = static_cast<std::uint8_t>(encrypted->kind),
                               .ciphertext = std::move(encrypted->ciphertext),
                               .anchor = encrypted->anchor,
                               .encryptedAt = context_.now()};
}

Content Composer::contentFor(const AccountId& account, const MessageTable::Row& row) {
  const bool toSelf = account == context_.selfAccount();
  Content content;
  content.head.messageId = row.id;
  content.head.sentAt = HybridTime{row.sentAt};
  content.head.conversation = toSelf ? row.conversation : context_.selfAccount();
  if (row.failed == static_cast<std::uint8_t>(FailedReason::kCancelled)) {
    content.head.conversation = context_.selfAccount();  // its number is spoken for; it carries nothing any more
  } else if (!isText(row)) {
    content.body = must(decodeBody(row.body.value().view()));
  } else if (toSelf) {
    content.body = body::SyncSent{toBytes(must(encodeBody(body::Text{row.text})).view())};
  } else {
    content.body = body::Text{row.text};
  }
  return content;
}

bool Composer::mayLeave(const AccountId& account, const Body& body) {
  if (context_.stopped != LinkState::Stop::kNone) return false;
  if (account == context_.selfAccount()) return true;
  const ContactState state = context_.contactState(account);
  if (state == ContactState::kAccepted) return true;
  return state == ContactState::kInvited && std::holds_alternative<body::ContactRequest>(body);
}

void Composer::fanOut(Transaction& transaction, const AccountId& account) {
  const DeviceAddress unknown{account, DeviceId()};
  const auto devices = context_.roster.devices(account, context_.selfAddress());
  if (devices.empty()) return;
  for (const std::int64_t message : context_.deliveries.waiting(unknown)) {
    context_.deliveries.remove(transaction, {account, message, DeviceId()});
    for (const auto& device : devices) context_.deliveries.addWaiting(transaction, {account, message, device.device});
  }
}

void Composer::addDevice(Transaction& transaction, const DeviceAddress& device) {
  for (const std::int64_t message : context_.deliveries.messages(device.account)) {
    const auto row = context_.messages.find(message);
    if (!row || row->state != static_cast<std::uint8_t>(DeliveryState::kPending)) continue;
    context_.deliveries.addWaiting(transaction, {device.account, message, device.device});
  }
}

bool Composer::encryptWaiting(Transaction& transaction, const DeviceAddress& device) {
  chain_ = {};
  std::size_t done = 0;
  for (const std::int64_t message : context_.deliveries.waiting(device)) {
    if (done++ == kMostPerStep) return true;
    const DeliveryTable::Key key{device.account, message, device.device};
    const auto row = context_.messages.find(message);
    if (!row) {
      context_.deliveries.remove(transaction, key);
      continue;
    }
    Content content = contentFor(device.account, *row);
    if (!mayLeave(device.account, content.body)) return true;
    const auto cipher = encrypt(transaction, device, content, context_.deliveries.findHead(key));
    if (!cipher) return false;
    context_.deliveries.putReady(transaction, key, *cipher);
  }
  return true;
}

void Composer::withdraw(Transaction& transaction, const DeviceAddress& device, std::int64_t message) {
  for (const std::int64_t later : context_.deliveries.messages(device)) {
    const DeliveryTable::Key key{device.account, later, device.device};
    if (later >= message && context_.deliveries.findStatus(key) == DeliveryTable::Status::kReady) {
      context_.deliveries.takeBack(transaction, key);
    }
  }
  encryptWaiting(transaction, device);
}

bool Composer::wantsSession(const DeviceAddress& device) {
  for (const std::int64_t message : context_.deliveries.waiting(device)) {
    const auto row = context_.messages.find(message);
    if (row) return mayLeave(device.account, contentFor(device.account, *row).body);
  }
  return false;
}

}  // namespace waxwing
