@0xb6a0d1f4c2e35791;
# The account's device list and a device's published keys. Both are signed: on the wire and at rest they are
# `signature (64 bytes) ‖ message`, the message being one unpacked Cap'n Proto segment without a segment table, and those very
# bytes travel on. docs/protocol.md §1 and §2 are normative.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("waxwing::wire");

struct Manifest {
  # Signed by the account key, use "manifest". At most 8 KiB with its signature.

  account @0 :Data;
  # The account's Ed25519 public key, 32 bytes: the key that verifies this manifest.

  version @1 :UInt64;
  # max(previous + 1, issuedAt). The higher of two valid manifests is the newer.

  issuedAt @2 :UInt64;
  # Seconds since 1970-01-01 UTC, by the primary's clock.

  primary @3 :UInt8;
  # The device that holds the account's private key; listed in `devices`.

  relay @4 :Text;
  # The account's relay address: `host:port`, or `host:port#` and the base64url of its certificate's DER.

  devices @5 :List(Device);
  # 1 to 16, in ascending order of id, none of them retired.

  retired @6 :Data;
  # 16 bytes: device n is retired if bit n % 8 of byte n / 8 is set. Only grows.

  previousHash @7 :Data;
  # BLAKE2b-256 of the previous signed manifest (signature and message); 32 zero bytes in the first.

  struct Device {
    id @0 :UInt8;
    # 1..127, never reused.

    identityKey @1 :Data;
    # Curve25519, 32 bytes.

    signingKey @2 :Data;
    # Ed25519, 32 bytes.

    registrationId @3 :UInt32;
    # libsignal's: 1..16380.

    identityBinding @4 :Data;
    # XEdDSA signature by identityKey, use "bind-identity", over account ‖ id ‖ identityKey ‖ signingKey.

    signingBinding @5 :Data;
    # Ed25519 signature by signingKey, use "bind-signing", over the same.
  }
}

struct PublishedKeys {
  # Signed by the device's signing key, use "keys". At most 4 KiB with its signature. One-time keys travel beside it, unsigned.

  account @0 :Data;
  device @1 :UInt8;

  counter @2 :UInt64;
  # max(previous + 1, createdAt, the relay's counter + 1). A relay refuses one that is not higher than what it holds;
  # a sender ignores one that is lower than what it has seen.

  createdAt @3 :UInt64;
  # Seconds since 1970-01-01 UTC.

  signedPreKeyId @4 :UInt32;
  # 1..0xFFFFFE.

  signedPreKey @5 :Data;
  # Curve25519, 32 bytes.

  signedPreKeySignature @6 :Data;
  # libsignal's XEdDSA signature by the device identity key over 0x05 ‖ signedPreKey, 64 bytes, without our label.

  sealKeys @7 :List(SealKey);
  # 1 to 4, one per suite; all suites are signed at once, so that no relay can strip a newer one.

  struct SealKey {
    suite @0 :UInt8;
    id @1 :UInt32;
    key @2 :Data;
    # Suite 1: Curve25519, 32 bytes.
  }
}
