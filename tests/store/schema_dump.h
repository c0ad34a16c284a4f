#pragma once

#include <cstdlib>
#include <string>

#include "store/database.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::testing {

// The schema as SQLite holds it, for comparison with tests/store/golden/<side>_schema.sql.
inline std::string schemaDump(Database& db) {
  Statement read = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name");
  Rows rows = read.query();
  std::string dump;
  while (rows.next()) dump += rows.text(0) + ";\n\n";
  return dump;
}

// The golden file's text; with WAXWING_WRITE_GOLDEN set, the file is written first.
inline std::string golden(std::string_view file, const std::string& now) {
  const auto path = std::filesystem::path(WAXWING_SOURCE_DIR) / "tests/store/golden" / file;
  if (std::getenv("WAXWING_WRITE_GOLDEN") != nullptr) writeFile(path, asBytes(now));
  const Bytes content = readFile(path);
  return std::string(asText(content));
}

}  // namespace waxwing::testing
