#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"

// How a SQLCipher connection is opened, keyed and set. Internal to store/.
namespace waxwing {

struct CloseConnection {
  void operator()(sqlite3* db) const;
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

// Opens the file, gives SQLCipher the key, writes every setting and reads it back, and reads the canary.
// Throws StoreFailure: kDamaged also for a wrong key (the caller asks the key-check value), kWeakSettings if a setting
// did not take.
Connection connect(const Database::Options& options);

// What every connection that works sets and reads back: names and values. Not `secure_delete` and `locking_mode`, which
// differ between the programs.
std::vector<std::pair<std::string, std::string>> requiredSettings();

// Writes an encrypted database with nothing but the canary at `options.path`, where an empty file stands. Throws like
// `connect`.
void writeNewDatabase(const Database::Options& options);

}  // namespace waxwing
