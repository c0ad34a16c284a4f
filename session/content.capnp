@0xd94f2c61a7b80e35;
# The plaintext inside the ratchet. One unpacked segment without a segment table, at most 64 KiB; docs/protocol.md §4 is normative.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("waxwing::wire");

struct Content {
  head @0 :Head;
  body @1 :Body;
}

struct Address {
  account @0 :Data;
  device @1 :UInt8;
}

struct ManifestRef {
  # The newest manifest that someone holds; version 0 and an empty hash: none.
  version @0 :UInt64;
  hash @1 :Data;
}

struct Mark {
  # The highest number held without a hole of a stream; an empty stream: nothing held yet.
  stream @0 :Data;
  sequence @1 :UInt64;
}

struct Head {
  from @0 :Address;
  # Must be the address whose session decrypted this.

  to @1 :Address;
  # Must be the receiving device. Empty for sender-key content, which names `toGroup`.

  toGroup @2 :Data;

  messageId @3 :Data;
  # 16 random bytes, unique with `from`.

  conversation @4 :Data;
  # As the receiving account sees it. Direct: the other account's id. Own-device sync alone may name another peer.

  sentAt @5 :UInt64;
  # Hybrid logical clock: milliseconds since 1970-01-01 UTC in the upper 48 bits, a counter in the lower 16.

  stream @6 :Data;
  # 8 bytes: the sending device's run of numbers.

  sequence @7 :UInt64;
  # From 1, no holes, per (stream, receiving device); every content counts.

  previousDigest @8 :Data;
  # BLAKE2b-256 of the previous content's unpadded bytes in that count; 32 zero bytes for sequence 1.

  mark @9 :Mark;
  # What the sender holds of the receiving device's numbers.

  myManifest @10 :ManifestRef;
  yourManifest @11 :ManifestRef;
}

struct Body {
  # Members are only ever added. A body that this version does not know is kept and shown as unsupported.
  union {
    empty @0 :Void;
    text @1 :Text;
    # UTF-8, at most 32 KiB.
    attachments @2 :List(Attachment);
    edit @3 :Edit;
    delete @4 :Reference;
    reaction @5 :Reaction;
    receipt @6 :Receipt;
    typing @7 :Bool;
    profile @8 :Profile;
    groupChange @9 :Data;
    senderKeyDistribution @10 :Data;
    sync @11 :OwnSync;
    resendRequest @12 :ResendRequest;
    marks @13 :Marks;
    contactRequest @14 :ContactRequest;
  }
}

struct Reference {
  # A message, by its author's device and its id.
  author @0 :Address;
  messageId @1 :Data;
}

struct Attachment {
  location @0 :Text;
  key @1 :Data;
  digest @2 :Data;
  size @3 :UInt64;
  contentType @4 :Text;
  name @5 :Text;
}

struct Edit {
  target @0 :Reference;
  text @1 :Text;
}

struct Reaction {
  target @0 :Reference;
  emoji @1 :Text;
  # Empty: taken back.
}

struct Receipt {
  kind @0 :Kind;
  messages @1 :List(Data);
  # Message ids, at most 512, all written by the account that this is sent to.
  enum Kind {
    delivered @0;
    read @1;
  }
}

struct Profile {
  # What a contact may know. Empty members leave what is known unchanged; a wholly empty profile carries only its head.
  name @0 :Text;
  contactKey @1 :Data;
  # 32 bytes: the access key that submits to this account.
  relay @2 :Text;
  contactKeyMade @3 :UInt64;
  # Of that key, as in OwnSync.AccessKeys: one that was made earlier than what is known is not taken.
}

struct ContactRequest {
  profile @0 :Profile;
  note @1 :Text;
  # At most 1 KiB.
  inviteKey @2 :Data;
  # BLAKE2b-256 hash of the invite key that led here (its AccessKeyHash); never the key.
}

struct OwnSync {
  # To one's own devices only.
  union {
    sent @0 :Body;
    # What this device sent to `head.conversation`, with the same messageId; never a sync itself.
    read @1 :List(Reference);
    # Messages of `head.conversation` that the user has seen.
    contact @2 :Contact;
    accessKeys @3 :AccessKeys;
  }
  struct Contact {
    account @0 :Data;
    name @1 :Text;
    state @2 :UInt8;
    contactKey @3 :Data;
    relay @4 :Text;
    trustedManifest @5 :Data;
    # 32 bytes, set when the user settled an equivocation.
    contactKeyMade @6 :UInt64;
    # As in Profile.
  }
  struct AccessKeys {
    # The contact key with all that belongs to it, and the invite keys: of each, what was made last stands.
    contactKey @0 :Data;
    inviteKeys @1 :List(Data);
    formerContactKey @2 :Data;
    # 32 bytes, where the contact key before still opens; else none.
    replacedContactKey @3 :Data;
    # 32 bytes, the AccessKeyHash of the contact key before; none for an account's first.
    contactKeyMade @4 :UInt64;
    # ms since 1970 by its maker's clock, yet later than what it replaced; at most 2^62.
    inviteKeysMade @5 :UInt64;
    # Likewise, of the newest change to the list.
    pastContactKeys @6 :List(Data);
    # Contact keys before those, the newest first, that open what an invite key opens.
  }
}

struct ResendRequest {
  # What its sender lacks of what the receiver sent to it (docs/protocol.md §9).
  envelopes @0 :List(Data);
  # Ids of envelopes that it could not read.
  ranges @1 :List(Range);
  struct Range {
    stream @0 :Data;
    from @1 :UInt64;
    to @2 :UInt64;
    # Inclusive; 2^62: everything from there on.
  }
}

struct Marks {
  streams @0 :List(Stream);
  # All that its sender holds of the receiver's streams: of one that is not named, nothing. Empty: only `gone` is stated.
  gone @1 :List(ResendRequest.Range);
  # What can no longer be sent, of the sender's own streams.
  ended @2 :List(Mark);
  # Former streams of the sender's to the receiver, each with its last number: nothing follows there that would show
  # what of its end is missing.
  struct Stream {
    mark @0 :Mark;
    holes @1 :List(ResendRequest.Range);
    # What is missing above the mark; the last is open-ended.
  }
}
