#include "outbox/compose.h"

#include <stdexcept>

#include "crypto/mutation.h"

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

DeliveryTable::Cipher cipherOf(Ratchet::Encrypted encrypted, Bytes head, const EnvelopeId& envelope, WallTime now) {
  return {.head = std::move(head),
          .envelope = envelope,
          .kind = static_cast<std::uint8_t>(encrypted.kind),
          .ciphertext = std::move(encrypted.ciphertext),
          .anchor = encrypted.anchor,
          .encryptedAt = now};
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
  // What is meant for one device is not spread to those that come later.
  row.state = static_cast<std::uint8_t>(draft.only == DeviceId() ? DeliveryState::kPending : DeliveryState::kSent);
  if (isText(row)) {
    row.text = std::get<body::Text>(draft.body).text;
  } else {
    row.body = must(encodeBody(draft.body));
  }
  row.position = context_.messages.add(transaction, row);

  Content content{.head = {}, .body = std::move(draft.body)};
  for (const AccountId& account : draft.owedTo) owe(transaction, account, draft.only, row, content);
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

std::int64_t Composer::tellDevice(Transaction& transaction, const DeviceAddress& device, Body body) {
  return compose(transaction, {.conversation = device.account,
                               .body = std::move(body),
                               .owedTo = {device.account},
                               .only = device.device})
      .position;
}

void Composer::resend(Transaction& transaction, const DeviceAddress& device,
                      const std::vector<SentTable::Row>& contents) {
  if (contents.empty()) return;
  // Behind texts that may not leave yet a contact request would wait for its own answer.
  const bool mustWait =
      context_.deliveries.hasWaiting(device) && context_.contactState(device.account) != ContactState::kInvited;
  for (const SentTable::Row& content : contents) {
    MessageTable::Row carrier;
    carrier.conversation = device.account;
    carrier.author = context_.selfAccount();
    carrier.device = context_.selfAddress().device;
    carrier.id = context_.random.fixed<MessageId>();
    carrier.sentAt = context_.nextTime().value;
    carrier.arrivedAt = context_.now();
    carrier.mine = true;
    carrier.readHere = true;
    carrier.state = static_cast<std::uint8_t>(DeliveryState::kSent);
    carrier.position = context_.messages.add(transaction, carrier);
    context_.deliveries.addResend(transaction, {device.account, carrier.position, device.device}, content.id);
    context_.sent.putResent(transaction, content.id, carrier.position, context_.now());
  }
  context_.owing.insert(device.account);
  if (!mustWait) encryptWaiting(transaction, device);
}

std::vector<DeviceAddress> Composer::devicesOf(const AccountId& account, DeviceId only) {
  auto devices = context_.roster.devices(account, context_.selfAddress());
  if (only != DeviceId()) std::erase_if(devices, [&](const DeviceAddress& device) { return device.device != only; });
  return devices;
}

void Composer::owe(Transaction& transaction, const AccountId& account, DeviceId only, const MessageTable::Row& row,
                   Content& content) {
  const bool toSelf = account == context_.selfAccount();
  const auto devices = devicesOf(account, only);
  if (devices.empty() && toSelf) return;
  if (toSelf && isText(row) && mutated(Mutation::kForgetSibling)) return;
  context_.owing.insert(account);
  if (devices.empty()) return context_.deliveries.addWaiting(transaction, {account, row.position, only});

  std::optional<Content> synced;
  if (toSelf && isText(row)) synced = contentFor(account, row);
  Content& written = synced ? *synced : content;
  const bool leaves = mayLeave(account, written.body);
  for (const DeviceAddress& device : devices) {
    if (mutated(Mutation::kForgetDevice) && !(device == devices.front())) continue;
    const DeliveryTable::Key key{account, row.position, device.device};
    std::optional<DeliveryTable::Cipher> cipher;
    if (leaves && !context_.deliveries.hasWaiting(device)) {
      written.head.messageId = row.id;
      written.head.sentAt = HybridTime{row.sentAt};
      written.head.conversation = toSelf ? row.conversation : context_.selfAccount();
      cipher = encrypt(transaction, key, written, std::nullopt);
    }
    if (cipher) {
      context_.deliveries.addReady(transaction, key, *cipher);
    } else {
      context_.deliveries.addWaiting(transaction, key);
    }
  }
}

std::optional<DeliveryTable::Cipher> Composer::encrypt(Transaction& transaction, const DeliveryTable::Key& key,
                                                       Content& content, const std::optional<Bytes>& fixedHead) {
  const DeviceAddress device{key.account, key.device};
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
  const EnvelopeId envelope = context_.random.fixed<EnvelopeId>();
  keep(transaction, key, head, envelope, encoded.view());
  return cipherOf(std::move(*encrypted), fixedPart(head), envelope, context_.now());
}

void Composer::keep(Transaction& transaction, const DeliveryTable::Key& key, const Head& head,
                    const EnvelopeId& envelope, ByteView content) {
  context_.sent.put(transaction, {head.to, head.stream, head.sequence}, envelope, key.message, context_.now(), content);
  const auto [count, bytes] = context_.devices.addSent(transaction, head.to, content.size());
  if (count <= limits::kSentPerDevice && bytes <= limits::kSentBytesPerDevice) return;
  context_.sent.removeOldest(transaction, head.to, count / 16 + 1);
  context_.devices.countSent(transaction, head.to);
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
    if (!row) continue;
    // A text's state is what its contact has of it: what own devices have of it, only the deliveries know.
    const bool owedToSiblings = isText(*row) && device.account == context_.selfAccount();
    if (row->state != static_cast<std::uint8_t>(DeliveryState::kPending) && !owedToSiblings) continue;
    context_.deliveries.addWaiting(transaction, {device.account, message, device.device});
  }
}

bool Composer::encryptWaiting(Transaction& transaction, const DeviceAddress& device) {
  chain_ = {};
  std::size_t done = 0;
  for (const std::int64_t message : context_.deliveries.waiting(device)) {
    if (done == kMostPerStep) return true;
    const DeliveryTable::Key key{device.account, message, device.device};
    switch (const auto resend = context_.deliveries.findResend(key);
            resend ? encryptResend(transaction, key, *resend) : encryptFirst(transaction, key)) {
      case Waited::kDone:
        ++done;
        break;
      case Waited::kMayNotLeave:  // a contact request behind it may
        break;
      case Waited::kNoSession:
        return false;
    }
  }
  return true;
}

Composer::Waited Composer::encryptFirst(Transaction& transaction, const DeliveryTable::Key& key) {
  const auto row = context_.messages.find(key.message);
  if (!row) {
    context_.deliveries.remove(transaction, key);
    return Waited::kDone;
  }
  Content content = contentFor(key.account, *row);
  if (!mayLeave(key.account, content.body)) return Waited::kMayNotLeave;
  const auto cipher = encrypt(transaction, key, content, context_.deliveries.findHead(key));
  if (!cipher) return Waited::kNoSession;
  context_.deliveries.putReady(transaction, key, *cipher);
  return Waited::kDone;
}

Composer::Waited Composer::encryptResend(Transaction& transaction, const DeliveryTable::Key& key, std::int64_t sent) {
  const auto content = context_.sent.findContent(sent);
  if (!content) {  // it was not kept any longer
    context_.deliveries.remove(transaction, key);
    context_.messages.remove(transaction, key.message);
    return Waited::kDone;
  }
  auto encrypted = context_.ratchet.encrypt(transaction, {key.account, key.device}, content->view());
  if (!encrypted) return Waited::kNoSession;
  const EnvelopeId envelope = context_.random.fixed<EnvelopeId>();
  context_.sent.putEnvelope(transaction, sent, envelope);
  context_.deliveries.putReady(transaction, key, cipherOf(std::move(*encrypted), {}, envelope, context_.now()));
  return Waited::kDone;
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
    if (!row) continue;
    const bool again = context_.deliveries.findResend({device.account, message, device.device}).has_value();
    if (again || mayLeave(device.account, contentFor(device.account, *row).body)) return true;
  }
  return false;
}

}  // namespace waxwing
