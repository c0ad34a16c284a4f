#include "store/sqlite_error.h"

#include <cerrno>
#include <stdexcept>
#include <string>

#include "store/sqlcipher.h"
#include "store/statement.h"

namespace waxwing {
namespace {

const char* explain(Errc code) {
  switch (code) {
    case Errc::kStoreFull:
      return "the disk is full";
    case Errc::kDamaged:
      return "the database is damaged";
    case Errc::kUnwritable:
      return "the database cannot be written";
    case Errc::kStoreLocked:
      return "the database is locked by another program";
    default:
      return "the disk failed";
  }
}

int lastErrno(sqlite3_file* file) {
  int number = 0;
  if (file != nullptr && file->pMethods != nullptr) {
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
  }
  return number;
}

// SQLite takes a file that it could not read for one that holds nonsense. What the system said is kept beside the file.
bool couldNotRead(sqlite3* db) {
  for (const int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(db, "main", which, static_cast<void*>(&file));
    const int number = lastErrno(file);
    if (number == EIO || number == ENXIO || number == ERANGE) return true;
  }
  return false;
}

void markFailed(sqlite3* db) {
  if (auto* failed = static_cast<bool*>(sqlite3_get_clientdata(db, kFailedFlag))) *failed = true;
}

}  // namespace

Errc storeCode(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return Errc::kStoreFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::kDamaged;
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_ABORT:
    case SQLITE_INTERRUPT:
      return Errc::kStoreFailed;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Errc::kUnwritable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Errc::kStoreLocked;
    default:
      return Errc::kInternal;
  }
}

void throwStoreError(sqlite3* db, int result, std::string_view sql) {
  Errc code = storeCode(result);
  if (code == Errc::kDamaged && couldNotRead(db)) code = Errc::kStoreFailed;
  if (code == Errc::kInternal) {
    throw std::logic_error("SQL: " + std::string(sqlite3_errmsg(db)) + " in: " + std::string(sql));
  }
  if ((result & 0xff) == SQLITE_IOERR) markFailed(db);
  throw StoreFailure(code, std::string(explain(code)) + " (SQLite result " + std::to_string(result) + ")");
}

}  // namespace waxwing
