#include "tests/store/sql_dump.h"

#include <stdexcept>
#include <vector>

#include "store/sqlcipher.h"

namespace waxwing::testing {
namespace {

std::vector<std::string> column(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::logic_error(sqlite3_errmsg(db));
  }
  std::vector<std::string> values;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    values.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
  }
  sqlite3_finalize(statement);
  return values;
}

std::string rowsOf(sqlite3* db, const std::string& table) {
  std::string names;
  std::string values;
  for (const auto& name : column(db, "SELECT name FROM pragma_table_info('" + table + "')")) {
    names.append(names.empty() ? "" : ", ").append(name);
    values.append(values.empty() ? "quote(" : " || ', ' || quote(").append(name).append(")");
  }
  std::string sql;
  for (const auto& row : column(db, "SELECT " + values + " FROM " + table + " ORDER BY 1")) {
    sql.append("INSERT OR REPLACE INTO ").append(table).append(" (").append(names).append(") VALUES (");
    sql.append(row).append(");\n");
  }
  return sql;
}

}  // namespace

std::string sqlDump(Database& db) {
  std::string sql;
  for (const auto& table : column(db.handle(),
                                  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                                  "AND name <> 'canary' ORDER BY rowid")) {
    sql += rowsOf(db.handle(), table);
  }
  return sql;
}

}  // namespace waxwing::testing
