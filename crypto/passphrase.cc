#include "crypto/passphrase.h"

#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

constexpr std::size_t kDatabaseKeySize = 32;

bool within(const PassphraseParameters& parameters) {
  return parameters.operations >= PassphraseParameters::kLeastOperations &&
         parameters.operations <= PassphraseParameters::kMostOperations &&
         parameters.memoryBytes >= PassphraseParameters::kLeastMemoryBytes &&
         parameters.memoryBytes <= PassphraseParameters::kMostMemoryBytes;
}

}  // namespace

PassphraseParameters PassphraseParameters::fresh(Random& random) {
  PassphraseParameters parameters;
  random.fill(parameters.salt.bytes);
  return parameters;
}

Result<GuardedMemory> deriveDatabaseKey(std::string_view passphrase, const PassphraseParameters& parameters) {
  static_assert(PassphraseSalt::kSize == crypto_pwhash_SALTBYTES);
  ensureSodium();
  if (passphrase.empty()) return fail(Errc::kInvalidArgument, "the passphrase is empty; give one");
  if (passphrase.size() > crypto_pwhash_PASSWD_MAX) return fail(Errc::kInvalidArgument, "the passphrase is too long");
  if (!within(parameters)) {
    return fail(Errc::kInvalidArgument,
                "the passphrase settings beside the database are out of range; restore that file from a backup");
  }
  GuardedMemory key(kDatabaseKeySize);
  if (crypto_pwhash(key.span().data(), kDatabaseKeySize, passphrase.data(), passphrase.size(),
                    parameters.salt.bytes.data(), parameters.operations,
                    static_cast<std::size_t>(parameters.memoryBytes), crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::kStoreFailed, "not enough memory to turn the passphrase into a key; free some and try again");
  }
  return key;
}

Result<Hash> slowHash(ByteView bytes) {
  constexpr char kSalt[] = "waxwing slow v1";
  constexpr std::size_t kMemoryBytes = 64 * 1024 * 1024;
  static_assert(sizeof kSalt == crypto_pwhash_SALTBYTES);
  ensureSodium();
  Hash hash;
  if (crypto_pwhash(hash.bytes.data(), hash.bytes.size(), reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                    reinterpret_cast<const unsigned char*>(kSalt), 2, kMemoryBytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::kStoreFailed, "not enough memory to compute the code; free some and try again");
  }
  return hash;
}

}  // namespace waxwing
