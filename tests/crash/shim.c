// Stands between a program and the C library (LD_PRELOAD) and makes, on request, calls on the files of one directory
// fail, or the wall clock lie. For tests only.
//
//   WAXWING_SHIM_PAGE   a file of one page that the test and all programs map; struct Page tells what is asked for
//   WAXWING_SHIM_UNDER  the directory (canonical); other files and descriptors are left alone
//
// The test writes `kinds` last; from then on the calls of these kinds are counted, over all programs and threads. The
// calls number `first` to `first + times - 1` fail.
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum Kind { kOpen = 1, kWrite = 2, kSync = 4, kTruncate = 8, kRename = 16, kRead = 32, kStat = 64 };

// Instead of an errno: half of what was to be written is, and nothing more. The next call then fails with ENOSPC, as on
// a disk that is full.
enum { kShortWrite = -1 };

struct Page {
  _Atomic int64_t clockMs;  // what is added to CLOCK_REALTIME
  _Atomic int64_t kinds;    // of enum Kind, or-ed; 0: none fails
  _Atomic int64_t error;    // errno, or kShortWrite
  _Atomic int64_t first;    // from 1
  _Atomic int64_t times;
  _Atomic int64_t seen;    // calls of these kinds
  _Atomic int64_t struck;  // those that failed
  _Atomic int64_t lossy;   // 1: what was written since a file's last good sync is gone when a sync of it fails
  char where[1024];        // the first that failed: "KIND PATH"
};

enum { kFiles = 4096, kRanges = 4096 };

struct Range {
  off64_t at;
  size_t size;
  char* before;  // what was there; zeros where there was nothing
};

// A file that is open, and what was written to it since its last good sync: through whichever descriptor, as a sync
// through one of them is good for all.
struct Node {
  dev_t device;
  ino64_t inode;
  size_t descriptors;
  struct Range* unsynced;
  size_t count;
  struct Node* next;
};

// A descriptor of a file in the directory.
struct File {
  char* path;
  struct Node* node;
};

static struct Page* page;
static char under[PATH_MAX];
static struct File files[kFiles];
static struct Node* nodes;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name)               \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))(dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  const char* file = getenv("WAXWING_SHIM_PAGE");
  const char* directory = getenv("WAXWING_SHIM_UNDER");
  if (file == NULL) return;
  if (directory != NULL) snprintf(under, sizeof under, "%s/", directory);
  REAL(open);
  const int fd = real(file, O_RDWR | O_CLOEXEC);
  void* mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) {
    static const char kText[] = "the shim has no page\n";
    if (write(STDERR_FILENO, kText, sizeof kText - 1) < 0) _exit(98);
    _exit(99);
  }
  close(fd);
  page = mapped;
}

static int isUnder(const char* path) {
  if (page == NULL || under[0] == 0) return 0;
  char whole[PATH_MAX];
  if (path[0] != '/') {
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) == NULL) return 0;
    if (snprintf(whole, sizeof whole, "%s/%s", here, path) >= (int)sizeof whole) return 0;
    path = whole;
  }
  const size_t length = strlen(under) - 1;
  return strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static const char* nameOf(enum Kind kind) {
  switch (kind) {
    case kOpen:
      return "open";
    case kWrite:
      return "write";
    case kSync:
      return "sync";
    case kTruncate:
      return "truncate";
    case kRename:
      return "rename";
    case kRead:
      return "read";
    case kStat:
      return "stat";
  }
  return "?";
}

// Counts a call; the error that it shall give, 0 if none.
static int strike(enum Kind kind, const char* path) {
  if ((atomic_load(&page->kinds) & kind) == 0) return 0;
  const int64_t number = atomic_fetch_add(&page->seen, 1) + 1;
  const int64_t first = atomic_load(&page->first);
  if (number < first || number - first >= atomic_load(&page->times)) return 0;
  if (atomic_fetch_add(&page->struck, 1) == 0) snprintf(page->where, sizeof page->where, "%s %s", nameOf(kind), path);
  const int error = (int)atomic_load(&page->error);
  return error != kShortWrite ? error : kind == kWrite && number == first ? kShortWrite : ENOSPC;
}

// Copies the path, as the file may be closed by another thread; NULL if the descriptor is none of ours.
static const char* pathOf(int fd, char* buffer) {
  if (page == NULL || fd < 0 || fd >= kFiles) return NULL;
  pthread_mutex_lock(&mutex);
  const char* path = files[fd].path;
  if (path != NULL) path = strncpy(buffer, path, PATH_MAX - 1);
  pthread_mutex_unlock(&mutex);
  return path;
}

// These three: under the mutex.
static void dropRanges(struct Node* node) {
  for (size_t i = 0; i < node->count; ++i) free(node->unsynced[i].before);
  node->count = 0;
}

static struct Node* nodeOf(int fd) {
  struct stat64 status;
  if (fstat64(fd, &status) != 0) return NULL;
  struct Node* node = nodes;
  while (node != NULL && (node->device != status.st_dev || node->inode != status.st_ino)) node = node->next;
  if (node == NULL) {
    node = calloc(1, sizeof *node);
    if (node == NULL) return NULL;
    *node = (struct Node){.device = status.st_dev, .inode = status.st_ino, .next = nodes};
    nodes = node;
  }
  ++node->descriptors;
  return node;
}

static void leave(struct Node* node) {
  if (node == NULL || --node->descriptors != 0) return;
  struct Node** link = &nodes;
  while (*link != node) link = &(*link)->next;
  *link = node->next;
  dropRanges(node);
  free(node->unsynced);
  free(node);
}

static void forget(int fd) {
  if (fd < 0 || fd >= kFiles) return;
  pthread_mutex_lock(&mutex);
  leave(files[fd].node);
  free(files[fd].path);
  memset(&files[fd], 0, sizeof files[fd]);
  pthread_mutex_unlock(&mutex);
}

static int remember(int fd, const char* path) {
  if (fd < 0 || fd >= kFiles) return fd;
  forget(fd);
  pthread_mutex_lock(&mutex);
  files[fd].path = strdup(path);
  files[fd].node = nodeOf(fd);
  pthread_mutex_unlock(&mutex);
  return fd;
}

// Before a write.
static void keepForLoss(int fd, off64_t at, size_t size) {
  if (atomic_load(&page->lossy) == 0) return;
  REAL(pread64);
  pthread_mutex_lock(&mutex);
  struct Node* node = files[fd].node;
  if (node != NULL && node->unsynced == NULL) node->unsynced = calloc(kRanges, sizeof(struct Range));
  char* before = calloc(1, size);
  if (node != NULL && node->unsynced != NULL && before != NULL && node->count < kRanges) {
    if (real(fd, before, size, at) < 0) memset(before, 0, size);
    node->unsynced[node->count++] = (struct Range){at, size, before};
  } else {
    free(before);
  }
  pthread_mutex_unlock(&mutex);
}

static void noteSynced(int fd) {
  pthread_mutex_lock(&mutex);
  if (files[fd].node != NULL) dropRanges(files[fd].node);
  pthread_mutex_unlock(&mutex);
}

// What a kernel may do to pages that it could not write: the disk has what it had before.
static void lose(int fd) {
  REAL(pwrite64);
  struct stat64 now;
  if (atomic_load(&page->lossy) == 0 || fstat64(fd, &now) != 0) return;
  pthread_mutex_lock(&mutex);
  struct Node* node = files[fd].node;
  for (size_t i = node == NULL ? 0 : node->count; i-- > 0;) {
    const struct Range range = node->unsynced[i];
    const off64_t left = now.st_size - range.at;
    if (left <= 0) continue;
    if (real(fd, range.before, left < (off64_t)range.size ? (size_t)left : range.size, range.at) < 0) break;
  }
  if (node != NULL) dropRanges(node);
  pthread_mutex_unlock(&mutex);
}

static int refuse(int error) {
  errno = error;
  return -1;
}

// Opening and closing

#define DEFINE_OPEN(name)                               \
  int name(const char* path, int flags, ...) {          \
    REAL(name);                                         \
    va_list rest;                                       \
    va_start(rest, flags);                              \
    const mode_t mode = va_arg(rest, mode_t);           \
    va_end(rest);                                       \
    if (!isUnder(path)) return real(path, flags, mode); \
    const int error = strike(kOpen, path);              \
    if (error != 0) return refuse(error);               \
    return remember(real(path, flags, mode), path);     \
  }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

int close(int fd) {
  REAL(close);
  if (page != NULL) forget(fd);
  return real(fd);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  const int error = isUnder(to) ? strike(kRename, to) : 0;
  return error != 0 ? refuse(error) : real(from, to);
}

// Writing

static ssize_t writeAt(int fd, const void* data, size_t size, off64_t at) {
  REAL(pwrite64);
  char path[PATH_MAX] = "";
  if (pathOf(fd, path) == NULL) return real(fd, data, size, at);
  const int error = strike(kWrite, path);
  if (error > 0) return refuse(error);
  keepForLoss(fd, at, size);
  return real(fd, data, error == kShortWrite ? size / 2 : size, at);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) { return writeAt(fd, data, size, at); }
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) { return writeAt(fd, data, size, at); }

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  char path[PATH_MAX] = "";
  if (pathOf(fd, path) == NULL) return real(fd, data, size);
  const int error = strike(kWrite, path);
  if (error > 0) return refuse(error);
  keepForLoss(fd, lseek64(fd, 0, SEEK_CUR), size);
  return real(fd, data, error == kShortWrite ? size / 2 : size);
}

// Reading

ssize_t read(int fd, void* data, size_t size) {
  REAL(read);
  char path[PATH_MAX] = "";
  const int error = pathOf(fd, path) != NULL ? strike(kRead, path) : 0;
  return error != 0 ? refuse(error) : real(fd, data, size);
}

static ssize_t readAt(int fd, void* data, size_t size, off64_t at) {
  REAL(pread64);
  char path[PATH_MAX] = "";
  const int error = pathOf(fd, path) != NULL ? strike(kRead, path) : 0;
  return error != 0 ? refuse(error) : real(fd, data, size, at);
}

ssize_t pread(int fd, void* data, size_t size, off_t at) { return readAt(fd, data, size, at); }
ssize_t pread64(int fd, void* data, size_t size, off64_t at) { return readAt(fd, data, size, at); }

#define DEFINE_STAT(name, Status)                              \
  int name(const char* path, Status* status) {                 \
    REAL(name);                                                \
    const int error = isUnder(path) ? strike(kStat, path) : 0; \
    return error != 0 ? refuse(error) : real(path, status);    \
  }

typedef struct stat Status;
typedef struct stat64 Status64;
DEFINE_STAT(stat, Status)
DEFINE_STAT(lstat, Status)
DEFINE_STAT(stat64, Status64)
DEFINE_STAT(lstat64, Status64)

#define DEFINE_TRUNCATE(name, Offset)                                 \
  int name(int fd, Offset size) {                                     \
    REAL(name);                                                       \
    char path[PATH_MAX] = "";                                         \
    const int error = pathOf(fd, path) ? strike(kTruncate, path) : 0; \
    return error != 0 ? refuse(error) : real(fd, size);               \
  }

DEFINE_TRUNCATE(ftruncate, off_t)
DEFINE_TRUNCATE(ftruncate64, off64_t)

#define DEFINE_SYNC(name)                          \
  int name(int fd) {                               \
    REAL(name);                                    \
    char path[PATH_MAX] = "";                      \
    if (pathOf(fd, path) == NULL) return real(fd); \
    const int error = strike(kSync, path);         \
    if (error != 0) {                              \
      lose(fd);                                    \
      return refuse(error);                        \
    }                                              \
    noteSynced(fd);                                \
    return real(fd);                               \
  }

DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

// The wall clock. The monotonic clock is left alone, as it is by whoever sets the time.

static int64_t clockMs(void) { return page == NULL ? 0 : atomic_load(&page->clockMs); }

static void shift(time_t* seconds, long* part, long partsInSecond) {
  const int64_t ms = clockMs();
  int64_t parts = *part + ms % 1000 * (partsInSecond / 1000);
  int64_t whole = *seconds + ms / 1000;
  if (parts < 0) parts += partsInSecond, --whole;
  if (parts >= partsInSecond) parts -= partsInSecond, ++whole;
  *seconds = whole;
  *part = parts;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  REAL(clock_gettime);
  const int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    shift(&now->tv_sec, &now->tv_nsec, 1000000000);
  }
  return result;
}

int gettimeofday(struct timeval* now, void* zone) {
  REAL(gettimeofday);
  const int result = real(now, zone);
  if (result == 0) shift(&now->tv_sec, &now->tv_usec, 1000000);
  return result;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
