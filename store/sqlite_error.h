#pragma once

#include <string_view>

#include "crypto/error.h"

struct sqlite3;

// The border with SQLite's result codes. Internal to store/.
namespace waxwing {

// The key under which a connection holds a `bool*`: set when an I/O error was seen.
inline constexpr const char* kFailedFlag = "waxwing-failed";

// The code of a storage failure, as far as the result tells; kInternal for results that only a mistake in our own code
// can produce.
Errc storeCode(int result);

// Throws StoreFailure, or std::logic_error (with the SQL literal, never a parameter) for our own mistakes. Marks the
// connection failed after an I/O error.
[[noreturn]] void throwStoreError(sqlite3* db, int result, std::string_view sql);

}  // namespace waxwing
