#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/ports.h"

namespace waxwing::testing {

// What a disk does at a call that writes, syncs or truncates.
enum class DiskFault {
  kFailWrite,  // EIO, once
  kFailSync,   // EIO, once; what was not synced is lost in part, as when a kernel drops the pages
  kFull,       // ENOSPC, from then on until `heal`
  kKill,       // the process ends in the middle; what it wrote stays
  kPowerLoss,  // the machine ends in the middle; what was not synced is lost, kept, torn or reordered
};

// The disk of one machine, in memory, as a SQLite VFS of its own. Writes reach the platter when they are synced, and
// before only by chance, in any order, sector by sector. Databases live here with their journals, logs and shared
// memory; the few other files that the store makes (lock, key check) stand in an ordinary `directory`, which is made,
// and where a placeholder stands for each database: they are made anew from nothing but the key, and what a crash
// between them and the first database leaves behind is tested with real processes.
class SimDisk {
 public:
  // What stands on a disk.
  class Copy {
   public:
    bool empty() const { return files_.empty(); }

   private:
    friend class SimDisk;
    std::map<std::string, Bytes> files_;
  };

  SimDisk(Random& random, std::filesystem::path directory);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  // Where a database of this name stands for Database::Options::path.
  std::filesystem::path path(std::string_view name) const;
  // The name for Database::Options::vfs.
  const std::string& vfs() const;

  // The process that used it is gone: all its handles are dead, its locks and shared memory are no more.
  void killProcess();
  // The same, and what was not synced may be lost.
  void losePower();
  // At the n-th call from now that writes, syncs or truncates; 1 is the next.
  void failAt(DiskFault fault, std::uint64_t call);
  // Ends all faults, also those that did not come yet.
  void heal();
  bool isFull() const;
  // After kKill or kPowerLoss struck: the machine may not use its handles any more. Called from within the VFS.
  std::function<void(DiskFault)> onDeath = [](DiskFault) {};

  // As `cp` sees it while a process runs or not.
  Copy copy() const;
  // In place of whatever is there. Nobody may have it open.
  void putBack(const Copy& copy);
  // Whether these bytes stand anywhere on it.
  bool contains(std::string_view marker) const;
  std::uint64_t bytes() const;
  std::uint64_t calls() const;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace waxwing::testing
