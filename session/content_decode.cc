#include "crypto/limits.h"
#include "crypto/text.h"
#include "session/content_codec.h"

namespace waxwing {
void ContentDecoder::refuse(Errc code, const char* what) {
  if (!error_) error_ = Error{code, std::string("content refused: ") + what};
}

capnp::uint ContentDecoder::count(capnp::uint size, std::size_t most) {
  if (size <= most) return size;
  refuse(Errc::kOverLimit, "too many items");
  return 0;
}

template <typename Fixed>
Fixed ContentDecoder::fixed(capnp::Data::Reader in) {
  bool ok = true;
  const auto value = readFixed<Fixed>(in, ok);
  if (!ok) refuse(Errc::kMalformed, "a field's size");
  return value;
}

template <typename Fixed>
std::vector<Fixed> ContentDecoder::fixedList(capnp::List<capnp::Data>::Reader in, std::size_t most) {
  std::vector<Fixed> values;
  for (capnp::uint i = 0; i < count(in.size(), most); ++i) values.push_back(fixed<Fixed>(in[i]));
  return values;
}

std::string ContentDecoder::text(capnp::Text::Reader in, std::size_t mostBytes) {
  const auto value = view(in);
  if (value.size() > mostBytes) {
    refuse(Errc::kTooLong, "a text is too long");
  } else if (!isUtf8(value)) {
    refuse(Errc::kNotUtf8, "a text is not UTF-8");
  } else {
    return std::string(value);
  }
  return {};
}

AccountId ContentDecoder::account(capnp::Data::Reader in) {
  const auto known = std::ranges::find_if(accounts_, [&](const AccountId& id) { return equal(id.view(), view(in)); });
  if (known != accounts_.end()) return *known;
  const auto parsed = AccountId::parse(view(in));
  if (!parsed) {
    refuse(Errc::kMalformed, "an account");
    return {};
  }
  return accounts_.emplace_back(*parsed);
}

DeviceAddress ContentDecoder::address(wire::Address::Reader in) {
  const auto device = DeviceId::parse(in.getDevice());
  if (!device) refuse(Errc::kMalformed, "a device");
  return {account(in.getAccount()), device.value_or(DeviceId{})};
}

StreamMark ContentDecoder::mark(wire::Mark::Reader in) {
  if (in.getStream().size() == 0 && in.getSequence() == 0) return {};
  if (in.getSequence() > limits::kSequenceMax) refuse(Errc::kMalformed, "a mark");
  return {fixed<StreamId>(in.getStream()), in.getSequence()};
}

ManifestRef ContentDecoder::manifestRef(wire::ManifestRef::Reader in) {
  if (in.getVersion() == 0 && in.getHash().size() == 0) return {};
  if (in.getVersion() == 0 || in.getVersion() > limits::kManifestVersionMax)
    refuse(Errc::kMalformed, "a manifest's version");
  return {in.getVersion(), fixed<Hash>(in.getHash())};
}

Head ContentDecoder::head(wire::Head::Reader in) {
  Head head;
  if (in.getToGroup().size() != 0) refuse(Errc::kHeadMismatch, "addressed to a group");
  head.from = address(in.getFrom());
  head.to = address(in.getTo());
  head.messageId = fixed<MessageId>(in.getMessageId());
  head.conversation = account(in.getConversation());
  head.sentAt = {in.getSentAt()};
  head.stream = fixed<StreamId>(in.getStream());
  head.sequence = in.getSequence();
  head.previousDigest = fixed<Hash>(in.getPreviousDigest());
  head.mark = mark(in.getMark());
  head.myManifest = manifestRef(in.getMyManifest());
  head.yourManifest = manifestRef(in.getYourManifest());
  if (head.sequence == 0 || head.sequence > limits::kSequenceMax) refuse(Errc::kMalformed, "its sequence");
  if (head.sequence == 1 && !head.previousDigest.isZero()) refuse(Errc::kMalformed, "a digest before the first");
  return head;
}

MessageRef ContentDecoder::reference(wire::Reference::Reader in) {
  return {address(in.getAuthor()), fixed<MessageId>(in.getMessageId())};
}

std::optional<AccessKey> ContentDecoder::accessKey(capnp::Data::Reader in) {
  if (in.size() == 0) return std::nullopt;
  auto key = AccessKey::from(view(in));
  if (!key) refuse(Errc::kMalformed, "an access key's size");
  return key;
}

std::vector<AccessKey> ContentDecoder::accessKeys(capnp::List<capnp::Data>::Reader in, std::size_t most) {
  std::vector<AccessKey> keys;
  for (capnp::uint i = 0; i < count(in.size(), most); ++i) {
    auto key = AccessKey::from(view(in[i]));
    if (!key) {
      refuse(Errc::kMalformed, "an access key's size");
      break;
    }
    keys.push_back(std::move(*key));
  }
  return keys;
}

std::uint64_t ContentDecoder::made(std::uint64_t when) {
  if (when > limits::kSequenceMax) refuse(Errc::kMalformed, "when a key was made");
  return when;
}

std::optional<RelayAddress> ContentDecoder::relay(capnp::Text::Reader in) {
  if (in.size() == 0) return std::nullopt;
  auto address = RelayAddress::parse(view(in));
  if (address) return std::move(*address);
  refuse(Errc::kMalformed, "a relay address");
  return std::nullopt;
}

body::ResendRange ContentDecoder::range(wire::ResendRequest::Range::Reader in) {
  if (in.getFrom() == 0 || in.getFrom() > in.getTo() || in.getTo() > limits::kSequenceMax)
    refuse(Errc::kMalformed, "a range");
  return {fixed<StreamId>(in.getStream()), in.getFrom(), in.getTo()};
}

std::vector<body::ResendRange> ContentDecoder::ranges(capnp::List<wire::ResendRequest::Range>::Reader in) {
  std::vector<body::ResendRange> all;
  for (capnp::uint i = 0; i < count(in.size(), limits::kItemsPerContent); ++i) all.push_back(range(in[i]));
  return all;
}

body::Attachments ContentDecoder::attachments(capnp::List<wire::Attachment>::Reader in) {
  body::Attachments all;
  for (capnp::uint i = 0; i < count(in.size(), limits::kAttachmentsPerContent); ++i) {
    body::Attachment attachment;
    attachment.location = text(in[i].getLocation(), limits::kAttachmentFieldBytes);
    attachment.key = toBytes(view(in[i].getKey()));
    attachment.digest = fixed<Hash>(in[i].getDigest());
    attachment.size = in[i].getSize();
    attachment.contentType = text(in[i].getContentType(), limits::kAttachmentFieldBytes);
    attachment.name = text(in[i].getName(), limits::kAttachmentFieldBytes);
    all.items.push_back(std::move(attachment));
  }
  return all;
}

body::Receipt ContentDecoder::receipt(wire::Receipt::Reader in) {
  const auto kind =
      in.getKind() == wire::Receipt::Kind::READ ? body::ReceiptKind::kRead : body::ReceiptKind::kDelivered;
  return {kind, fixedList<MessageId>(in.getMessages(), limits::kReceiptsPerContent)};
}

body::Profile ContentDecoder::profile(wire::Profile::Reader in) {
  return {text(in.getName(), limits::kNameBytes), accessKey(in.getContactKey()), relay(in.getRelay()),
          made(in.getContactKeyMade())};
}

body::SyncRead ContentDecoder::syncRead(capnp::List<wire::Reference>::Reader in) {
  body::SyncRead read;
  for (capnp::uint i = 0; i < count(in.size(), limits::kItemsPerContent); ++i)
    read.messages.push_back(reference(in[i]));
  return read;
}

body::SyncContact ContentDecoder::syncContact(wire::OwnSync::Contact::Reader in) {
  body::SyncContact contact;
  contact.account = account(in.getAccount());
  contact.name = text(in.getName(), limits::kNameBytes);
  contact.state = in.getState();
  contact.contactKey = accessKey(in.getContactKey());
  contact.relay = relay(in.getRelay());
  if (in.getTrustedManifest().size() != 0) contact.trustedManifest = fixed<Hash>(in.getTrustedManifest());
  contact.contactKeyMade = made(in.getContactKeyMade());
  return contact;
}

body::SyncAccessKeys ContentDecoder::syncAccessKeys(wire::OwnSync::AccessKeys::Reader in) {
  body::SyncAccessKeys keys;
  auto contactKey = accessKey(in.getContactKey());
  if (contactKey) {
    keys.contactKey = std::move(*contactKey);
  } else {
    refuse(Errc::kMalformed, "no contact key");
  }
  keys.inviteKeys = accessKeys(in.getInviteKeys(), limits::kInviteKeys);
  keys.formerContactKey = accessKey(in.getFormerContactKey());
  if (in.getReplacedContactKey().size() != 0) {
    keys.replacedContactKey = fixed<AccessKeyHash>(in.getReplacedContactKey());
  }
  keys.contactKeyMade = made(in.getContactKeyMade());
  keys.inviteKeysMade = made(in.getInviteKeysMade());
  keys.pastContactKeys = accessKeys(in.getPastContactKeys(), limits::kPastContactKeys);
  return keys;
}

body::SyncSent ContentDecoder::syncSent(wire::Body::Reader in) {
  // Asked first: what stands in each other to any depth would be copied once per level.
  if (in.isSync()) {
    refuse(Errc::kMalformed, "a sync of a sync");
    return {};
  }
  SegmentBuilder builder(limits::kContentBytes);
  builder.setRoot(in);
  body::SyncSent sent{toBytes(builder.bytes())};
  if (const auto inner = decodeBody(sent.body); !inner) refuse(inner.error().code, "what was sent");
  return sent;
}

Body ContentDecoder::sync(wire::OwnSync::Reader in, ByteView whole) {
  switch (in.which()) {
    case wire::OwnSync::SENT:
      return syncSent(in.getSent());
    case wire::OwnSync::READ:
      return syncRead(in.getRead());
    case wire::OwnSync::CONTACT:
      return syncContact(in.getContact());
    case wire::OwnSync::ACCESS_KEYS:
      return syncAccessKeys(in.getAccessKeys());
  }
  return body::Unsupported{static_cast<std::uint16_t>(wire::Body::SYNC), toBytes(whole)};
}

body::ResendRequest ContentDecoder::resendRequest(wire::ResendRequest::Reader in) {
  return {fixedList<EnvelopeId>(in.getEnvelopes(), limits::kItemsPerContent), ranges(in.getRanges())};
}

body::Marks ContentDecoder::marks(wire::Marks::Reader in) {
  body::Marks marks;
  const auto streams = in.getStreams();
  for (capnp::uint i = 0; i < count(streams.size(), limits::kItemsPerContent); ++i) {
    marks.streams.push_back({mark(streams[i].getMark()), ranges(streams[i].getHoles())});
  }
  marks.gone = ranges(in.getGone());
  const auto ended = in.getEnded();
  for (capnp::uint i = 0; i < count(ended.size(), limits::kFormerStreams); ++i) {
    marks.ended.push_back(mark(ended[i]));
  }
  return marks;
}

body::ContactRequest ContentDecoder::contactRequest(wire::ContactRequest::Reader in) {
  return {profile(in.getProfile()), text(in.getNote(), limits::kContactNoteBytes),
          fixed<AccessKeyHash>(in.getInviteKey())};
}

Body ContentDecoder::body(wire::Body::Reader in, ByteView whole) {
  switch (in.which()) {
    case wire::Body::EMPTY:
      return body::Empty{};
    case wire::Body::TEXT:
      return body::Text{text(in.getText(), limits::kTextBytes)};
    case wire::Body::ATTACHMENTS:
      return attachments(in.getAttachments());
    case wire::Body::EDIT:
      return body::Edit{reference(in.getEdit().getTarget()), text(in.getEdit().getText(), limits::kTextBytes)};
    case wire::Body::DELETE:
      return body::Delete{reference(in.getDelete())};
    case wire::Body::REACTION:
      return body::Reaction{reference(in.getReaction().getTarget()),
                            text(in.getReaction().getEmoji(), limits::kReactionBytes)};
    case wire::Body::RECEIPT:
      if (in.getReceipt().getKind() > wire::Receipt::Kind::READ) break;
      return receipt(in.getReceipt());
    case wire::Body::TYPING:
      return body::Typing{in.getTyping()};
    case wire::Body::PROFILE:
      return profile(in.getProfile());
    case wire::Body::GROUP_CHANGE:
      return body::GroupChange{toBytes(view(in.getGroupChange()))};
    case wire::Body::SENDER_KEY_DISTRIBUTION:
      return body::SenderKeyDistribution{toBytes(view(in.getSenderKeyDistribution()))};
    case wire::Body::SYNC:
      return sync(in.getSync(), whole);
    case wire::Body::RESEND_REQUEST:
      return resendRequest(in.getResendRequest());
    case wire::Body::MARKS:
      return marks(in.getMarks());
    case wire::Body::CONTACT_REQUEST:
      return contactRequest(in.getContactRequest());
  }
  return body::Unsupported{static_cast<std::uint16_t>(in.which()), toBytes(whole)};
}

}  // namespace waxwing
