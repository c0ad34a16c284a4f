#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "crypto/bytes.h"
#include "crypto/error.h"

namespace waxwing {

// Replaces `path` by a file with this content, mode 0600, durably and at once: a crash leaves the old or the new.
// kUnwritable.
Result<void> replaceFile(const std::filesystem::path& path, ByteView content);

// The whole content of a small file; nullopt if it cannot be read or is over `limit` bytes.
std::optional<Bytes> readSmallFile(const std::filesystem::path& path, std::size_t limit);

// Makes a rename, creation or removal in this directory durable. kUnwritable.
Result<void> syncDirectory(const std::filesystem::path& directory);

// Creates an empty file of mode 0600, whose journals SQLite then makes with the same mode. kUnwritable.
Result<void> createEmptyFile(const std::filesystem::path& path);

// Renames durably. kUnwritable.
Result<void> renameFile(const std::filesystem::path& from, const std::filesystem::path& to);

std::filesystem::path directoryOf(const std::filesystem::path& path);
std::filesystem::path withSuffix(const std::filesystem::path& path, std::string_view suffix);

// Holds `<path>.lock` (flock, so that it ends with the process) with the holder's pid in it. The file itself stays.
class LockFile {
 public:
  // A further connection of this process may join a lock that was offered.
  enum class Sharing { kAlone, kOffered, kJoined };

  // kStoreLocked with the pid of the holder, kUnwritable. kJoined takes the lock itself if nobody offers it.
  static Result<std::shared_ptr<LockFile>> take(const std::filesystem::path& path, Sharing sharing);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  static Result<std::shared_ptr<LockFile>> takeAnew(const std::filesystem::path& path);

  int fd_;
};

}  // namespace waxwing
