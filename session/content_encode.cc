#include "crypto/limits.h"
#include "crypto/text.h"
#include "session/content_codec.h"

namespace waxwing {
namespace {

capnp::uint sizeOf(const auto& items) { return static_cast<capnp::uint>(items.size()); }

void put(const DeviceAddress& address, wire::Address::Builder out) {
  out.setAccount(blob(address.account.view()));
  out.setDevice(address.device.value());
}

void put(const StreamMark& mark, wire::Mark::Builder out) {
  if (mark.stream.isZero()) return;
  out.setStream(blob(mark.stream.view()));
  out.setSequence(mark.sequence);
}

void put(const ManifestRef& ref, wire::ManifestRef::Builder out) {
  if (ref.version == 0) return;
  out.setVersion(ref.version);
  out.setHash(blob(ref.hash.view()));
}

void put(const MessageRef& reference, wire::Reference::Builder out) {
  put(reference.author, out.initAuthor());
  out.setMessageId(blob(reference.id.view()));
}

void put(const std::vector<body::ResendRange>& ranges, capnp::List<wire::ResendRequest::Range>::Builder out) {
  for (capnp::uint i = 0; i < out.size(); ++i) {
    out[i].setStream(blob(ranges[i].stream.view()));
    out[i].setFrom(ranges[i].from);
    out[i].setTo(ranges[i].to);
  }
}

void put(const auto& blobs, capnp::List<capnp::Data>::Builder out) {
  for (capnp::uint i = 0; i < out.size(); ++i) out.set(i, blob(blobs[i].view()));
}

void put(const body::Profile& profile, wire::Profile::Builder out) {
  if (!profile.name.empty()) out.setName(whole(profile.name));
  if (profile.contactKey) out.setContactKey(blob(profile.contactKey->view()));
  if (profile.relay) out.setRelay(profile.relay->text());
  out.setContactKeyMade(profile.contactKeyMade);
}

// One overload per body; together they are the map from values to the schema's union.
struct BodyEncoder {
  wire::Body::Builder out;

  void operator()(const body::Empty&) { out.setEmpty(); }
  void operator()(const body::Text& body) { out.setText(whole(body.text)); }
  void operator()(const body::Attachments& body) {
    auto list = out.initAttachments(sizeOf(body.items));
    for (capnp::uint i = 0; i < list.size(); ++i) {
      const auto& item = body.items[i];
      list[i].setLocation(whole(item.location));
      list[i].setKey(blob(item.key));
      list[i].setDigest(blob(item.digest.view()));
      list[i].setSize(item.size);
      list[i].setContentType(whole(item.contentType));
      list[i].setName(whole(item.name));
    }
  }
  void operator()(const body::Edit& body) {
    auto edit = out.initEdit();
    put(body.target, edit.initTarget());
    edit.setText(whole(body.text));
  }
  void operator()(const body::Delete& body) { put(body.target, out.initDelete()); }
  void operator()(const body::Reaction& body) {
    auto reaction = out.initReaction();
    put(body.target, reaction.initTarget());
    reaction.setEmoji(whole(body.emoji));
  }
  void operator()(const body::Receipt& body) {
    auto receipt = out.initReceipt();
    receipt.setKind(body.kind == body::ReceiptKind::kRead ? wire::Receipt::Kind::READ : wire::Receipt::Kind::DELIVERED);
    put(body.messages, receipt.initMessages(sizeOf(body.messages)));
  }
  void operator()(const body::Typing& body) { out.setTyping(body.active); }
  void operator()(const body::Profile& body) { put(body, out.initProfile()); }
  void operator()(const body::GroupChange& body) { out.setGroupChange(blob(body.payload)); }
  void operator()(const body::SenderKeyDistribution& body) { out.setSenderKeyDistribution(blob(body.message)); }
  void operator()(const body::SyncSent& body) {
    SegmentReader reader(body.body);
    out.initSync().setSent(reader.root<wire::Body>());
  }
  void operator()(const body::SyncRead& body) {
    auto list = out.initSync().initRead(sizeOf(body.messages));
    for (capnp::uint i = 0; i < list.size(); ++i) put(body.messages[i], list[i]);
  }
  void operator()(const body::SyncContact& body) {
    auto contact = out.initSync().initContact();
    contact.setAccount(blob(body.account.view()));
    if (!body.name.empty()) contact.setName(whole(body.name));
    contact.setState(body.state);
    if (body.contactKey) contact.setContactKey(blob(body.contactKey->view()));
    if (body.relay) contact.setRelay(body.relay->text());
    if (body.trustedManifest) contact.setTrustedManifest(blob(body.trustedManifest->view()));
    contact.setContactKeyMade(body.contactKeyMade);
  }
  void operator()(const body::SyncAccessKeys& body) {
    auto keys = out.initSync().initAccessKeys();
    keys.setContactKey(blob(body.contactKey.view()));
    put(body.inviteKeys, keys.initInviteKeys(sizeOf(body.inviteKeys)));
    if (body.formerContactKey) keys.setFormerContactKey(blob(body.formerContactKey->view()));
    if (body.replacedContactKey) keys.setReplacedContactKey(blob(body.replacedContactKey->view()));
    keys.setContactKeyMade(body.contactKeyMade);
    keys.setInviteKeysMade(body.inviteKeysMade);
    put(body.pastContactKeys, keys.initPastContactKeys(sizeOf(body.pastContactKeys)));
  }
  void operator()(const body::ResendRequest& body) {
    auto request = out.initResendRequest();
    put(body.envelopes, request.initEnvelopes(sizeOf(body.envelopes)));
    put(body.ranges, request.initRanges(sizeOf(body.ranges)));
  }
  void operator()(const body::Marks& body) {
    auto marks = out.initMarks();
    auto streams = marks.initStreams(sizeOf(body.streams));
    for (capnp::uint i = 0; i < streams.size(); ++i) {
      put(body.streams[i].mark, streams[i].initMark());
      put(body.streams[i].holes, streams[i].initHoles(sizeOf(body.streams[i].holes)));
    }
    put(body.gone, marks.initGone(sizeOf(body.gone)));
    auto ended = marks.initEnded(sizeOf(body.ended));
    for (capnp::uint i = 0; i < ended.size(); ++i) put(body.ended[i], ended[i]);
  }
  void operator()(const body::ContactRequest& body) {
    auto request = out.initContactRequest();
    put(body.profile, request.initProfile());
    request.setNote(whole(body.note));
    request.setInviteKey(blob(body.inviteKey.view()));
  }
  void operator()(const body::Unsupported&) {}
};

Result<void> checkText(std::string_view text, std::size_t mostBytes) {
  if (text.size() > mostBytes) return fail(Errc::kTooLong, "the text is too long");
  if (!isUtf8(text)) return fail(Errc::kNotUtf8, "the text is not UTF-8");
  return {};
}

Result<void> checkCount(std::size_t count, std::size_t most) {
  if (count > most) return fail(Errc::kTooLong, "too many items for one message");
  return {};
}

struct LimitChecker {
  Result<void> operator()(const auto&) { return {}; }
  Result<void> operator()(const body::Text& body) { return checkText(body.text, limits::kTextBytes); }
  Result<void> operator()(const body::Edit& body) { return checkText(body.text, limits::kTextBytes); }
  Result<void> operator()(const body::Reaction& body) { return checkText(body.emoji, limits::kReactionBytes); }
  Result<void> operator()(const body::Receipt& body) {
    return checkCount(body.messages.size(), limits::kReceiptsPerContent);
  }
  Result<void> operator()(const body::Profile& body) { return checkText(body.name, limits::kNameBytes); }
  Result<void> operator()(const body::SyncRead& body) {
    return checkCount(body.messages.size(), limits::kItemsPerContent);
  }
  Result<void> operator()(const body::SyncContact& body) { return checkText(body.name, limits::kNameBytes); }
  Result<void> operator()(const body::SyncAccessKeys& body) {
    return checkCount(body.inviteKeys.size(), limits::kInviteKeys);
  }
  Result<void> operator()(const body::SyncSent& body) {
    if (const auto inner = decodeBody(body.body); !inner) return tl::unexpected(inner.error());
    if (SegmentReader(body.body).root<wire::Body>().isSync()) return fail(Errc::kInvalidArgument, "a sync of a sync");
    return {};
  }
  Result<void> operator()(const body::ResendRequest& body) {
    return checkCount(std::max(body.envelopes.size(), body.ranges.size()), limits::kItemsPerContent);
  }
  Result<void> operator()(const body::Marks& body) {
    std::size_t most = std::max(body.streams.size(), body.gone.size());
    for (const auto& stream : body.streams) most = std::max(most, stream.holes.size());
    if (auto ended = checkCount(body.ended.size(), limits::kFormerStreams); !ended) return ended;
    return checkCount(most, limits::kItemsPerContent);
  }
  Result<void> operator()(const body::ContactRequest& body) {
    if (auto note = checkText(body.note, limits::kContactNoteBytes); !note) return note;
    return checkText(body.profile.name, limits::kNameBytes);
  }
  Result<void> operator()(const body::Attachments& body) {
    for (const auto& item : body.items) {
      for (const auto& text : {item.location, item.contentType, item.name}) {
        if (auto checked = checkText(text, limits::kAttachmentFieldBytes); !checked) return checked;
      }
    }
    return checkCount(body.items.size(), limits::kAttachmentsPerContent);
  }
  Result<void> operator()(const body::Unsupported&) {
    return fail(Errc::kInvalidArgument, "a body that this version does not know cannot be sent");
  }
};

}  // namespace

void encodeHead(const Head& head, wire::Head::Builder out) {
  put(head.from, out.initFrom());
  put(head.to, out.initTo());
  out.setMessageId(blob(head.messageId.view()));
  out.setConversation(blob(head.conversation.view()));
  out.setSentAt(head.sentAt.value);
  out.setStream(blob(head.stream.view()));
  out.setSequence(head.sequence);
  out.setPreviousDigest(blob(head.previousDigest.view()));
  put(head.mark, out.initMark());
  put(head.myManifest, out.initMyManifest());
  put(head.yourManifest, out.initYourManifest());
}

void encodeBody(const Body& body, wire::Body::Builder out) { std::visit(BodyEncoder{out}, body); }

Result<void> checkLimits(const Body& body) { return std::visit(LimitChecker{}, body); }

}  // namespace waxwing
