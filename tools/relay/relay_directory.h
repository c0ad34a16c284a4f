#pragma once

#include <filesystem>

#include "crypto/certificate.h"
#include "crypto/error.h"
#include "crypto/ports.h"
#include "crypto/secret.h"
#include "rpc/relay/commit_queue.h"

namespace waxwing::relay {

// The one directory of a relay: database, store key, certificate, registration token. Mode 0700, every file in it 0600.
class RelayDirectory {
 public:
  // Makes the directory and the store key at the first start. A database without its key is kWrongKey, never a new key.
  // kUnwritable, kDamaged (the key file is not 32 bytes).
  static Result<RelayDirectory> open(const std::filesystem::path& path, Random& random);

  // Opens the database, or makes it where there is none.
  OpenStore storeOpener() const;
  // The self-signed certificate, made at the first start. kDamaged, kUnwritable.
  Result<Certificate> certificate() const;
  // Made when first asked for. Secret. kUnwritable.
  Result<SecretBytes> registrationToken(Random& random) const;

 private:
  RelayDirectory(std::filesystem::path path, GuardedMemory key);
  std::filesystem::path database() const { return path_ / "relay.db"; }

  std::filesystem::path path_;
  std::shared_ptr<const GuardedMemory> key_;
};

// The certificate and key of these files. kUnwritable names the one that cannot be read; kDamaged where they do not
// parse, or do not belong together.
Result<Certificate> readCertificate(const std::filesystem::path& certificate, const std::filesystem::path& key);

}  // namespace waxwing::relay
