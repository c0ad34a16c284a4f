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
  struct Sum {
    Errc code = Errc::kInternal;
    std::string reason;  // of the newest
    std::uint64_t count = 0;
    WallTime newest;
  };
  // Envelopes alone, by code, newest last; those that were only read before are left out.
  std::vector<Sum> ofEnvelopes();

 private:
  Database& db_;
  Statement add_ =
      db_.prepare("INSERT INTO refusal (at, envelope_id, code, reason, payload) VALUES (?1, ?2, ?3, ?4, ?5)");
  Statement trim_ = db_.prepare("DELETE FROM refusal WHERE id <= ?1");
  Statement remove_ = db_.prepare("DELETE FROM refusal WHERE id = ?1");
  Statement ofEnvelopes_ = db_.prepare(
      "SELECT code, reason, count(*), max(at) FROM refusal WHERE envelope_id IS NOT NULL AND code NOT IN (?1, ?2) "
      "GROUP BY code ORDER BY max(at)");
  Statement all_ = db_.prepare("SELECT at, envelope_id, code, reason, payload FROM refusal ORDER BY id");
};

// Envelopes from devices that the newest held manifest does not list yet, as they came.
class ParkedTable {
 public:
  static constexpr std::int64_t kMostPerAccount = 1'000;
  // Of accounts that are no contacts, of which a sibling may know better. What is refused beyond these is asked for
  // again once the account is a contact and writes again.
  static constexpr std::int64_t kMostPerStranger = 64;
  static constexpr std::int64_t kMostBesideStrangers = 1'000;  // a stranger's is kept while fewer are here in all

  struct Row {
    std::int64_t id = 0;
    Bytes payload;
  };

  explicit ParkedTable(Database& db) : db_(db) {}

  // False if the account has too many already.
  bool add(Transaction&, const DeviceAddress& from, ByteView payload);
  bool addOfStranger(Transaction&, const DeviceAddress& from, ByteView payload);
  bool has(const DeviceAddress& from);
  std::vector<Row> from(const AccountId& account);
  std::vector<AccountId> accounts();
  void remove(Transaction&, std::int64_t id);
  void removeAccount(Transaction&, const AccountId& account);

 private:
  std::int64_t count(const AccountId& account);
  std::int64_t countAll();

  Database& db_;
  Statement add_ = db_.prepare("INSERT INTO parked (account, device, payload) VALUES (?1, ?2, ?3)");
  Statement count_ = db_.prepare("SELECT count(*) FROM parked WHERE account = ?1");
  Statement countAll_ = db_.prepare("SELECT count(*) FROM parked");
  Statement has_ = db_.prepare("SELECT 1 FROM parked WHERE account = ?1 AND device = ?2 LIMIT 1");
  Statement accounts_ = db_.prepare("SELECT DISTINCT account FROM parked");
  Statement from_ = db_.prepare("SELECT id, payload FROM parked WHERE account = ?1 ORDER BY id");
  Statement remove_ = db_.prepare("DELETE FROM parked WHERE id = ?1");
  Statement removeAccount_ = db_.prepare("DELETE FROM parked WHERE account = ?1");
};

}  // namespace waxwing
