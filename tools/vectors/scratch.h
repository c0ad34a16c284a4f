#pragma once

#include "store/database.h"

namespace waxwing::vectors {

// A client's database that nobody keeps: session/ works on one. It lies in a temporary directory of this process and is
// removed with it; each check works in a transaction that is rolled back, so that none sees another's traces.
enum class Whose { kAlice, kBob };
Database& scratchDatabase(Whose whose);

}  // namespace waxwing::vectors
