#include "store/statement.h"

#include "store/sqlcipher.h"
#include "store/sqlite_error.h"

namespace waxwing {
namespace {

std::string_view sqlOf(sqlite3_stmt* statement) { return sqlite3_sql(statement); }

[[noreturn]] void throwFor(sqlite3_stmt* statement, int result) {
  throwStoreError(sqlite3_db_handle(statement), result, sqlOf(statement));
}

}  // namespace

Rows::~Rows() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);  // lent parameters end here, and copies of secrets are given back
}

bool Rows::next() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  throwFor(statement_, result);
}

bool Rows::isNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t Rows::integer(int column) const { return sqlite3_column_int64(statement_, column); }

ByteView Rows::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

std::string Rows::text(int column) const { return std::string(asText(blob(column))); }

void Rows::throwWrongSize() {
  throw StoreFailure(Errc::kDamaged, "a column has another size than the schema promises");
}

Statement::Statement(sqlite3* db, Sql sql)
    : statement_(nullptr), refused_(static_cast<const bool*>(sqlite3_get_clientdata(db, kFailedFlag))) {
  const std::string_view text = sql.text();
  const char* tail = nullptr;
  const int result =
      sqlite3_prepare_v3(db, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT, &statement_, &tail);
  if (result != SQLITE_OK) throwStoreError(db, result, text);
  const bool onlyOne = statement_ != nullptr && tail == text.data() + text.size();
  if (onlyOne) return;
  sqlite3_finalize(statement_);
  throw std::logic_error("not exactly one statement: " + std::string(text));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::begin(std::size_t parameters) {
  if (refused_ != nullptr && *refused_) {
    throw StoreFailure(Errc::kStoreFailed, "the disk failed earlier; open the database anew");
  }
  if (sqlite3_stmt_busy(statement_) != 0)
    throw std::logic_error("statement is running: " + std::string(sqlOf(statement_)));
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_)) != parameters) {
    throw std::logic_error("wrong number of parameters: " + std::string(sqlOf(statement_)));
  }
}

void Statement::bind(int index, std::nullptr_t) {
  if (const int result = sqlite3_bind_null(statement_, index); result != SQLITE_OK) throwFor(statement_, result);
}

void Statement::bind(int index, ByteView blob) {
  // A null pointer would bind NULL, and an empty blob is not NULL.
  const void* data = blob.empty() ? "" : static_cast<const void*>(blob.data());
  const auto copying = lifetime_ == Lifetime::kCopied ? SQLITE_TRANSIENT : SQLITE_STATIC;
  const int result = sqlite3_bind_blob64(statement_, index, data, blob.size(), copying);
  if (result != SQLITE_OK) throwFor(statement_, result);
}

void Statement::bind(int index, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  const auto copying = lifetime_ == Lifetime::kCopied ? SQLITE_TRANSIENT : SQLITE_STATIC;
  const int result = sqlite3_bind_text64(statement_, index, data, text.size(), copying, SQLITE_UTF8);
  if (result != SQLITE_OK) throwFor(statement_, result);
}

void Statement::bindInteger(int index, std::int64_t value) {
  if (const int result = sqlite3_bind_int64(statement_, index, value); result != SQLITE_OK)
    throwFor(statement_, result);
}

}  // namespace waxwing
