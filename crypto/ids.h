#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "crypto/bytes.h"
#include "crypto/error.h"

namespace waxwing {

struct HashTag;
struct EnvelopeIdTag;
struct MessageIdTag;
struct StreamIdTag;
struct AnchorTag;
struct NonceTag;
struct AccessKeyHashTag;
struct CurveKeyTag;
struct SigningKeyTag;
struct SignatureTag;

// BLAKE2b-256, the one hash of our own layouts.
using Hash = FixedBytes<32, HashTag>;
// Chosen once per envelope and kept over every resubmission.
using EnvelopeId = FixedBytes<16, EnvelopeIdTag>;
// Unique together with the sending device.
using MessageId = FixedBytes<16, MessageIdTag>;
// One sending device's run of numbered content.
using StreamId = FixedBytes<8, StreamIdTag>;
// Written with every encrypting transaction; tells the newest copy of a database from an old one.
using Anchor = FixedBytes<32, AnchorTag>;
// The relay's challenge, single use.
using Nonce = FixedBytes<32, NonceTag>;
// What a relay keeps of an access key: BLAKE2b-256 over "waxwing access-key v1" ‖ 0 ‖ key.
using AccessKeyHash = FixedBytes<32, AccessKeyHashTag>;
// A Curve25519 (Montgomery u) public key, 32 bytes, without libsignal's 0x05 type byte.
using CurveKey = FixedBytes<32, CurveKeyTag>;
// An Ed25519 public key.
using SigningKey = FixedBytes<32, SigningKeyTag>;
// An Ed25519 or XEdDSA signature. Malleable: never an identifier.
using Signature = FixedBytes<64, SignatureTag>;

// An account is its Ed25519 public key. An AccountId other than the default (all zero, "nobody") has passed `parse`.
class AccountId {
 public:
  static constexpr std::size_t kSize = 32;

  AccountId() = default;

  // kBadKey unless `bytes` is a canonical Ed25519 point of the prime-order group.
  static Result<AccountId> parse(ByteView bytes);
  // For bytes that were parsed before they were stored. Throws std::logic_error if `bytes` is not 32 long.
  static AccountId fromTrusted(ByteView bytes);

  ByteView view() const { return key_.view(); }
  const SigningKey& key() const { return key_; }
  bool isNobody() const { return key_.isZero(); }
  // Lower-case hex: libsignal's address name and fingerprint identifier.
  std::string hex() const;
  // base64url: what people and scripts see.
  std::string text() const;

  auto operator<=>(const AccountId&) const = default;

 private:
  SigningKey key_;
};

// 1..127, never reused within an account. The default (0) is "no device" and never leaves this process.
class DeviceId {
 public:
  static constexpr std::uint8_t kMax = 127;

  DeviceId() = default;
  static Result<DeviceId> parse(std::uint64_t value);
  // For numbers that were parsed before they were stored; throws std::logic_error outside 1..127.
  static DeviceId fromTrusted(std::int64_t value);

  std::uint8_t value() const { return value_; }
  auto operator<=>(const DeviceId&) const = default;

 private:
  std::uint8_t value_ = 0;
};

struct DeviceAddress {
  AccountId account;
  DeviceId device;
  auto operator<=>(const DeviceAddress&) const = default;
};

}  // namespace waxwing

template <>
struct std::hash<waxwing::DeviceAddress> {
  std::size_t operator()(const waxwing::DeviceAddress& address) const noexcept;
};
template <>
struct std::hash<waxwing::AccountId> {
  std::size_t operator()(const waxwing::AccountId& account) const noexcept;
};
