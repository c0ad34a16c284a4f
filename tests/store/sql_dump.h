#pragma once

#include <string>

#include "store/database.h"

namespace waxwing::testing {

// Every row of every table as SQL that puts it into a database of the same schema.
std::string sqlDump(Database& db);

}  // namespace waxwing::testing
