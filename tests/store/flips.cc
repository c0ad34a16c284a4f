#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "crypto/secret.h"
#include "store/database.h"
#include "store/files.h"
#include "store/sqlcipher.h"
#include "tools/waxwing/profile.h"

// waxwing-test-flips FILE STRIDE START [PASSPHRASE]: flips every STRIDE-th byte of a database, from START on, one after
// the other, and reads all of it. Each is noticed, or everything is there as before; else the byte is named and the
// status is 1. FILE is the database of a profile with that passphrase, or that of a relay.
namespace waxwing {
namespace {

void append(Bytes& out, sqlite3_stmt* row, int column) {
  out.push_back(static_cast<std::uint8_t>(sqlite3_column_type(row, column)));
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(row, column));
  const int size = sqlite3_column_bytes(row, column);
  if (size > 0) out.insert(out.end(), data, data + size);
  out.push_back(0);
}

// All rows of a statement, one after the other. Throws StoreFailure.
Bytes rowsOf(Database& db, const std::string& sql) {
  const std::string damaged = "a row cannot be read";
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db.handle(), sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
    throw StoreFailure(Errc::kDamaged, damaged);
  }
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
  Bytes out;
  int result = sqlite3_step(raw);
  for (; result == SQLITE_ROW; result = sqlite3_step(raw)) {
    for (int column = 0; column < sqlite3_column_count(raw); ++column) append(out, raw, column);
  }
  if (result != SQLITE_DONE) throw StoreFailure(Errc::kDamaged, damaged);
  return out;
}

std::vector<std::string> tablesOf(Database& db) {
  Statement statement = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  std::vector<std::string> names;
  Rows rows = statement.query();
  while (rows.next()) names.push_back(rows.text(0));
  return names;
}

struct Sight {
  std::optional<Errc> noticed;
  Bytes contents;
};

// What whoever reads everything sees: indexes and free pages, too.
Sight look(const Database::Options& options) try {
  auto db = Database::open(options);
  if (!db) return {.noticed = db.error().code, .contents = {}};
  Sight sight{.noticed = {}, .contents = rowsOf(**db, "SELECT * FROM sqlite_schema")};
  for (const std::string& table : tablesOf(**db)) {
    const Bytes rows = rowsOf(**db, std::string("SELECT * FROM \"").append(table).append("\""));
    sight.contents.insert(sight.contents.end(), rows.begin(), rows.end());
  }
  if (rowsOf(**db, "PRAGMA integrity_check") != rowsOf(**db, "SELECT 'ok'")) sight.noticed = Errc::kDamaged;
  return sight;
} catch (const StoreFailure& failure) {
  return {.noticed = failure.code(), .contents = {}};
}

class Flipping {
 public:
  Flipping(const Database::Options& options, std::size_t stride) : options_(options), stride_(stride) {
    const Sight sight = look(options_);
    if (sight.noticed) throw std::runtime_error("the database is not whole to begin with");
    contents_ = sight.contents;
    bytes_ = bytes();
  }

  void run(std::size_t start) {
    for (std::size_t at = start; at < bytes_.size(); at += stride_) flip(at);
    if (bytes() != bytes_) throw std::runtime_error("the database changed while it was looked at");
  }

  void show() const {
    std::cout << bytes_.size() << " bytes, " << noticed_ + harmless_ << " flipped: " << noticed_ << " noticed (";
    for (const auto& [code, times] : codes_) std::cout << name(code) << " " << times << " ";
    std::cout << "), " << harmless_ << " harmless\n";
  }

 private:
  // Another mask for each byte, never 0.
  static std::uint8_t mask(std::size_t at) { return static_cast<std::uint8_t>(1 + (at * 2654435761U >> 7) % 255); }

  Bytes bytes() const {
    std::ifstream file(options_.path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
  }

  void put(std::size_t at, std::uint8_t byte) const {
    std::fstream file(options_.path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte));
  }

  void flip(std::size_t at) {
    put(at, bytes_[at] ^ mask(at));
    const Sight sight = look(options_);
    put(at, bytes_[at]);
    if (sight.noticed) {
      ++noticed_;
      ++codes_[*sight.noticed];
    } else if (sight.contents == contents_) {
      ++harmless_;
    } else {
      throw std::runtime_error("byte " + std::to_string(at) + " changed what is read, and nobody noticed");
    }
  }

  Database::Options options_;
  std::size_t stride_;
  Bytes contents_;
  Bytes bytes_;
  std::size_t noticed_ = 0;
  std::size_t harmless_ = 0;
  std::map<Errc, std::size_t> codes_;
};

// Of a profile with that passphrase, or of a relay.
SecretBytes keyFor(const std::filesystem::path& database, const char* passphrase) {
  if (passphrase == nullptr) return SecretBytes(readSmallFile(database.parent_path() / "store.key", 32).value());
  const auto profile = tool::Profile::load(database.parent_path());
  return SecretBytes(profile.value().databaseKey(SecretBytes(asBytes(passphrase))).value().view());
}

}  // namespace
}  // namespace waxwing

int main(int count, char** values) try {
  if (count < 4) return 2;
  const auto key = waxwing::keyFor(values[1], count > 4 ? values[4] : nullptr);
  waxwing::Flipping flipping({.path = values[1], .key = key.view()}, std::stoul(values[2]));
  flipping.run(std::stoul(values[3]));
  flipping.show();
  return 0;
} catch (const std::exception& failure) {
  std::cerr << failure.what() << "\n";
  return 1;
}
