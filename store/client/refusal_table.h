#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"

namespace waxwing {

// Why envelopes were not applied. The newest kMost are kept.
class RefusalTable {
 public:
  static constexpr std::int64_t kMost = 1'000;

  struct Row {
    WallTime at;
    std::optional<EnvelopeId> envelope;
    Errc code = Errc::kInternal;
    std::string reason;
    Bytes payload;  // as it came, where it may be of use again; else empty
  };

  explicit RefusalTable(Database& db) : db_(db) {}

  std::int64_t add(Transaction&, const Row& row);
  void remove(Transaction&, std::int64_t id);
  // Newest last.
  std::vector<Row> all();

 private:
  Database& db_;
  Statement add_ =
      db_.prepare("INSERT INTO refusal (at, envelope_id, code, reason, payload) VALUES (?1, ?2, ?3, ?4, ?5)");
  Statement trim_ = db_.prepare("DELETE FROM refusal WHERE id <= ?1");
  Statement remove_ = db_.prepare("DELETE FROM refusal WHERE id = ?1");
  Statement all_ = db_.prepare("SELECT at, envelope_id, code, reason, payload FROM refusal ORDER BY id");
};

// Envelopes from devices that the newest held manifest does not list yet, as they came.
class ParkedTable {
 public:
  static constexpr std::int64_t kMostPerAccount = 1'000;

  struct Row {
    std::int64_t id = 0;
    Bytes payload;
  };

  explicit ParkedTable(Database& db) : db_(db) {}

  // False if the account has too many already.
  bool add(Transaction&, const DeviceAddress& from, ByteView payload);
  bool has(const DeviceAddress& from);
  std::vector<Row> from(const AccountId& account);
  void remove(Transaction&, std::int64_t id);

 private:
  Database& db_;
  Statement add_ = db_.prepare("INSERT INTO parked (account, device, payload) VALUES (?1, ?2, ?3)");
  Statement count_ = db_.prepare("SELECT count(*) FROM parked WHERE account = ?1");
  Statement has_ = db_.prepare("SELECT 1 FROM parked WHERE account = ?1 AND device = ?2 LIMIT 1");
  Statement from_ = db_.prepare("SELECT id, payload FROM parked WHERE account = ?1 ORDER BY id");
  Statement remove_ = db_.prepare("DELETE FROM parked WHERE id = ?1");
};

}  // namespace waxwing
