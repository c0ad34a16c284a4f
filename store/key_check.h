#pragma once

#include <filesystem>

#include "crypto/bytes.h"
#include "crypto/error.h"

namespace waxwing {

// `<database>.check`: a keyed BLAKE2b-256 under a subkey of the database key. SQLCipher reports a wrong key and a
// damaged first page alike; this value tells them apart. It reveals nothing about the key: the key has 256 random bits.
enum class KeyCheck { kMatches, kDiffers, kAbsent };

KeyCheck checkKey(const std::filesystem::path& database, ByteView key);

// Durable and atomic. kUnwritable.
Result<void> writeKeyCheck(const std::filesystem::path& database, ByteView key);

}  // namespace waxwing
