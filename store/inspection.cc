#include "store/inspection.h"

#include "store/connection.h"
#include "store/database.h"
#include "store/sqlcipher.h"
#include "store/sqlite_error.h"

namespace waxwing {
namespace {

constexpr std::string_view kCipher[] = {
    "cipher_version",          "cipher_provider",
    "cipher_provider_version", "cipher_page_size",
    "cipher_use_hmac",         "cipher_hmac_algorithm",
    "cipher_kdf_algorithm",    "kdf_iter",
    "cipher_hmac_salt_mask",   "cipher_plaintext_header_size",
};
constexpr std::string_view kFile[] = {"page_size",   "page_count",     "freelist_count", "user_version",
                                      "auto_vacuum", "application_id", "encoding"};

// Statements whose text holds a name of the schema: the schema is authenticated and ours, its names are quoted all the
// same.
class Question {
 public:
  Question(sqlite3* db, const std::string& sql) : db_(db), sql_(sql) {
    check(sqlite3_prepare_v2(db, sql.c_str(), -1, &statement_, nullptr));
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() { sqlite3_finalize(statement_); }

  bool next() {
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) check(result);
    return result == SQLITE_ROW;
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* text = sqlite3_column_text(statement_, column);
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
  }

 private:
  void check(int result) const {
    if (result != SQLITE_OK) throwStoreError(db_, result, sql_);
  }

  sqlite3* db_;
  std::string sql_;
  sqlite3_stmt* statement_ = nullptr;
};

std::string between(char mark, const std::string& name) {
  std::string out(1, mark);
  for (const char c : name) out.append(c == mark ? 2 : 1, c);
  return out += mark;
}
std::string quoted(const std::string& name) { return between('"', name); }

std::string pragma(std::string_view name) { return std::string("PRAGMA ").append(name); }

template <typename Names>
std::vector<Inspection::NamedValue> answers(sqlite3* db, const Names& names) {
  std::vector<Inspection::NamedValue> values;
  for (const auto name : names) {
    Question question(db, pragma(name));
    if (question.next()) values.emplace_back(name, question.text(0));
  }
  return values;
}

std::vector<std::string> texts(sqlite3* db, const std::string& sql) {
  std::vector<std::string> found;
  for (Question question(db, sql); question.next();) found.push_back(question.text(0));
  return found;
}

// A row for each page that does not authenticate.
std::int64_t brokenPages(sqlite3* db) {
  return static_cast<std::int64_t>(texts(db, "PRAGMA cipher_integrity_check").size());
}

Inspection::Table lookAt(sqlite3* db, const std::string& table) {
  std::string bytes = "0";
  for (const auto& column : texts(db, "SELECT name FROM pragma_table_info(" + between('\'', table) + ")")) {
    bytes.append(" + coalesce(length(CAST(").append(quoted(column)).append(" AS BLOB)), 0)");
  }
  Question question(db, "SELECT count(*), coalesce(sum(" + bytes + "), 0) FROM " + quoted(table));
  question.next();
  return {table, question.integer(0), question.integer(1)};
}

Inspection lookAt(sqlite3* db) {
  Inspection found;
  found.cipher = answers(db, kCipher);
  found.file = answers(db, kFile);
  found.required = requiredSettings();
  found.brokenPages = brokenPages(db);
  if (found.brokenPages > 0) return found;
  for (const auto& table : texts(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    found.tables.push_back(lookAt(db, table));
  }
  return found;
}

}  // namespace

Result<Inspection> inspectDatabase(const std::filesystem::path& path, ByteView key, std::size_t newestSchema) try {
  const auto db = Database::open({.path = path, .key = key, .access = Database::Access::kLook});
  if (!db) return tl::unexpected(db.error());
  Question version((*db)->handle(), "PRAGMA user_version");
  version.next();
  const auto schema = static_cast<std::size_t>(version.integer(0));
  if (schema > newestSchema)
    return fail(Errc::kNewerSchema, "the database was written by a newer Waxwing; use that one");
  auto found = lookAt((*db)->handle());
  found.schemaVersion = schema;
  return found;
} catch (const StoreFailure& failure) {
  return fail(failure.code(), failure.what());
}

}  // namespace waxwing
