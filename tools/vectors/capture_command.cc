#include "tools/vectors/capture_command.h"

#include <memory>

#include "store/client/client_database.h"
#include "tools/vectors/capture.h"
#include "tools/vectors/vector_file.h"
#include "tools/waxwing/passphrase_input.h"
#include "tools/waxwing/profile.h"

namespace waxwing::vectors {
namespace {

Result<SecretBytes> readPassphrase(const CaptureOptions& options, std::size_t index) {
  std::optional<std::filesystem::path> file;
  if (index < options.passphraseFiles.size()) file = options.passphraseFiles[index];
  return tool::readPassphrase(file, tool::PassphraseFor::kOpening);
}

Result<void> requireThisSchema(Database& db) {
  Statement statement = db.prepare("PRAGMA user_version");
  Rows rows = statement.query();
  rows.next();
  const auto newest = static_cast<std::int64_t>(clientMigrations().size());
  if (rows.integer(0) == newest) return {};
  return fail(Errc::kNewerSchema, "the profile is of another version of Waxwing; capture with that one");
}

Result<std::unique_ptr<Database>> open(const std::string& directory, const SecretBytes& passphrase) {
  const auto profile = tool::Profile::load(directory);
  if (!profile) return tl::unexpected(profile.error());
  const auto key = profile->databaseKey(passphrase);
  if (!key) return tl::unexpected(key.error());
  auto db = Database::open({.path = profile->database(), .key = key->view(), .access = Database::Access::kLook});
  if (!db) return db;
  if (auto known = requireThisSchema(**db); !known) return tl::unexpected(known.error());
  return db;
}

}  // namespace

Result<std::string> captureProfiles(const CaptureOptions& options) try {
  auto passphrase = readPassphrase(options, 0);
  if (!passphrase) return tl::unexpected(passphrase.error());
  const auto alice = open(options.profiles[0], *passphrase);
  if (!alice) return tl::unexpected(alice.error());
  if (options.passphraseFiles.size() > 1) passphrase = readPassphrase(options, 1);
  if (!passphrase) return tl::unexpected(passphrase.error());
  const auto bob = open(options.profiles[1], *passphrase);
  if (!bob) return tl::unexpected(bob.error());
  const auto values = capture(**alice, **bob);
  if (!values) return tl::unexpected(values.error());
  return fileOfOneCase(*findKind("transcript"), "captured from two test profiles", "Ordinary", *values);
} catch (const StoreFailure& failure) {
  return fail(failure.code(), failure.what());
} catch (const BadFile& untrue) {
  return fail(Errc::kDamaged, std::string("what the profiles disclosed is not what their sessions hold (") +
                                  untrue.what() + "); one of the two is damaged, or a restored copy");
}

}  // namespace waxwing::vectors
