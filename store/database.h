#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "crypto/error.h"
#include "crypto/secret.h"
#include "store/statement.h"

struct sqlite3;

namespace waxwing {

class LockFile;

// Every transaction that writes has a name. Tests kill the process, or fail the commit, right before or right after
// one: WAXWING_KILL_AT=compose:before or compose:after, with `:n` for the n-th time (honoured only in builds with
// WAXWING_KILL_POINTS).
enum class CommitPoint {
  kCreateDatabase,  // passed several times, once per step of the file's creation
  kMigrate,
  // client
  kCreateProfile,
  kCompose,
  kPrepare,  // what lanes do before a submission: new sessions, repairs, encryption that had to wait
  kAnswer,   // what a relay answered
  kReceive,  // one slice of a page
  kAnchor,
  kKeys,
  kContacts,
  kDevices,
  // relay
  kAccept,
  kRelayUpkeep,
};
std::string_view name(CommitPoint point);
// All points that the program in question can pass, for the tests that kill at each.
std::span<const CommitPoint> clientCommitPoints();
std::span<const CommitPoint> relayCommitPoints();

enum class CommitEdge { kBefore, kAfter };

// One open SQLCipher database, held by one process (a lock file beside it) and used by one thread.
//
// Opening checks what SQLCipher does not: the key's length and its check value, the file's head, every setting
// (written, then read back), the schema's version. A wrong key is kWrongKey, damage kDamaged, a file from a newer
// Waxwing kNewerSchema, a second process kStoreLocked (its pid in the message), an unwritable place kUnwritable.
//
// After that, failures of the disk are thrown as StoreFailure (docs/decisions/0002): they can come from any statement,
// no caller can mend one, and two doors catch them. After an I/O error the database refuses all work until it is opened
// anew.
//
// A `kMustNotExist` database is built under another name and renamed when it is whole: a crash leaves either none or
// all of it.
class Database {
 public:
  enum class Existing { kMustExist, kMustNotExist };
  enum class Locking { kExclusive, kShared };  // client: exclusive; relay: a writer and a reader in one process
  enum class SecureDelete { kOn, kFast };
  enum class Access {
    kReadWrite,
    kQueryOnly,
    kLook,  // for auditors: no byte of any file changes, no file comes or goes; kMustExist only
  };

  struct Options {
    std::filesystem::path path;
    ByteView key = {};  // 32 raw secret bytes; not kept
    Existing existing = Existing::kMustExist;
    Locking locking = Locking::kExclusive;
    SecureDelete secureDelete = SecureDelete::kOn;
    Access access = Access::kReadWrite;
    std::string vfs = {};  // empty: the system's
  };

  static Result<std::unique_ptr<Database>> open(const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(Sql sql);
  // Several statements without parameters or results: schemas.
  void script(std::string_view literalSql);

  std::int64_t lastInsertRowId() const;
  std::int64_t changes() const;

  // Copies pages from the WAL into the file: PASSIVE when the WAL is over 16 MiB. Called off the commit path.
  void checkpointIfDue();

  // Called at each edge of each commit, for tests. An exception thrown at kBefore rolls the transaction back.
  void onCommitPoint(std::function<void(CommitPoint, CommitEdge)> hook);

  // True after an I/O error: every further call throws StoreFailure(kStoreFailed).
  bool hasFailed() const { return failed_; }
  // The same at the wish of an owner who can no longer tell what the database holds.
  void refuseWork() { failed_ = true; }

  sqlite3* handle() { return db_; }

 private:
  friend class Transaction;
  friend class Savepoint;

  Database(sqlite3* db, std::shared_ptr<LockFile> lock, Access access);

  void passCommitPoint(CommitPoint point, CommitEdge edge);
  // One step of the transaction's own control; throws like a statement.
  void control(Sql sql);
  void controlQuietly(Sql sql) noexcept;

  sqlite3* db_;
  std::shared_ptr<LockFile> lock_;
  Access access_;
  std::function<void(CommitPoint, CommitEdge)> commitHook_;
  std::int64_t walFrames_ = 0;
  bool inTransaction_ = false;
  std::uint64_t transactions_ = 0;
  bool failed_ = false;
};

// BEGIN IMMEDIATE … COMMIT. Without `commit` the destructor rolls back. Not nested: functions that need a transaction
// take one by reference, which is how the compiler knows that there is one.
class Transaction {
 public:
  Transaction(Database& db, CommitPoint point);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Durable when it returns. Throws StoreFailure, after which nothing of the transaction is there – except that, after
  // an I/O error, only opening the database anew tells (hasFailed): the bytes may have reached the disk before the sync
  // failed.
  void commit();
  Database& database() { return db_; }
  // Tells this transaction from every other one of its Database object.
  std::uint64_t serial() const { return serial_; }

 private:
  Database& db_;
  CommitPoint point_;
  std::uint64_t serial_;
  bool open_ = true;
};

// A part of a transaction that can be undone alone. Without `release` the destructor rolls it back.
class Savepoint {
 public:
  explicit Savepoint(Transaction& transaction);
  ~Savepoint();
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

  void release();

 private:
  Database& db_;
  bool open_ = true;
};

}  // namespace waxwing
