#pragma once

#include <cstdint>
#include <string>

namespace waxwing::testing {

// A SQLite VFS over the system's whose reads, writes and syncs fail when told to. One at a time per process.
class FailingDisk {
 public:
  enum class Fault {
    kNone,
    kWrite,  // EIO
    kFull,   // ENOSPC
    kSync,   // EIO
    kRead,   // EIO
  };

  FailingDisk();
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  // The name for Database::Options::vfs.
  static std::string vfs() { return "waxwing-failing"; }
  // From the n-th call of that kind on (1 is the next), every one fails until `heal`.
  void fail(Fault fault, std::uint64_t fromCall = 1);
  void heal();
};

}  // namespace waxwing::testing
