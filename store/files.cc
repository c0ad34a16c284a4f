#include "store/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

namespace waxwing {
namespace {

class File {
 public:
  File(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool isOpen() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Errc codeOf(int error) {
  if (error == ENOSPC || error == EDQUOT) return Errc::kStoreFull;
  return error == EIO ? Errc::kStoreFailed : Errc::kUnwritable;
}

tl::unexpected<Error> failWith(int error) {
  return fail(codeOf(error), "the data directory cannot be written: " + std::generic_category().message(error));
}

tl::unexpected<Error> cannotRead(const std::filesystem::path& path, int error) {
  return fail(error == ENOENT ? Errc::kNotFound : codeOf(error),
              path.string() + " cannot be read: " + std::generic_category().message(error));
}

bool writeAll(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void writePid(int fd) {
  // Only the message to a second process suffers if this fails.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0) [[maybe_unused]]
    const ssize_t written = ::pwrite(fd, pid.data(), pid.size(), 0);
}

std::string holder(int fd) {
  char text[24] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  const unsigned long pid = size > 0 ? std::strtoul(text, nullptr, 10) : 0;
  return pid == 0 ? "another process" : "process " + std::to_string(pid);
}

// Locks of this process that a further connection may share, by the lock file's canonical path.
struct Registry {
  std::mutex mutex;
  std::map<std::pair<pid_t, std::filesystem::path>, std::weak_ptr<LockFile>> locks;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

std::filesystem::path directoryOf(const std::filesystem::path& path) {
  const auto directory = path.parent_path();
  return directory.empty() ? std::filesystem::path(".") : directory;
}

std::filesystem::path withSuffix(const std::filesystem::path& path, std::string_view suffix) {
  auto result = path;
  result += suffix;
  return result;
}

Result<bool> isPresent(const std::filesystem::path& path) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(path, error).type();
  if (type == std::filesystem::file_type::none) return cannotRead(path, error.value());
  return type != std::filesystem::file_type::not_found;
}

Result<void> syncDirectory(const std::filesystem::path& directory) {
  const File file(directory, O_RDONLY | O_DIRECTORY);
  if (!file.isOpen() || ::fsync(file.get()) != 0) return failWith(errno);
  return {};
}

Result<void> createEmptyFile(const std::filesystem::path& path) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.isOpen()) return failWith(errno);
  return {};
}

Result<void> renameFile(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failWith(errno);
  return syncDirectory(directoryOf(to));
}

Result<void> replaceFile(const std::filesystem::path& path, ByteView content) {
  const auto draft = withSuffix(path, ".new");
  {
    const File file(draft, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.isOpen() || !writeAll(file.get(), content) || ::fsync(file.get()) != 0) return failWith(errno);
  }
  return renameFile(draft, path);
}

Result<Bytes> readSmallFile(const std::filesystem::path& path, std::size_t limit) {
  const File file(path, O_RDONLY);
  if (!file.isOpen()) return cannotRead(path, errno);
  Bytes content(limit + 1);
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannotRead(path, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit) return fail(Errc::kTooLong, path.string() + " is too long");
  content.resize(size);
  return content;
}

LockFile::~LockFile() { ::close(fd_); }

Result<std::shared_ptr<LockFile>> LockFile::takeAnew(const std::filesystem::path& path) {
  File file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
  if (!file.isOpen()) return failWith(errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failWith(errno);
    return fail(Errc::kStoreLocked, "the database is in use by " + holder(file.get()));
  }
  writePid(file.get());
  return std::shared_ptr<LockFile>(new LockFile(file.release()));
}

Result<std::shared_ptr<LockFile>> LockFile::takeToLook(const std::filesystem::path& path) {
  File file(withSuffix(path, ".lock"), O_RDONLY | O_NOFOLLOW);
  if (!file.isOpen() && errno == ENOENT) return nullptr;
  if (!file.isOpen()) return failWith(errno);
  // Shared, so that two may look at once.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failWith(errno);
    return fail(Errc::kStoreLocked, "the database is in use by " + holder(file.get()));
  }
  return std::shared_ptr<LockFile>(new LockFile(file.release()));
}

Result<std::shared_ptr<LockFile>> LockFile::take(const std::filesystem::path& path, Sharing sharing) {
  const auto lockPath = withSuffix(path, ".lock");
  if (sharing == Sharing::kAlone) return takeAnew(lockPath);
  std::error_code ignored;
  auto& shared = registry();
  const std::scoped_lock guard(shared.mutex);
  std::erase_if(shared.locks, [](const auto& entry) { return entry.second.expired(); });
  auto& known = shared.locks[{::getpid(), std::filesystem::weakly_canonical(lockPath, ignored)}];
  if (auto lock = known.lock(); lock && sharing == Sharing::kJoined) return lock;
  auto lock = takeAnew(lockPath);
  if (lock) known = *lock;
  return lock;
}

}  // namespace waxwing
