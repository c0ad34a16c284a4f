#pragma once

#include "store/database.h"
#include "tools/vectors/case.h"

namespace waxwing::vectors {

// What two test profiles did with each other, as the values of a case of the kind `transcript`. Both databases are only
// read. kNotAllowed where one is not marked as a test profile, whatever it holds; kNotFound where they have exchanged
// nothing; kDamaged where one received what the other never sent, as after a restore.
Result<Json> capture(Database& alice, Database& bob);

}  // namespace waxwing::vectors
