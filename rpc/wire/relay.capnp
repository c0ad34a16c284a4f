@0xe1a7306bd5942cf8;
# The conversation between a device and a relay, over TLS 1.3. What you may do is what you hold: `Relay` is anonymous, a
# `Recipient` is made from an access key, a `Mailbox` from a login. Bundles, manifests and envelopes are `Data` here; session/ owns
# their schemas. Calls beyond a stated limit get an exception of type FAILED whose text names the limit; the connection lives on.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("waxwing::wire");

const protocolVersion :UInt16 = 1;

interface Relay {
  # The bootstrap capability.

  describe @0 () -> (info :Info, nonce :Data);
  # Success: what this relay is and grants, and 32 random bytes for one `login` or `register` on this connection within 30 s.
  # Each call draws a new nonce and voids the last. Idempotent but for the nonce.

  register @1 (manifest :Data, signature :Data, token :Text) -> (outcome :RegisterOutcome);
  # Registers the account of `manifest`, or brings a newer manifest of a registered one. `signature` is the account key's, use
  # "register", over nonce ‖ u16 length ‖ relay name ‖ manifest hash, the name being one that the relay goes by. `token` may be empty
  # where registration is open. Idempotent for the same manifest. Limit: 8 KiB manifest, 256 bytes of token.

  login @2 (account :Data, device :UInt8, anchor :Data, signature :Data) -> (outcome :LoginOutcome, mailbox :Mailbox);
  # `signature` is the device signing key's, use "login", over nonce ‖ u16 length ‖ relay name ‖ account ‖ device ‖ anchor.
  # Success: `ok`, and the device's mailbox; any earlier link of this device is told `replaced` and loses its mailbox.
  # Every other outcome: `mailbox` is null.

  recipient @3 (account :Data, accessKey :Data) -> (recipient :Recipient);
  # Always answers with a capability: whether account and key are right shows only in what that answers, and both
  # unknown and wrong answer `denied`, alike in size and time.
}

struct Info {
  protocolVersion @0 :UInt16;
  names @1 :List(Text);
  # The names this relay goes by; the dialled one must be among them.
  retentionSeconds @2 :UInt64;
  # 0: kept until acknowledged.
  envelopeBytes @3 :UInt32;
  batchEnvelopes @4 :UInt32;
  batchBytes @5 :UInt32;
  mailboxEnvelopes @6 :UInt64;
  mailboxBytes @7 :UInt64;
  registration @8 :Registration;
  enum Registration {
    open @0;
    token @1;
  }
}

enum RegisterOutcome {
  ok @0;
  tokenRefused @1;
  badSignature @2;
  badManifest @3;
  # Does not verify, names another relay, or un-retires a device.
  stale @4;
  # This relay holds a newer one, or another of the same version.
  busy @5;
  unknownNonce @6;
}

enum LoginOutcome {
  ok @0;
  notRegistered @1;
  notListed @2;
  # The newest manifest here does not list the device.
  retired @3;
  badSignature @4;
  busy @5;
  unknownNonce @6;
}

interface Recipient {
  # Submits to one account.

  manifest @0 () -> (outcome :AccessOutcome, manifest :Data);
  # The newest signed manifest that this relay holds.

  publishedKeys @1 (devices :List(UInt8)) -> (outcome :AccessOutcome, keys :List(Bundle));
  # The newest signed keys of each device that published any. No one-time key is handed out.

  preKeyBundles @2 (devices :List(UInt8)) -> (outcome :AccessOutcome, bundles :List(Bundle));
  # The same with at most one one-time key each, which is handed out never again. Beyond the budget a bundle comes without one.

  submit @3 (manifestVersion :UInt64, envelopes :List(Envelope)) -> SubmitResult;
  # Judged in one transaction, in this order: access key, manifest version, then for each item duplicate, then quota.
  # Idempotent by envelope id. Limit: 100 envelopes, 1 MiB, 128 KiB each.
}

enum AccessOutcome {
  ok @0;
  denied @1;
  busy @2;
}

struct Bundle {
  device @0 :UInt8;
  signedKeys @1 :Data;
  oneTimeKeyId @2 :UInt32;
  # 0: none.
  oneTimeKey @3 :Data;
}

struct Envelope {
  id @0 :Data;
  # 16 bytes.
  device @1 :UInt8;
  payload @2 :Data;
}

struct SubmitResult {
  union {
    items @0 :List(ItemOutcome);
    # One for each envelope, in order. Whatever is `accepted` is durable.
    denied @1 :Void;
    busy @2 :UInt32;
    # Try again after so many milliseconds; nothing was stored.
    staleManifest @3 :Data;
    # The newer signed manifest; nothing was stored.
  }
}

struct ItemOutcome {
  union {
    accepted @0 :Void;
    mailboxFull @1 :UInt32;
    # Try again after so many milliseconds.
    noSuchDevice @2 :Void;
  }
}

interface Mailbox {
  # One device's own queue, and what its account may change. Every call of a replaced link answers `replaced` or fails.

  attach @0 (sink :Sink) -> (acknowledged :UInt64, last :UInt64);
  # Begins delivery after the acknowledged position. `last` is the newest number given out. One sink per link.

  acknowledge @1 (upTo :UInt64) -> (outcome :MailboxOutcome);
  # Deletes everything up to and including `upTo`. Idempotent; a number never delivered is refused with FAILED.

  swapAnchor @2 (expected :Data, next :Data) -> (outcome :MailboxOutcome, current :Data);
  # Sets the anchor to `next` if it is `expected`. `mismatch`: it is `current`, unchanged. A new mailbox holds 32 zero bytes.

  publishKeys @3 (signed :Data, oneTime :List(OneTimeKey), replace :Replace) -> (outcome :MailboxOutcome, counter :UInt64);
  # `signed` as `PublishedKeys`. Refused as `stale` with the counter held here unless its counter is higher.
  # Limit: 100 one-time keys a call.

  keyStatus @4 () -> (outcome :MailboxOutcome, counter :UInt64, oneTimeKeys :UInt32);

  publishManifest @5 (manifest :Data) -> (outcome :MailboxOutcome);
  # A newer signed manifest of this account. A device that it retires loses mailbox, keys and link.

  setAccessKeys @6 (contact :List(Data), invites :List(Data)) -> (outcome :MailboxOutcome);
  # Replaces the hashes of all access keys. Limit: 2 contact keys (one is being replaced), 32 invite keys.

  submitToOwn @7 (manifestVersion :UInt64, envelopes :List(Envelope)) -> SubmitResult;
  # As `Recipient.submit`, to this account's other devices.

  ownManifest @8 () -> (outcome :MailboxOutcome, manifest :Data);

  ownBundles @9 (devices :List(UInt8)) -> (outcome :MailboxOutcome, bundles :List(Bundle));
  # As `Recipient.preKeyBundles`, of this account's other devices.

  ping @10 () -> ();

  setAside @11 (after :UInt64) -> (outcome :MailboxOutcome, items :List(Item));
  # Envelopes above `after` that were set aside because the device never got past them, in order of number; a gap stands in the queue
  # for each. Kept for 30 days. Empty: no more. Limit: 64 envelopes or 1 MiB an answer.
}

enum Replace {
  refill @0;
  all @1;
}

enum MailboxOutcome {
  ok @0;
  replaced @1;
  mismatch @2;
  stale @3;
  refused @4;
  # Does not verify.
  busy @5;
}

struct OneTimeKey {
  id @0 :UInt32;
  key @1 :Data;
}

interface Sink {
  # Lives in the client. No relay method waits for one of these calls.

  deliver @0 (attempts :UInt32, items :List(Item)) -> ();
  # `attempts`: how many links ended after the first item was taken over and before it was acknowledged. From 3 on that item comes by
  # itself; at 8 over a day it is set aside. In order of number. Returning means "taken over", not "acknowledged". At most 256 envelopes or 1 MiB are unacknowledged in flight.

  fence @1 () -> ();
  # Everything that waited at `attach` was delivered and acknowledged: up to date.

  closing @2 (reason :Reason) -> ();

  enum Reason {
    replaced @0;
    retired @1;
    draining @2;
  }
}

struct Item {
  number @0 :UInt64;
  union {
    envelope :group {
      id @1 :Data;
      keyClass @2 :KeyClass;
      payload @3 :Data;
    }
    gap :group {
      # Stands for the numbers from `number` to `last`.
      last @4 :UInt64;
      count @5 :UInt64;
      reason @6 :GapReason;
      firstAt @7 :Int64;
      lastAt @8 :Int64;
      # Milliseconds since 1970-01-01 UTC.
    }
  }
  enum KeyClass {
    contact @0;
    invite @1;
    own @2;
  }
  enum GapReason {
    expired @0;
    setAside @1;
    operator @2;
  }
}
