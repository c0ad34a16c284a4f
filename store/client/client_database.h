#pragma once

#include "store/migrate.h"

namespace waxwing {

// The client's schema, oldest step first (store/client/schema/*.sql).
std::span<const Migration> clientMigrations();

// Opens (or creates) the client's database and brings its schema to the newest version. Outcomes as Database::open and
// migrate.
Result<std::unique_ptr<Database>> openClientDatabase(const Database::Options& options);

}  // namespace waxwing
