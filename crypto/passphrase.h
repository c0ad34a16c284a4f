#pragma once

#include <cstdint>
#include <string_view>

#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/secret.h"

namespace waxwing {

struct PassphraseSaltTag;
using PassphraseSalt = FixedBytes<16, PassphraseSaltTag>;

// Argon2id (RFC 9106, libsodium crypto_pwhash). Stored beside the database; none of it is secret.
struct PassphraseParameters {
  static constexpr std::uint64_t kLeastOperations = 1;
  static constexpr std::uint64_t kMostOperations = 64;
  static constexpr std::uint64_t kLeastMemoryBytes = 8 * 1024;
  static constexpr std::uint64_t kMostMemoryBytes = 4ull * 1024 * 1024 * 1024;

  PassphraseSalt salt;
  std::uint64_t operations = 3;
  std::uint64_t memoryBytes = 256ull * 1024 * 1024;

  static PassphraseParameters fresh(Random& random);
};

// The 32-byte database key. kInvalidArgument for an empty passphrase or parameters
// outside the bounds above; kStoreFailed if the memory cannot be had.
Result<GuardedMemory> deriveDatabaseKey(std::string_view passphrase, const PassphraseParameters& parameters);

// A hash that costs its maker about a tenth of a second and 64 MiB: Argon2id, 2 passes, with the salt "waxwing slow v1"
// ‖ 0. For codes so short that they could otherwise be met by trial. kStoreFailed if the memory cannot be had.
Result<Hash> slowHash(ByteView bytes);

}  // namespace waxwing
