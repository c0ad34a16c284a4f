#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/secret.h"

struct sqlite3;
struct sqlite3_stmt;

namespace waxwing {

// A storage failure: disk full, I/O error, corruption found while reading. Carries a code of the 60 decade; the text
// names neither parameters nor data.
class StoreFailure : public std::runtime_error {
 public:
  StoreFailure(Errc code, const std::string& what) : std::runtime_error(what), code_(code) {}
  Errc code() const { return code_; }

 private:
  Errc code_;
};

// SQL that was a literal in the source: nothing that a peer sent can become part of a statement.
class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&literal)[N]) : text_(literal, N - 1) {}
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

template <typename T>
concept Enumeration = std::is_enum_v<T>;

// Has its bytes to show: fixed bytes, ids, secrets.
template <typename T>
concept Viewable = std::convertible_to<decltype(std::declval<const T&>().view()), ByteView>;

// The rows of one run of a statement; resets the statement when it goes. Views into columns hold until the next `next`.
class Rows {
 public:
  explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  // Steps; false after the last row.
  bool next();

  bool isNull(int column) const;
  std::int64_t integer(int column) const;
  ByteView blob(int column) const;
  std::string text(int column) const;
  Bytes bytes(int column) const { return toBytes(blob(column)); }
  SecretBytes secret(int column) const { return SecretBytes(blob(column)); }
  WallTime time(int column) const { return {integer(column)}; }
  AccountId account(int column) const { return AccountId::fromTrusted(blob(column)); }
  DeviceId device(int column) const { return DeviceId::fromTrusted(integer(column)); }
  // Throws StoreFailure(kDamaged) if the column has another size.
  template <typename Fixed>
  Fixed fixed(int column) const {
    const auto value = Fixed::from(blob(column));
    if (!value) throwWrongSize();
    return *value;
  }
  template <Enumeration Enum>
  Enum as(int column) const {
    return static_cast<Enum>(integer(column));
  }

 private:
  [[noreturn]] static void throwWrongSize();

  sqlite3_stmt* statement_;
};

// A prepared statement. Declared as a member, with its SQL beside it:
//
//   Statement find_ = db_.prepare("SELECT record FROM session WHERE account = ?1 AND device = ?2");
//
// Parameters are bound in order as ?1, ?2, …; a std::optional without a value binds NULL. `query` copies them, so that
// rows may outlive the arguments; `run` lends them to SQLite for the call.
class Statement {
 public:
  Statement(sqlite3* db, Sql sql);
  Statement(Statement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), refused_(other.refused_) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Binds and returns the rows; the previous run of this statement must be over.
  template <typename... Args>
  Rows query(const Args&... args) {
    lifetime_ = Lifetime::kCopied;
    return start(args...);
  }

  // Binds and runs to completion, for statements without results.
  template <typename... Args>
  void run(const Args&... args) {
    lifetime_ = Lifetime::kLent;
    Rows rows = start(args...);
    while (rows.next()) {
    }
  }

 private:
  enum class Lifetime { kCopied, kLent };

  template <typename... Args>
  Rows start(const Args&... args) {
    begin(sizeof...(Args));
    Rows rows(statement_);  // resets even if a bind throws
    int index = 0;
    (bind(++index, args), ...);
    return rows;
  }
  // Throws std::logic_error unless the statement takes that many parameters and is not running.
  void begin(std::size_t parameters);
  void bind(int index, std::nullptr_t);
  void bind(int index, ByteView blob);
  void bind(int index, std::string_view text);
  void bindInteger(int index, std::int64_t value);

  template <std::integral T>
  void bind(int index, T value) {
    bindInteger(index, static_cast<std::int64_t>(value));
  }
  template <Enumeration T>
  void bind(int index, T value) {
    bindInteger(index, static_cast<std::int64_t>(value));
  }
  void bind(int index, WallTime time) { bindInteger(index, time.ms); }
  void bind(int index, DeviceId device) { bindInteger(index, device.value()); }
  void bind(int index, const Bytes& blob) { bind(index, ByteView(blob)); }
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
  void bind(int index, const char* text) { bind(index, std::string_view(text)); }
  // FixedBytes, AccountId, SecretArray, SecretBytes, GuardedMemory
  template <Viewable T>
  void bind(int index, const T& value) {
    bind(index, ByteView(value.view()));
  }
  template <typename T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bind(index, nullptr);
    }
  }

  sqlite3_stmt* statement_;
  const bool* refused_;  // the database's "has failed" flag; null for a bare handle
  Lifetime lifetime_ = Lifetime::kCopied;
};

}  // namespace waxwing
