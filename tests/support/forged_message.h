#pragma once

#include "crypto/bytes.h"
#include "session/published_keys.h"

namespace waxwing::testing {

// A message of the ratchet that nobody has the keys for, as anyone can write one: libsignal's version byte, its
// protocol buffer (ratchet key, counter, previous counter, ciphertext), and eight bytes where the MAC should stand.
inline Bytes forgedMessage(const CurveKey& ratchetKey, std::uint32_t counter) {
  ByteWriter writer;
  writer.u8(0x33).u8(0x0a).u8(33).u8(kCurveKeyType).raw(ratchetKey.view()).u8(0x10);
  for (; counter >= 0x80; counter >>= 7) writer.u8(static_cast<std::uint8_t>(0x80 | (counter & 0x7f)));
  writer.u8(static_cast<std::uint8_t>(counter)).u8(0x18).u8(0).u8(0x22).u8(64).raw(Bytes(64, 2)).raw(Bytes(8, 3));
  return writer.take();
}

}  // namespace waxwing::testing
