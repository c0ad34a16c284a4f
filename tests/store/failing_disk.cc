#include "tests/store/failing_disk.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "store/sqlcipher.h"

namespace waxwing::testing {
namespace {

using Fault = FailingDisk::Fault;

// Read on the threads of the databases. The count is of one of them at a time.
std::atomic<Fault> gFault = Fault::kNone;
std::atomic<std::uint64_t> gCallsLeft = 0;

bool isDue(Fault fault) {
  if (gFault != fault) return false;
  if (gCallsLeft > 1) {
    --gCallsLeft;
    return false;
  }
  return true;
}

// Our file in front, the system's behind it in the same allocation.
struct File {
  sqlite3_file base;
  int lastErrno;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& self(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return self(file).real(); }
sqlite3_vfs* system(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (isDue(Fault::kWrite)) return SQLITE_IOERR_WRITE;
  if (isDue(Fault::kFull)) return SQLITE_FULL;
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

// As SQLite's own: EIO of a read is a result of its own, and the number is kept.
int read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  if (isDue(Fault::kRead)) {
    self(file).lastErrno = EIO;
    return SQLITE_IOERR_CORRUPTFS;
  }
  return real(file)->pMethods->xRead(real(file), data, size, offset);
}

int control(sqlite3_file* file, int operation, void* argument) {
  if (operation == SQLITE_FCNTL_LAST_ERRNO && self(file).lastErrno != 0) {
    *static_cast<int*>(argument) = self(file).lastErrno;
    return SQLITE_OK;
  }
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

int sync(sqlite3_file* file, int flags) {
  if (isDue(Fault::kSync)) return SQLITE_IOERR_FSYNC;
  return real(file)->pMethods->xSync(real(file), flags);
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
    .xRead = read,
    .xWrite = write,
    .xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); },
    .xSync = sync,
    .xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
    .xLock = [](sqlite3_file* f, int kind) { return real(f)->pMethods->xLock(real(f), kind); },
    .xUnlock = [](sqlite3_file* f, int kind) { return real(f)->pMethods->xUnlock(real(f), kind); },
    .xCheckReservedLock = [](sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); },
    .xFileControl = control,
    .xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    .xDeviceCharacteristics = [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    .xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                  void volatile** out) { return real(f)->pMethods->xShmMap(real(f), page, size, extend, out); },
    .xShmLock = [](sqlite3_file* f, int offset, int n,
                   int flags) { return real(f)->pMethods->xShmLock(real(f), offset, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* outFlags) {
  File& ours = *new (file) File{};
  const int result = system(vfs)->xOpen(system(vfs), name, ours.real(), flags, outFlags);
  if (ours.real()->pMethods != nullptr) ours.base.pMethods = &kMethods;
  return result;
}

// The system's VFS in all but opening; its functions take their own object, so those that use it are forwarded.
sqlite3_vfs& failing() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs copy = *sqlite3_vfs_find(nullptr);
    copy.pAppData = sqlite3_vfs_find(nullptr);
    copy.szOsFile += static_cast<int>(sizeof(File));
    copy.zName = "waxwing-failing";
    copy.pNext = nullptr;
    copy.xOpen = open;
    copy.xDelete = [](sqlite3_vfs* v, const char* name, int sync) { return system(v)->xDelete(system(v), name, sync); };
    copy.xAccess = [](sqlite3_vfs* v, const char* name, int flags, int* out) {
      return system(v)->xAccess(system(v), name, flags, out);
    };
    copy.xFullPathname = [](sqlite3_vfs* v, const char* name, int size, char* out) {
      return system(v)->xFullPathname(system(v), name, size, out);
    };
    return copy;
  }();
  return vfs;
}

}  // namespace

FailingDisk::FailingDisk() { sqlite3_vfs_register(&failing(), 0); }

FailingDisk::~FailingDisk() {
  heal();
  sqlite3_vfs_unregister(&failing());
}

void FailingDisk::fail(Fault fault, std::uint64_t fromCall) {
  gCallsLeft = fromCall;
  gFault = fault;
}

void FailingDisk::heal() { gFault = Fault::kNone; }

}  // namespace waxwing::testing
