#pragma once

#include <filesystem>
#include <memory>

#include "crypto/bytes.h"
#include "crypto/error.h"

namespace waxwing {

// Replaces `path` by a file with this content, mode 0600, durably and at once: a crash leaves the old or the new.
// As `syncDirectory`.
Result<void> replaceFile(const std::filesystem::path& path, ByteView content);

// The whole content of a small file. kNotFound, kTooLong (over `limit` bytes), kUnwritable, kStoreFailed.
Result<Bytes> readSmallFile(const std::filesystem::path& path, std::size_t limit);

// Whether something is there, be it a link to nothing. kUnwritable, kStoreFailed if that cannot be told.
Result<bool> isPresent(const std::filesystem::path& path);

// Makes a rename, creation or removal in this directory durable. kUnwritable, kStoreFull, kStoreFailed.
Result<void> syncDirectory(const std::filesystem::path& directory);

// Creates an empty file of mode 0600, whose journals SQLite then makes with the same mode. As `syncDirectory`.
Result<void> createEmptyFile(const std::filesystem::path& path);

// Renames durably. As `syncDirectory`.
Result<void> renameFile(const std::filesystem::path& from, const std::filesystem::path& to);

std::filesystem::path directoryOf(const std::filesystem::path& path);
std::filesystem::path withSuffix(const std::filesystem::path& path, std::string_view suffix);

// Holds `<path>.lock` (flock, so that it ends with the process) with the holder's pid in it. The file itself stays.
class LockFile {
 public:
  // A further connection of this process may join a lock that was offered.
  enum class Sharing { kAlone, kOffered, kJoined };

  // kStoreLocked with the pid of the holder, or as `syncDirectory`. kJoined takes the lock itself if nobody offers it.
  static Result<std::shared_ptr<LockFile>> take(const std::filesystem::path& path, Sharing sharing);
  // For who only looks: holds a lock file that is there and leaves its bytes as they are, so that a second process is
  // told of an earlier holder. Nothing if there is none. kStoreLocked, or as `syncDirectory`.
  static Result<std::shared_ptr<LockFile>> takeToLook(const std::filesystem::path& path);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  static Result<std::shared_ptr<LockFile>> takeAnew(const std::filesystem::path& path);

  int fd_;
};

}  // namespace waxwing
