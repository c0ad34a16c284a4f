#pragma once

#include <optional>
#include <string_view>

#include "store/database.h"

namespace waxwing {

// The client's small facts that are read and written whole: one named value each. Names are literals of the room that
// uses them.
class Settings {
 public:
  explicit Settings(Database& db) : db_(db) {}

  // A value may be secret: it comes and goes in wiped memory.
  std::optional<SecretBytes> find(std::string_view name);
  std::optional<std::int64_t> findInteger(std::string_view name);
  void put(Transaction&, std::string_view name, ByteView value);
  void putInteger(Transaction&, std::string_view name, std::int64_t value);
  void remove(Transaction&, std::string_view name);

 private:
  Database& db_;
  Statement find_ = db_.prepare("SELECT value FROM setting WHERE name = ?1");
  Statement put_ = db_.prepare(
      "INSERT INTO setting (name, value) VALUES (?1, ?2) "
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  Statement remove_ = db_.prepare("DELETE FROM setting WHERE name = ?1");
};

}  // namespace waxwing
