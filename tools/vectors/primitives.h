#pragma once

#include <optional>

#include "crypto/bytes.h"

namespace waxwing::vectors {

// HKDF-SHA256 as libsignal derives keys, through our provider; nullopt if it refuses.
std::optional<Bytes> hkdfSha256(ByteView inputKey, ByteView salt, ByteView info, std::size_t size);

}  // namespace waxwing::vectors
