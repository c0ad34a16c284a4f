#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"

namespace waxwing {

// What a database file is made of, for people who audit. Names of tables and of settings, counts and sizes; no value of
// any row.
struct Inspection {
  using NamedValue = std::pair<std::string, std::string>;
  struct Table {
    std::string name;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;  // of all values: blobs and texts as they are, numbers as their decimal digits
  };

  std::size_t schemaVersion = 0;
  std::vector<NamedValue> cipher;    // what SQLCipher says of the cipher of this very file, by its own names
  std::vector<NamedValue> file;      // page counts, encoding, …, as SQLite names them
  std::vector<NamedValue> required;  // what Waxwing sets and reads back whenever it opens a file to work with it
  std::int64_t brokenPages = 0;      // pages of the file that do not authenticate
  std::vector<Table> tables;         // by name; empty if a page is broken
};

// Looks without changing a byte, and holds the lock meanwhile (Database::Access::kLook). `newestSchema`: the highest
// version that this program knows. Outcomes as Database::open; kNewerSchema.
Result<Inspection> inspectDatabase(const std::filesystem::path& path, ByteView key, std::size_t newestSchema);

}  // namespace waxwing
