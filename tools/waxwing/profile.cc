#include "tools/waxwing/profile.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "crypto/text.h"
#include "store/files.h"

namespace waxwing::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kProfileBytes = 64 * 1024;
constexpr std::uint64_t kMiB = 1024 * 1024;

fs::path profileFile(const fs::path& directory) { return directory / "profile.toml"; }

std::string inQuotes(const fs::path& path) { return std::string("'").append(path.string()).append("'"); }

tl::unexpected<Error> damaged(const fs::path& directory) {
  return fail(Errc::kDamaged, inQuotes(profileFile(directory)) + " is damaged; restore it from a backup");
}

std::string tomlText(const PassphraseParameters& parameters) {
  return "# How the passphrase becomes the key of waxwing.db. Not secret; without it the database cannot be opened.\n"
         "format = " +
         std::to_string(kFormat) + "\n\n[argon2id]\nsalt = \"" + toHex(parameters.salt.view()) +
         "\"\noperations = " + std::to_string(parameters.operations) +
         "\nmemory_bytes = " + std::to_string(parameters.memoryBytes) + "\n";
}

Result<PassphraseParameters> parse(const toml::table& table, const fs::path& directory) {
  const auto format = table["format"].value<std::int64_t>();
  if (format && *format > kFormat) {
    return fail(Errc::kUnsupportedVersion,
                inQuotes(profileFile(directory)) + " was written by a newer Waxwing; update this program");
  }
  const auto argon2id = table["argon2id"];
  const auto saltText = argon2id["salt"].value<std::string>();
  const auto operations = argon2id["operations"].value<std::int64_t>();
  const auto memoryBytes = argon2id["memory_bytes"].value<std::int64_t>();
  if (!format || !saltText || !operations || *operations < 0 || !memoryBytes || *memoryBytes < 0) {
    return damaged(directory);
  }
  const auto saltBytes = fromHex(*saltText);
  const auto salt = saltBytes ? PassphraseSalt::from(*saltBytes) : std::nullopt;
  if (!salt) return damaged(directory);
  return PassphraseParameters{*salt, static_cast<std::uint64_t>(*operations), static_cast<std::uint64_t>(*memoryBytes)};
}

Result<PassphraseParameters> read(const fs::path& directory) {
  const auto content = readSmallFile(profileFile(directory), kProfileBytes);
  if (!content && content.error().code == Errc::kTooLong) return damaged(directory);
  if (!content) return tl::unexpected(content.error());
  try {
    return parse(toml::parse(asText(*content)), directory);
  } catch (const toml::parse_error&) {
    return damaged(directory);
  }
}

// There is no profile.toml: what that means.
tl::unexpected<Error> withoutParameters(const fs::path& directory) {
  const auto hasDatabase = isPresent(directory / "waxwing.db");
  if (!hasDatabase) return tl::unexpected(hasDatabase.error());
  if (*hasDatabase) {
    return fail(Errc::kDamaged, inQuotes(profileFile(directory)) +
                                    " is missing; restore it from a backup: without it no passphrase fits");
  }
  return fail(Errc::kNoSuchProfile,
              "no profile in " + inQuotes(directory) + "; make one with 'waxwing init --relay ADDRESS'");
}

Result<void> makeDirectory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);  // 0700, by the process's umask
  if (error) {
    return fail(Errc::kUnwritable,
                "the profile directory " + inQuotes(directory) + " cannot be made: " + error.message());
  }
  // Where the parent may be passed but not opened, this waits for the file system's own time.
  [[maybe_unused]] const auto synced = syncDirectory(directoryOf(directory));
  return {};
}

// Of two processes that make a profile in one directory, the second waits and then finds the first one's file.
class DirectoryLock {
 public:
  explicit DirectoryLock(const fs::path& directory)
      : fd_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

PassphraseParameters freshParameters(const PassphraseCost& cost, Random& random) {
  auto parameters = PassphraseParameters::fresh(random);
  if (cost.operations) parameters.operations = *cost.operations;
  if (cost.memoryMiB) parameters.memoryBytes = *cost.memoryMiB * kMiB;
  return parameters;
}

}  // namespace

Result<fs::path> Profile::defaultDirectory() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return fs::path(data) / "waxwing";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') {
    const passwd* user = ::getpwuid(::getuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  if (home == nullptr || *home != '/') {
    return fail(Errc::kInvalidArgument, "there is no home directory; name a profile with --profile DIR");
  }
  return fs::path(home) / ".local/share/waxwing";
}

Result<Profile> Profile::load(const fs::path& directory) {
  const auto parameters = read(directory);
  if (parameters) return Profile(directory, *parameters);
  if (parameters.error().code == Errc::kNotFound) return withoutParameters(directory);
  return tl::unexpected(parameters.error());
}

Result<Profile> Profile::make(const fs::path& directory, const PassphraseCost& cost, Random& random) {
  if (auto made = makeDirectory(directory); !made) return tl::unexpected(made.error());
  const DirectoryLock lock(directory);
  auto held = load(directory);
  if (held || held.error().code != Errc::kNoSuchProfile) return held;
  const auto parameters = freshParameters(cost, random);
  if (auto written = replaceFile(profileFile(directory), asBytes(tomlText(parameters))); !written) {
    return tl::unexpected(written.error());
  }
  return Profile(directory, parameters);
}

Result<GuardedMemory> Profile::databaseKey(const SecretBytes& passphrase) const {
  return deriveDatabaseKey(asText(passphrase.view()), parameters_);
}

}  // namespace waxwing::tool
