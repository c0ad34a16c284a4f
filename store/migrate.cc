#include "store/migrate.h"

#include <string>

namespace waxwing {
namespace {

std::size_t schemaVersion(Database& db) {
  Statement read = db.prepare("PRAGMA user_version");
  Rows rows = read.query();
  rows.next();
  const auto version = rows.integer(0);
  if (version < 0) throw StoreFailure(Errc::kDamaged, "the database names no valid schema version");
  return static_cast<std::size_t>(version);
}

void takeStep(Database& db, std::string_view sql, std::size_t version) {
  Transaction transaction(db, CommitPoint::kMigrate);
  db.script(sql);
  db.script("PRAGMA user_version = " + std::to_string(version));
  transaction.commit();
}

}  // namespace

Result<void> migrate(Database& db, std::span<const Migration> migrations) {
  const std::size_t version = schemaVersion(db);
  if (version > migrations.size()) {
    return fail(Errc::kNewerSchema, "the database was written by a newer Waxwing; use that one");
  }
  for (std::size_t i = version; i < migrations.size(); ++i) takeStep(db, migrations[i].sql, i + 1);
  return {};
}

Result<std::unique_ptr<Database>> openMigrated(const Database::Options& options,
                                               std::span<const Migration> migrations) try {
  auto db = Database::open(options);
  if (!db) return db;
  if (auto migrated = migrate(**db, migrations); !migrated) return tl::unexpected(migrated.error());
  return db;
} catch (const StoreFailure& failure) {
  return fail(failure.code(), failure.what());
}

}  // namespace waxwing
