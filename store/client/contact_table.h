#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"

namespace waxwing {

// People: those we know, those who ask, those we block. States are outbox/outbox.h's ContactState.
class ContactTable {
 public:
  struct Row {
    AccountId account;
    std::string name;  // empty: not named yet
    std::string statedName;
    std::string note;
    std::uint8_t state = 0;
    bool unconfirmed = false;
    std::optional<SecretBytes> accessKey;  // secret
    std::string relay;                     // routes until a manifest is held
    std::uint64_t accessKeyMade = 0;       // ms, of its maker; 0: not known, or an invite's
    std::optional<SecretBytes> otherKey;   // secret; tried where that one opens nothing
  };

  explicit ContactTable(Database& db) : db_(db) {}

  std::optional<Row> find(const AccountId& account);
  std::optional<Row> findByName(std::string_view name);
  // 0: nobody we know.
  std::uint8_t state(const AccountId& account);
  std::vector<Row> all();
  std::vector<AccountId> inState(std::uint8_t state);
  // Replaces the whole row. The name must be free: look with `findByName` first.
  void put(Transaction&, const Row& row);

 private:
  static Row read(const Rows& rows);

  Database& db_;
  Statement find_ = db_.prepare(
      "SELECT account, name, stated_name, note, state, unconfirmed, access_key, relay, access_key_made, "
      "other_access_key FROM contact WHERE account = ?1");
  Statement findByName_ = db_.prepare(
      "SELECT account, name, stated_name, note, state, unconfirmed, access_key, relay, access_key_made, "
      "other_access_key FROM contact WHERE name = ?1");
  Statement state_ = db_.prepare("SELECT state FROM contact WHERE account = ?1");
  Statement all_ = db_.prepare(
      "SELECT account, name, stated_name, note, state, unconfirmed, access_key, relay, access_key_made, "
      "other_access_key FROM contact ORDER BY name IS NULL, name, account");
  Statement inState_ = db_.prepare("SELECT account FROM contact WHERE state = ?1 ORDER BY account");
  Statement put_ = db_.prepare(
      "INSERT INTO contact (account, name, stated_name, note, state, unconfirmed, access_key, relay, "
      "access_key_made, other_access_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
      "ON CONFLICT (account) DO UPDATE SET name = excluded.name, "
      "stated_name = excluded.stated_name, note = excluded.note, state = excluded.state, "
      "unconfirmed = excluded.unconfirmed, access_key = excluded.access_key, relay = excluded.relay, "
      "access_key_made = excluded.access_key_made, other_access_key = excluded.other_access_key");
};

// One's own invite keys. Secret.
class InviteTable {
 public:
  explicit InviteTable(Database& db) : db_(db) {}

  std::vector<SecretBytes> all();
  void put(Transaction&, ByteView key);
  void removeAll(Transaction&);

 private:
  Database& db_;
  Statement all_ = db_.prepare("SELECT key FROM invite ORDER BY key");
  Statement put_ = db_.prepare("INSERT INTO invite (key) VALUES (?1) ON CONFLICT DO NOTHING");
  Statement removeAll_ = db_.prepare("DELETE FROM invite");
};

}  // namespace waxwing
