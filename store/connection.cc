#include "store/connection.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string>
#include <system_error>

#include "crypto/mutation.h"
#include "store/files.h"
#include "store/sqlcipher.h"
#include "store/sqlite_error.h"

namespace waxwing {
namespace {

constexpr std::string_view kCanary = "waxwing database 1";
constexpr int kBusyMs = 2000;
constexpr std::size_t kKeyBytes = 32;

// A setting: written, then read back. `expected` is what SQLite answers.
struct Setting {
  Sql write;
  Sql read;
  std::string_view expected;
};

// What the cipher must be, whatever the library's defaults become.
const Setting kCipherSettings[] = {
    {"PRAGMA cipher_compatibility = 4", "PRAGMA cipher_page_size", "4096"},
    {"PRAGMA cipher_use_hmac = ON", "PRAGMA cipher_use_hmac", "1"},
    {"PRAGMA cipher_plaintext_header_size = 0", "PRAGMA cipher_plaintext_header_size", "0"},
    {"PRAGMA cipher_hmac_algorithm = HMAC_SHA512", "PRAGMA cipher_hmac_algorithm", "HMAC_SHA512"},
};

// What holds before the file is first read.
const Setting kEarlySettings[] = {
    {"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA mmap_size = 0", "PRAGMA mmap_size", "0"},
    {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0"},
    {"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1"},
    {"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
    {"PRAGMA checkpoint_fullfsync = ON", "PRAGMA checkpoint_fullfsync", "1"},
};

const Setting kWal = {"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"};
const Setting kNoAutocheckpoint = {"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0"};
const Setting kQueryOnly = {"PRAGMA query_only = ON", "PRAGMA query_only", "1"};

const Setting& lockingMode(Database::Locking locking) {
  static const Setting kExclusive = {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA locking_mode", "exclusive"};
  static const Setting kNormal = {"PRAGMA locking_mode = NORMAL", "PRAGMA locking_mode", "normal"};
  return locking == Database::Locking::kExclusive ? kExclusive : kNormal;
}

const Setting& secureDelete(Database::SecureDelete mode) {
  static const Setting kOn = {"PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1"};
  static const Setting kFast = {"PRAGMA secure_delete = FAST", "PRAGMA secure_delete", "2"};
  return mode == Database::SecureDelete::kOn ? kOn : kFast;
}

[[noreturn]] void throwWeak(const std::string& what) {
  throw StoreFailure(Errc::kWeakSettings, "the database library refuses a required setting: " + what);
}

std::string answer(sqlite3* db, Sql sql) {
  Statement statement(db, sql);
  Rows rows = statement.query();
  return rows.next() ? rows.text(0) : std::string();
}

void drain(sqlite3* db, Sql sql) {
  Statement statement(db, sql);
  statement.run();
}

void set(sqlite3* db, const Setting& setting) {
  drain(db, setting.write);
  if (answer(db, setting.read) != setting.expected) throwWeak(std::string(setting.read.text()));
}

void check(sqlite3* db, int result, std::string_view what) {
  if (result != SQLITE_OK) throwStoreError(db, result, what);
}

void setSwitch(sqlite3* db, int which, int wanted) {
  int now = -1;
  check(db, sqlite3_db_config(db, which, wanted, &now), "sqlite3_db_config");
  if (now != wanted) throwWeak("sqlite3_db_config " + std::to_string(which));
}

// The file as SQLite's URI; `immutable`: it looks for no log and takes no lock.
std::string immutableUri(const std::filesystem::path& path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path.string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_') {
      uri += c;
    } else {
      uri.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return uri + "?immutable=1";
}

// What a crash left in the log. SQLite makes a log that is not there, and reads one only where it may write.
bool hasLog(const std::filesystem::path& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(withSuffix(path, "-wal"), none);
  return !none && size > 0;
}

Connection openHandle(const Database::Options& options) {
  sqlite3* raw = nullptr;
  const char* vfs = options.vfs.empty() ? nullptr : options.vfs.c_str();
  const bool looking = options.access == Database::Access::kLook;
  const bool immutable = looking && !hasLog(options.path);
  if (looking && !immutable && ::access(options.path.c_str(), W_OK) != 0) {
    throw StoreFailure(Errc::kUnwritable,
                       "a crash left changes in the log, and they are read only where files may be written: look at a "
                       "copy");
  }
  const std::string name = immutable ? immutableUri(options.path) : options.path.string();
  const int flags = (immutable ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(name.c_str(), &raw, flags, vfs);
  Connection db(raw);
  if (result != SQLITE_OK) throwStoreError(raw, result, "sqlite3_open_v2");
  return db;
}

// The key as `x'…'`, in memory that is wiped: SQLCipher then uses the 32 bytes as they are, without a passphrase's
// derivation.
void giveKey(sqlite3* db, ByteView key) {
  constexpr char kDigits[] = "0123456789abcdef";
  SecretArray<kKeyBytes * 2 + 3> literal;
  auto out = literal.span().begin();
  *out++ = 'x';
  *out++ = '\'';
  for (const std::uint8_t byte : key) {
    *out++ = static_cast<std::uint8_t>(kDigits[byte >> 4]);
    *out++ = static_cast<std::uint8_t>(kDigits[byte & 15]);
  }
  *out = '\'';
  check(db, sqlite3_key_v2(db, "main", literal.view().data(), static_cast<int>(literal.kSize)), "sqlite3_key_v2");
}

void requireVersion(sqlite3* db) {
  const std::string version = answer(db, "PRAGMA cipher_version");
  char* rest = nullptr;
  const auto major = std::strtoul(version.c_str(), &rest, 10);
  const auto minor = *rest == '.' ? std::strtoul(rest + 1, nullptr, 10) : 0;
  if (major < 4 || (major == 4 && minor < 5)) throwWeak("SQLCipher 4.5 or newer is needed");
}

// Everything that can be settled without reading the file.
Connection openKeyed(const Database::Options& options) {
  Connection db = openHandle(options);
  giveKey(db.get(), options.key);
  // SQLCipher writes to standard error; our own errors say what happened. Giving the first key sets this anew.
  drain(db.get(), "PRAGMA cipher_log_level = NONE");
  requireVersion(db.get());
  for (const Setting& setting : kCipherSettings) set(db.get(), setting);
  setSwitch(db.get(), SQLITE_DBCONFIG_DEFENSIVE, 1);
  setSwitch(db.get(), SQLITE_DBCONFIG_DQS_DDL, 0);
  setSwitch(db.get(), SQLITE_DBCONFIG_DQS_DML, 0);
  setSwitch(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
  sqlite3_busy_timeout(db.get(), kBusyMs);
  return db;
}

void keepWal(sqlite3* db) {
  int keep = 1;
  check(db, sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep), "SQLITE_FCNTL_PERSIST_WAL");
  keep = -1;
  check(db, sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep), "SQLITE_FCNTL_PERSIST_WAL");
  if (keep != 1) throwWeak("SQLITE_FCNTL_PERSIST_WAL");
}

void requireCanary(sqlite3* db) {
  // The first read of the file: what a wrong key or damage of its first page makes fail.
  if (answer(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'canary'") != "1" ||
      answer(db, "SELECT word FROM canary") != kCanary) {
    throw StoreFailure(Errc::kDamaged, "the database is damaged: its first row is missing");
  }
}

// "PRAGMA x" asks for x.
std::string nameOf(const Setting& setting) {
  return std::string(setting.read.text().substr(std::string_view("PRAGMA ").size()));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> requiredSettings() {
  std::vector<std::pair<std::string, std::string>> required;
  const auto add = [&](const Setting& setting) { required.emplace_back(nameOf(setting), setting.expected); };
  std::ranges::for_each(kCipherSettings, add);
  std::ranges::for_each(kEarlySettings, add);
  add(kWal);
  add(kNoAutocheckpoint);
  return required;
}

void CloseConnection::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Connection connect(const Database::Options& options) {
  Connection db = openKeyed(options);
  // Before anything reads the file: the log's index is then kept in memory, and not in a file beside it.
  if (options.access == Database::Access::kLook) set(db.get(), lockingMode(Database::Locking::kExclusive));
  for (const Setting& setting : kEarlySettings) set(db.get(), setting);
  set(db.get(), secureDelete(options.secureDelete));
  set(db.get(), lockingMode(options.locking));
  requireCanary(db.get());
  if (options.access != Database::Access::kReadWrite) set(db.get(), kQueryOnly);
  if (options.access == Database::Access::kLook) return db;
  set(db.get(), kWal);
  set(db.get(), kNoAutocheckpoint);
  keepWal(db.get());
  if (mutated(Mutation::kAnswerBeforeSync)) drain(db.get(), "PRAGMA synchronous = OFF");
  return db;
}

void writeNewDatabase(const Database::Options& options) {
  const Connection db = openKeyed(options);
  set(db.get(), {"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"});
  drain(db.get(), "BEGIN IMMEDIATE");
  drain(db.get(), "CREATE TABLE canary (word TEXT NOT NULL) STRICT");
  Statement(db.get(), "INSERT INTO canary (word) VALUES (?1)").run(kCanary);
  drain(db.get(), "COMMIT");
}

}  // namespace waxwing
