#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "crypto/error.h"
#include "crypto/passphrase.h"
#include "crypto/ports.h"
#include "crypto/secret.h"

namespace waxwing::tool {

// What turning a passphrase into a key shall cost; unset: PassphraseParameters' own figures.
struct PassphraseCost {
  std::optional<std::uint64_t> operations;
  std::optional<std::uint64_t> memoryMiB;
};

// A profile is a directory with two files: waxwing.db, and profile.toml, which says how the passphrase becomes the
// database's key. Nothing in profile.toml is secret, but without it the passphrase is worth nothing.
class Profile {
 public:
  // $XDG_DATA_HOME/waxwing, or ~/.local/share/waxwing. kInvalidArgument if neither can be told.
  static Result<std::filesystem::path> defaultDirectory();

  // kNoSuchProfile, kDamaged, kUnsupportedVersion.
  static Result<Profile> load(const std::filesystem::path& directory);

  // Makes directory (mode 0700) and profile.toml (0600), durably. A profile.toml that is there already is kept: it may
  // be of an interrupted try, or of a database that was moved aside. kUnwritable; else as `load`.
  static Result<Profile> make(const std::filesystem::path& directory, const PassphraseCost& cost, Random& random);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path database() const { return directory_ / "waxwing.db"; }
  const PassphraseParameters& parameters() const { return parameters_; }
  Result<GuardedMemory> databaseKey(const SecretBytes& passphrase) const;

 private:
  Profile(std::filesystem::path directory, const PassphraseParameters& parameters)
      : directory_(std::move(directory)), parameters_(parameters) {}

  std::filesystem::path directory_;
  PassphraseParameters parameters_;
};

}  // namespace waxwing::tool
