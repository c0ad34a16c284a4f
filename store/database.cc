#include "store/database.h"

#include <string>
#include <system_error>

#include "crypto/mutation.h"
#include "store/connection.h"
#include "store/files.h"
#include "store/key_check.h"
#include "store/kill_point.h"
#include "store/sqlcipher.h"
#include "store/sqlite_error.h"

namespace waxwing {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::int64_t kWalFrameBytes = 4096 + 24;
constexpr std::int64_t kCheckpointBytes = 16 * 1024 * 1024;
constexpr std::string_view kPlaintextHead = "SQLite format 3";

// SQLCipher opens a plaintext file with an empty key, and derives a key from anything that is not 32 raw bytes.
Result<void> requireKey(ByteView key) {
  if (key.size() == kKeyBytes) return {};
  return fail(Errc::kInvalidArgument, "a database key has exactly 32 bytes");
}

tl::unexpected<Error> unreadable() {
  return fail(Errc::kUnwritable, "the database cannot be read: check the permissions of its directory");
}

Result<void> requireEncryptedFile(const std::filesystem::path& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (status.type() == std::filesystem::file_type::none) return unreadable();
  if (!std::filesystem::is_regular_file(status)) return fail(Errc::kDamaged, "the database is not a regular file");
  if (std::filesystem::file_size(path, unknown) == 0) return fail(Errc::kDamaged, "the database file is empty");
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return unreadable();
  char head[kPlaintextHead.size()] = {};
  const std::size_t size = std::fread(head, 1, sizeof head, file);
  std::fclose(file);
  if (std::string_view(head, size) != kPlaintextHead) return {};
  return fail(Errc::kWeakSettings, "the database file is not encrypted; it is not one of ours");
}

void passCreationStep() {
  killIfAsked(CommitPoint::kCreateDatabase, CommitEdge::kBefore);
  killIfAsked(CommitPoint::kCreateDatabase, CommitEdge::kAfter);
}

// Builds the database under another name; only the last rename makes it one. What an earlier crash left there is
// removed.
Result<void> create(const Database::Options& options) {
  const auto draft = withSuffix(options.path, ".new");
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"})
    std::filesystem::remove(withSuffix(draft, suffix), ignored);
  // Journals of a database that was removed would be applied to the new one.
  for (const char* suffix : {"-journal", "-wal", "-shm"})
    std::filesystem::remove(withSuffix(options.path, suffix), ignored);
  passCreationStep();
  if (auto made = writeKeyCheck(options.path, options.key); !made) return made;
  passCreationStep();
  if (auto made = createEmptyFile(draft); !made) return made;
  passCreationStep();
  auto draftOptions = options;
  draftOptions.path = draft;
  writeNewDatabase(draftOptions);
  passCreationStep();
  auto renamed = renameFile(draft, options.path);
  passCreationStep();
  return renamed;
}

Result<void> settleExistence(const Database::Options& options) {
  if (options.existing == Database::Existing::kMustExist) return requireEncryptedFile(options.path);
  const auto present = isPresent(options.path);
  if (!present) return tl::unexpected(present.error());
  if (*present) return fail(Errc::kProfileExists, "there is a database already");
  return create(options);
}

// One writer per file; a reader may stand beside it in the same process.
LockFile::Sharing sharingOf(const Database::Options& options) {
  if (options.locking == Database::Locking::kExclusive) return LockFile::Sharing::kAlone;
  return options.access == Database::Access::kQueryOnly ? LockFile::Sharing::kJoined : LockFile::Sharing::kOffered;
}

Result<std::shared_ptr<LockFile>> takeLock(const Database::Options& options) {
  if (options.access == Database::Access::kLook) return LockFile::takeToLook(options.path);
  return LockFile::take(options.path, sharingOf(options));
}

// Whose fault it is that the first page cannot be read. SQLCipher takes a disk that does not answer for a wrong key.
Error judgeUnreadable(const Database::Options& options) {
  const auto probe = readSmallFile(options.path, 0);
  if (!probe && probe.error().code != Errc::kTooLong) return probe.error();
  switch (checkKey(options.path, options.key)) {
    case KeyCheck::kDiffers:
      return {Errc::kWrongKey, "wrong passphrase or key"};
    case KeyCheck::kMatches:
      return {Errc::kDamaged, "the database is damaged: keep its files and restore a copy"};
    case KeyCheck::kAbsent:
      break;
  }
  return {Errc::kDamaged, "the key is wrong or the database is damaged (its .check file is missing)"};
}

// A lost or damaged check file is made anew once the key has proved itself.
Result<void> mendKeyCheck(const Database::Options& options) {
  if (options.access == Database::Access::kLook) return {};
  if (checkKey(options.path, options.key) == KeyCheck::kMatches) return {};
  return writeKeyCheck(options.path, options.key);
}

// Brings the whole WAL into the file, so that every start begins with little to recover.
void checkpointWhole(sqlite3* db) {
  const int result = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  // Busy: another connection of this process is reading; a later checkpoint does it.
  if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY) throwStoreError(db, result, "checkpoint");
}

int rememberWalSize(void* frames, sqlite3*, const char*, int now) {
  *static_cast<std::int64_t*>(frames) = now;
  return SQLITE_OK;
}

}  // namespace

Database::Database(sqlite3* db, std::shared_ptr<LockFile> lock, Access access)
    : db_(db), lock_(std::move(lock)), access_(access) {
  sqlite3_set_clientdata(db_, kFailedFlag, &failed_, nullptr);
  sqlite3_wal_hook(db_, rememberWalSize, &walFrames_);
}

Result<std::unique_ptr<Database>> Database::open(const Options& options) try {
  if (auto key = requireKey(options.key); !key) return tl::unexpected(key.error());
  if (options.existing == Existing::kMustExist) {
    const auto present = isPresent(options.path);
    if (!present) return tl::unexpected(present.error());
    if (!*present) return fail(Errc::kNoSuchProfile, "there is no database here");
  }
  auto lock = takeLock(options);
  if (!lock) return tl::unexpected(lock.error());
  if (auto settled = settleExistence(options); !settled) return tl::unexpected(settled.error());

  Connection connection = connect(options);
  if (auto mended = mendKeyCheck(options); !mended) return tl::unexpected(mended.error());
  std::unique_ptr<Database> database(new Database(connection.release(), std::move(*lock), options.access));
  if (options.access == Access::kReadWrite) checkpointWhole(database->db_);
  return database;
} catch (const StoreFailure& failure) {
  if (failure.code() == Errc::kDamaged) return tl::unexpected(judgeUnreadable(options));
  return fail(failure.code(), failure.what());
}

Database::~Database() {
  // A clean end leaves one whole file. After an I/O error it also drops what a failed commit may have left behind its
  // last good frame; if this fails too, nothing is lost: the WAL stays as it is.
  if (access_ != Access::kLook) {
    sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }
  sqlite3_set_clientdata(db_, kFailedFlag, nullptr, nullptr);
  sqlite3_wal_hook(db_, nullptr, nullptr);
  sqlite3_close_v2(db_);
}

Statement Database::prepare(Sql sql) { return Statement(db_, sql); }

void Database::script(std::string_view literalSql) {
  const int result = sqlite3_exec(db_, std::string(literalSql).c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throwStoreError(db_, result, literalSql);
}

std::int64_t Database::lastInsertRowId() const { return sqlite3_last_insert_rowid(db_); }

std::int64_t Database::changes() const { return sqlite3_changes64(db_); }

void Database::checkpointIfDue() {
  if (failed_ || walFrames_ * kWalFrameBytes < kCheckpointBytes) return;
  const int result = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY) throwStoreError(db_, result, "checkpoint");
  walFrames_ = 0;  // the next commit tells the true number
}

void Database::onCommitPoint(std::function<void(CommitPoint, CommitEdge)> hook) { commitHook_ = std::move(hook); }

void Database::passCommitPoint(CommitPoint point, CommitEdge edge) {
  if (commitHook_) commitHook_(point, edge);
  killIfAsked(point, edge);
}

void Database::control(Sql sql) {
  if (failed_) throw StoreFailure(Errc::kStoreFailed, "the disk failed earlier; open the database anew");
  const int result = sqlite3_exec(db_, sql.text().data(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throwStoreError(db_, result, sql.text());
}

void Database::controlQuietly(Sql sql) noexcept { sqlite3_exec(db_, sql.text().data(), nullptr, nullptr, nullptr); }

Transaction::Transaction(Database& db, CommitPoint point) : db_(db), point_(point), serial_(++db.transactions_) {
  if (db_.inTransaction_) throw std::logic_error("a transaction within a transaction");
  db_.control("BEGIN IMMEDIATE");
  db_.inTransaction_ = true;
}

Transaction::~Transaction() {
  if (!open_) return;
  db_.inTransaction_ = false;
  // A full disk or an I/O error may have ended the transaction already.
  if (sqlite3_get_autocommit(db_.db_) == 0) db_.controlQuietly("ROLLBACK");
}

void Transaction::commit() {
  if (!open_) throw std::logic_error("a transaction ends once");
  if (sqlite3_get_autocommit(db_.db_) != 0)
    throw StoreFailure(Errc::kStoreFailed, "the transaction was undone by an earlier error");
  db_.passCommitPoint(point_, CommitEdge::kBefore);
  db_.control("COMMIT");
  open_ = false;
  db_.inTransaction_ = false;
  db_.passCommitPoint(point_, CommitEdge::kAfter);
}

Savepoint::Savepoint(Transaction& transaction) : db_(transaction.database()) { db_.control("SAVEPOINT part"); }

Savepoint::~Savepoint() {
  if (!open_) return;
  if (!mutated(Mutation::kSkipSavepoint)) db_.controlQuietly("ROLLBACK TO part");
  db_.controlQuietly("RELEASE part");
}

void Savepoint::release() {
  if (!open_) throw std::logic_error("a savepoint ends once");
  db_.control("RELEASE part");
  open_ = false;
}

}  // namespace waxwing
