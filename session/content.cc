#include "session/content.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "session/content_codec.h"

namespace waxwing {
namespace {

tl::unexpected<Error> malformed() { return fail(Errc::kMalformed, "content refused: its encoding"); }

// Runs `write` on the root of a message of at most limits::kContentBytes.
template <typename Root, typename Write>
Result<SecretBytes> build(Write write) {
  SegmentBuilder builder(limits::kContentBytes);
  try {
    write(builder.initRoot<Root>());
  } catch (const SegmentBuilder::Full&) {
    return fail(Errc::kTooLong, "the message is longer than 64 KiB");
  }
  return SecretBytes(builder.bytes());
}

// Runs `read` on the root and asks the decoder what it thought of it.
template <typename Root, typename Value, typename Read>
Result<Value> parse(ByteView bytes, Read read) {
  if (bytes.size() > limits::kContentBytes) return fail(Errc::kTooLong, "content refused: longer than 64 KiB");
  if (!isWholeSegment(bytes)) return malformed();
  try {
    SegmentReader reader(bytes);
    ContentDecoder decoder;
    Value value = read(decoder, reader.root<Root>());
    if (decoder.error()) return tl::unexpected(*decoder.error());
    return value;
  } catch (const kj::Exception&) {
    return malformed();
  } catch (const SegmentBuilder::Full&) {
    return malformed();
  }
}

bool isSync(const Body& body) {
  return std::holds_alternative<body::SyncSent>(body) || std::holds_alternative<body::SyncRead>(body) ||
         std::holds_alternative<body::SyncContact>(body) || std::holds_alternative<body::SyncAccessKeys>(body);
}

// Who may send a body, and what it is called in the refusal.
struct Permission {
  enum Senders : unsigned { kNone = 0, kOwn = 1, kAccepted = 2, kAsked = 4, kStranger = 8 };
  unsigned senders;
  const char* name;
};

struct PermissionOf {
  using P = Permission;
  Permission operator()(const body::Empty&) { return {P::kOwn | P::kAccepted, "an empty body"}; }
  Permission operator()(const body::Text&) { return {P::kAccepted, "a text"}; }
  Permission operator()(const body::Attachments&) { return {P::kAccepted, "attachments"}; }
  Permission operator()(const body::Edit&) { return {P::kAccepted, "an edit"}; }
  Permission operator()(const body::Delete&) { return {P::kAccepted, "a deletion"}; }
  Permission operator()(const body::Reaction&) { return {P::kAccepted, "a reaction"}; }
  Permission operator()(const body::Receipt&) { return {P::kAccepted, "a receipt"}; }
  Permission operator()(const body::Typing&) { return {P::kAccepted, "a typing notice"}; }
  // From one whom we have invited, it is what accepts us.
  Permission operator()(const body::Profile&) { return {P::kOwn | P::kAccepted | P::kAsked, "a profile"}; }
  // That the sender is a member is checked where the group is known.
  Permission operator()(const body::GroupChange&) { return {P::kAccepted, "a group change"}; }
  Permission operator()(const body::SenderKeyDistribution&) { return {P::kAccepted, "a sender key"}; }
  Permission operator()(const body::SyncSent&) { return {P::kOwn, "device sync"}; }
  Permission operator()(const body::SyncRead&) { return {P::kOwn, "device sync"}; }
  Permission operator()(const body::SyncContact&) { return {P::kOwn, "device sync"}; }
  Permission operator()(const body::SyncAccessKeys&) { return {P::kOwn, "device sync"}; }
  Permission operator()(const body::ResendRequest&) { return {P::kOwn | P::kAccepted, "a resend request"}; }
  Permission operator()(const body::Marks&) { return {P::kOwn | P::kAccepted, "marks"}; }
  Permission operator()(const body::ContactRequest&) {
    return {P::kAccepted | P::kAsked | P::kStranger, "a contact request"};
  }
  Permission operator()(const body::Unsupported&) { return {P::kOwn | P::kAccepted, "an unsupported body"}; }
};

unsigned senderBit(SenderStanding sender) {
  switch (sender) {
    case SenderStanding::kOwnDevice:
      return Permission::kOwn;
    case SenderStanding::kAccepted:
      return Permission::kAccepted;
    case SenderStanding::kRequested:
      return Permission::kAsked;
    case SenderStanding::kUnknown:
      return Permission::kStranger;
  }
  return Permission::kNone;
}

}  // namespace

HybridTime HybridTime::next(HybridTime last, WallTime now) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(now.ms, 0));
  return {std::max(last.value + 1, ms << 16)};
}

Result<SecretBytes> encode(const Content& content) {
  if (auto checked = checkLimits(content.body); !checked) return tl::unexpected(checked.error());
  return build<wire::Content>([&](wire::Content::Builder out) {
    encodeHead(content.head, out.initHead());
    encodeBody(content.body, out.initBody());
  });
}

Result<Content> decode(ByteView bytes) {
  return parse<wire::Content, Content>(bytes, [&](ContentDecoder& decoder, wire::Content::Reader in) {
    Content content;
    content.head = decoder.head(in.getHead());
    content.body = decoder.body(in.getBody(), bytes);
    return content;
  });
}

Result<SecretBytes> encodeBody(const Body& body) {
  if (auto checked = checkLimits(body); !checked) return tl::unexpected(checked.error());
  return build<wire::Body>([&](wire::Body::Builder out) { encodeBody(body, out); });
}

Result<Body> decodeBody(ByteView bytes) {
  return parse<wire::Body, Body>(
      bytes, [&](ContentDecoder& decoder, wire::Body::Reader in) { return decoder.body(in, bytes); });
}

Hash digestOf(ByteView content) { return blake2b(content); }

Result<void> checkPermission(const Body& body, SenderStanding sender) {
  const auto permission = std::visit(PermissionOf{}, body);
  if (permission.senders & senderBit(sender)) return {};
  return fail(Errc::kNotPermitted, std::string("not permitted from this sender: ") + permission.name);
}

Result<void> checkHead(const Head& head, const Body& body, const DeviceAddress& decryptedFrom,
                       const DeviceAddress& self) {
  if (head.from != decryptedFrom)
    return fail(Errc::kHeadMismatch, "the content names another sender than its session's");
  if (head.to != self) return fail(Errc::kHeadMismatch, "the content was written to another device");
  const bool namesPeer = head.from.account == self.account && isSync(body);
  if (!namesPeer && head.conversation != head.from.account) {
    return fail(Errc::kHeadMismatch, "the content names another conversation");
  }
  return {};
}

}  // namespace waxwing
