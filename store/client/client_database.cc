#include "store/client/client_database.h"

#include "store/client/schema.h"

namespace waxwing {

std::span<const Migration> clientMigrations() { return kClientMigrations; }

Result<std::unique_ptr<Database>> openClientDatabase(const Database::Options& options) {
  return openMigrated(options, kClientMigrations);
}

}  // namespace waxwing
