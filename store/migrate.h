#pragma once

#include <span>
#include <string_view>

#include "crypto/error.h"
#include "store/database.h"

namespace waxwing {

// One step forward; the schema's version (`user_version`) after step i is i + 1. Steps are never edited once released.
struct Migration {
  std::string_view sql;
};

// Brings the schema to the newest version, each step in a transaction of its own (CommitPoint::kMigrate). kNewerSchema
// if the file is from a later Waxwing; nothing is touched then.
Result<void> migrate(Database& db, std::span<const Migration> migrations);

// Database::open, then migrate, with the failures of the disk as values.
Result<std::unique_ptr<Database>> openMigrated(const Database::Options& options, std::span<const Migration> migrations);

}  // namespace waxwing
