#include "tools/relay/relay_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "crypto/text.h"
#include "store/files.h"
#include "store/relay/sqlcipher_mailbox_store.h"

namespace waxwing::relay {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kTokenBytes = 16;
constexpr std::size_t kPemBytes = 64 * 1024;

Result<void> makeDirectory(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(Errc::kUnwritable, "cannot make " + path.string() + ": " + std::strerror(errno));
  }
  if (!std::filesystem::is_directory(path)) return fail(Errc::kUnwritable, path.string() + " is not a directory");
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return fail(Errc::kUnwritable, path.string() + " is not writable");
  return {};
}

Result<GuardedMemory> readKey(const std::filesystem::path& path) {
  GuardedMemory key(kKeyBytes);
  auto content = readSmallFile(path, kKeyBytes + 1);
  if (!content) return tl::unexpected(content.error());
  if (content->size() != kKeyBytes) return fail(Errc::kDamaged, path.string() + " is not a store key");
  std::ranges::copy(*content, key.span().begin());
  wipe(*content);
  return key;
}

Result<GuardedMemory> makeKey(const std::filesystem::path& path, Random& random) {
  GuardedMemory key(kKeyBytes);
  random.fill(key.span());
  if (auto written = replaceFile(path, key.view()); !written) return tl::unexpected(written.error());
  return key;
}

}  // namespace

RelayDirectory::RelayDirectory(std::filesystem::path path, GuardedMemory key)
    : path_(std::move(path)), key_(std::make_shared<const GuardedMemory>(std::move(key))) {}

Result<RelayDirectory> RelayDirectory::open(const std::filesystem::path& path, Random& random) {
  if (auto made = makeDirectory(path); !made) return tl::unexpected(made.error());
  const auto keyPath = path / "store.key";
  const auto hasKey = isPresent(keyPath);
  if (!hasKey) return tl::unexpected(hasKey.error());
  const auto hasDatabase = isPresent(path / "relay.db");
  if (!hasDatabase) return tl::unexpected(hasDatabase.error());
  if (*hasDatabase && !*hasKey) {
    return fail(Errc::kWrongKey, keyPath.string() + " is missing; without it the database cannot be read");
  }
  auto key = *hasKey ? readKey(keyPath) : makeKey(keyPath, random);
  if (!key) return tl::unexpected(key.error());
  return RelayDirectory(path, std::move(*key));
}

OpenStore RelayDirectory::storeOpener() const {
  return [path = database(), key = key_]() -> Result<std::unique_ptr<MailboxStore>> {
    const auto present = isPresent(path);
    if (!present) return tl::unexpected(present.error());
    SqlcipherStoreOptions options;
    options.path = path;
    options.key = key->view();
    options.existing = *present ? Database::Existing::kMustExist : Database::Existing::kMustNotExist;
    return openSqlcipherStore(options);
  };
}

Result<Certificate> RelayDirectory::certificate() const {
  const auto certificatePath = path_ / "certificate.pem";
  const auto keyPath = path_ / "certificate.key";
  const auto present = isPresent(certificatePath);
  if (!present) return tl::unexpected(present.error());
  if (*present) return readCertificate(certificatePath, keyPath);
  auto made = makeSelfSignedCertificate();
  if (!made) return made;
  if (auto written = replaceFile(keyPath, made->keyPem.view()); !written) return tl::unexpected(written.error());
  if (auto written = replaceFile(certificatePath, asBytes(made->certificatePem)); !written) {
    return tl::unexpected(written.error());
  }
  return made;
}

Result<SecretBytes> RelayDirectory::registrationToken(Random& random) const {
  const auto path = path_ / "registration.token";
  const auto held = readSmallFile(path, 256);
  if (held && !held->empty()) return SecretBytes(*held);
  if (!held && held.error().code != Errc::kNotFound) return tl::unexpected(held.error());
  const auto token = toBase64url(random.secret<kTokenBytes>().view());
  if (auto written = replaceFile(path, asBytes(token)); !written) return tl::unexpected(written.error());
  return SecretBytes(asBytes(token));
}

Result<Certificate> readCertificate(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const auto certificatePem = readSmallFile(certificate, kPemBytes);
  if (!certificatePem) return tl::unexpected(certificatePem.error());
  const auto keyPem = readSmallFile(key, kPemBytes);
  if (!keyPem) return tl::unexpected(keyPem.error());
  Certificate read{std::string(asText(*certificatePem)), SecretBytes(*keyPem)};
  if (const auto checked = checkKeyPair(read); !checked) {
    return fail(Errc::kDamaged, checked.error().message + " (" + certificate.string() + ", " + key.string() + ")");
  }
  return read;
}

}  // namespace waxwing::relay
