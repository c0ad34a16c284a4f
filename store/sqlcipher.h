#pragma once

// The one place that includes SQLCipher; only store/*.cc may include this. The header declares the key functions only
// with this definition, which must match how the library was built.
#ifndef SQLITE_HAS_CODEC
#define SQLITE_HAS_CODEC 1
#endif
#include <sqlcipher/sqlite3.h>
