#pragma once

#include <optional>

#include "crypto/bytes.h"
#include "crypto/curve.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "session/published_keys.h"

namespace waxwing {

enum class CipherKind : std::uint8_t { kPreKey = 1, kMessage = 2, kSenderKey = 3 };

// What the seal covers (docs/protocol.md §3): EnvelopeId (16) ‖ to account (32) ‖ to device (1) ‖ from account (32) ‖
// from device (1) ‖ kind (1) ‖ u32 length ‖ manifest ‖ u32 length ‖ ciphertext ‖ zeros up to a Padmé size.
struct Envelope {
  EnvelopeId id;
  DeviceAddress to;
  DeviceAddress from;
  CipherKind kind = CipherKind::kMessage;
  Bytes manifest;  // the sender's newest signed manifest, verbatim; empty: none carried
  Bytes ciphertext;
};

// The envelope as it leaves the device: suite (u8) ‖ seal key id (u32) ‖ sealed. kTooLong over limits::kEnvelopeBytes.
Result<Bytes> sealEnvelope(const Envelope& envelope, const SealKey& key, Random& random);

// What `sealed` is sealed to, without opening it. kMalformed, kUnsupportedSuite.
struct SealedTo {
  SealSuite suite;
  std::uint32_t sealKeyId;
};
Result<SealedTo> sealedTo(ByteView sealed);

// kSealBroken, kMalformed. The addresses inside are well-formed, nothing more is checked here.
Result<Envelope> openEnvelope(ByteView sealed, const CurveKeyPair& sealKey);

}  // namespace waxwing
