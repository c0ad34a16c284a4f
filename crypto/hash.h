#pragma once

#include <string_view>

#include "crypto/bytes.h"
#include "crypto/ids.h"
#include "crypto/secret.h"

namespace waxwing {

// BLAKE2b-256 (RFC 7693, libsodium crypto_generichash, no key).
Hash blake2b(ByteView bytes);

// BLAKE2b-256 over `"waxwing <use> v1" ‖ 0 ‖ bytes`, so that no two uses share a hash.
Hash labelledHash(std::string_view use, ByteView bytes);

// Keyed BLAKE2b-256; `key` is 32 bytes and secret, the result is secret only if `bytes` must not be guessed.
Hash keyedHash(ByteView key, ByteView bytes);

// A 32-byte subkey of `key`: keyed BLAKE2b-256 over `"waxwing <use> v1" ‖ 0`.
SecretArray<32> deriveKey(ByteView key, std::string_view use);

}  // namespace waxwing
