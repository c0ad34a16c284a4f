#pragma once

#include <filesystem>

#include "crypto/bytes.h"
#include "store/database.h"

namespace waxwing::testing {

// What stands on the disk of a database that is open or was just killed: its file and its write-ahead log, as they are.
class DatabaseCopy {
 public:
  static DatabaseCopy of(const std::filesystem::path& database);
  // In place of whatever is there. Nobody may have the database open.
  void putBack(const std::filesystem::path& database) const;

 private:
  Bytes file_;
  Bytes log_;
};

// Where a simulated program is to be killed: at the n-th passing of one edge of one commit.
struct KillAt {
  CommitPoint point = CommitPoint::kCompose;
  CommitEdge edge = CommitEdge::kAfter;
  std::uint32_t times = 1;
};

// Thrown out of the commit at which a program is killed.
class Killed final : public std::runtime_error {
 public:
  Killed() : std::runtime_error("killed at a commit") {}
};

}  // namespace waxwing::testing
