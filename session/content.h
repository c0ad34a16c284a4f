#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/limits.h"
#include "crypto/ports.h"
#include "crypto/secret.h"
#include "session/access_key.h"
#include "session/manifest.h"

// The plaintext inside the ratchet as values: session/content.capnp with its encoding taken off (docs/protocol.md §4).
namespace waxwing {

// Hybrid logical clock: milliseconds since 1970-01-01 UTC in the upper 48 bits, a counter in the lower 16.
struct HybridTime {
  std::uint64_t value = 0;

  WallTime wall() const { return {static_cast<std::int64_t>(value >> 16)}; }
  // The next reading after `last` at wall time `now`: never behind either, never equal to `last`.
  static HybridTime next(HybridTime last, WallTime now);
  auto operator<=>(const HybridTime&) const = default;
};

struct StreamMark {
  StreamId stream;  // zero: nothing held yet
  std::uint64_t sequence = 0;
  auto operator<=>(const StreamMark&) const = default;
};

struct Head {
  DeviceAddress from;
  DeviceAddress to;
  MessageId messageId;
  AccountId conversation;
  HybridTime sentAt;
  StreamId stream;
  std::uint64_t sequence = 0;
  Hash previousDigest;
  StreamMark mark;
  ManifestRef myManifest;
  ManifestRef yourManifest;
};

struct MessageRef {
  DeviceAddress author;
  MessageId id;
  auto operator<=>(const MessageRef&) const = default;
};

namespace body {

struct Text {
  std::string text;
};
struct Attachment {
  std::string location;
  Bytes key;
  Hash digest;
  std::uint64_t size = 0;
  std::string contentType;
  std::string name;
};
struct Attachments {
  std::vector<Attachment> items;
};
struct Edit {
  MessageRef target;
  std::string text;
};
struct Delete {
  MessageRef target;
};
struct Reaction {
  MessageRef target;
  std::string emoji;
};
enum class ReceiptKind : std::uint8_t { kDelivered = 0, kRead = 1 };
struct Receipt {
  ReceiptKind kind = ReceiptKind::kDelivered;
  std::vector<MessageId> messages;
};
struct Typing {
  bool active = false;
};
struct Profile {
  std::string name;                     // empty: unchanged
  std::optional<AccessKey> contactKey;  // secret
  std::optional<RelayAddress> relay;
  std::uint64_t contactKeyMade = 0;  // as in SyncAccessKeys
};
struct GroupChange {
  Bytes payload;
};
struct SenderKeyDistribution {
  Bytes message;
};
struct ResendRange {
  static constexpr std::uint64_t kOpenEnd = limits::kSequenceMax;  // as `to`: everything from there on

  StreamId stream;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
struct ResendRequest {
  std::vector<EnvelopeId> envelopes;
  std::vector<ResendRange> ranges;
};
struct Marks {
  struct Stream {
    StreamMark mark;
    std::vector<ResendRange> holes;
  };
  std::vector<Stream> streams;
  std::vector<ResendRange> gone;
  std::vector<StreamMark> ended;  // of former streams of the sender's, the last numbers
};
struct ContactRequest {
  Profile profile;
  std::string note;
  AccessKeyHash inviteKey;
};
// A body of one's own device to its siblings.
struct SyncSent {
  Bytes body;  // an encoded Body message, see `decodeBody`: one that decodes, and no sync itself
};
struct SyncRead {
  std::vector<MessageRef> messages;
};
struct SyncContact {
  AccountId account;
  std::string name;
  std::uint8_t state = 0;  // outbox/contacts.h: ContactState
  std::optional<AccessKey> contactKey;
  std::optional<RelayAddress> relay;
  std::optional<Hash> trustedManifest;
  std::uint64_t contactKeyMade = 0;  // as in SyncAccessKeys
};
// The contact key with all that belongs to it, and the invite keys: of each, what was made last stands
// (docs/protocol.md §7). Times are ms since 1970 by the maker's clock, yet later than what was replaced; at most
// limits::kSequenceMax.
struct SyncAccessKeys {
  AccessKey contactKey;
  std::optional<AccessKey> formerContactKey;        // still opens
  std::optional<AccessKeyHash> replacedContactKey;  // the one before; none: the account's first
  std::uint64_t contactKeyMade = 0;
  std::vector<AccessKey> inviteKeys;
  std::uint64_t inviteKeysMade = 0;
  std::vector<AccessKey> pastContactKeys;  // the newest first; they open what an invite key opens
};
// From a newer version: kept as it came and shown as "unsupported".
struct Unsupported {
  std::uint16_t number = 0;
  Bytes content;
};
struct Empty {};

}  // namespace body

using Body = std::variant<body::Empty, body::Text, body::Attachments, body::Edit, body::Delete, body::Reaction,
                          body::Receipt, body::Typing, body::Profile, body::GroupChange, body::SenderKeyDistribution,
                          body::SyncSent, body::SyncRead, body::SyncContact, body::SyncAccessKeys, body::ResendRequest,
                          body::Marks, body::ContactRequest, body::Unsupported>;

struct Content {
  Head head;
  Body body;
};

// The content's bytes, unpadded: what the digest covers and what the cipher's padding wraps.
// kTooLong over any limit (text 32 KiB, content 64 KiB, note 1 KiB, 512 receipts), kNotUtf8.
Result<SecretBytes> encode(const Content& content);
// kMalformed for hostile or truncated encodings, the codes above for limits. Never trusts a length. A body unknown
// here: Unsupported.
Result<Content> decode(ByteView bytes);

// A body alone, without a head: what waits in the database until its sequence is fixed, and SyncSent's payload.
Result<SecretBytes> encodeBody(const Body& body);
Result<Body> decodeBody(ByteView bytes);

// BLAKE2b-256 of the unpadded content bytes.
Hash digestOf(ByteView content);

// How the receiving device sees the sender.
enum class SenderStanding {
  kOwnDevice,
  kAccepted,
  kRequested,  // a stranger whose request waits, or whom we asked and who has not accepted yet
  kUnknown,
};
// Who may send which body (docs/protocol.md §4). kNotPermitted, naming the body's kind.
Result<void> checkPermission(const Body& body, SenderStanding sender);
// `from` is the address whose session decrypted it, `to` is this device, and `conversation` follows from them
// (own-device sync alone may name another peer). kHeadMismatch.
Result<void> checkHead(const Head& head, const Body& body, const DeviceAddress& decryptedFrom,
                       const DeviceAddress& self);

}  // namespace waxwing
