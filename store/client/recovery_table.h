#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// What is lacking of each device that content comes from, and how asking for it goes.
class RecoveryTable {
 public:
  // What is wrong, or-ed.
  enum Lack : std::uint8_t {
    kHoles = 1,       // numbers are missing
    kState = 2,       // what came last may be missing as well: tell what is held
    kUnreadable = 4,  // an envelope could not be read: what it held is missing
    kOpening = 8,     // a session is being opened in order to ask
    kWaited = 16,     // asking was put off because what is lacking may be here, and wait
  };
  struct Row {
    DeviceAddress device;
    std::uint8_t lacks = 0;
    WallTime dueAt;
    std::uint32_t tries = 0;
    std::optional<WallTime> askedAt;
    std::optional<WallTime> freshAt;
    std::int64_t message = 0;

    bool has(Lack lack) const { return (lacks & lack) != 0; }
  };

  explicit RecoveryTable(Database& db) : db_(db) {}

  std::optional<Row> find(const DeviceAddress& device);
  void put(Transaction&, const Row& row);
  void remove(Transaction&, const DeviceAddress& device);
  void removeAccount(Transaction&, const AccountId& account);
  // Those that lack something and are due; a time beyond `farthest` is a clock's that was set back.
  std::vector<Row> due(WallTime now, WallTime farthest, std::size_t most);
  // The first that lacks something.
  std::optional<WallTime> nextDue();
  // Devices of an account to which a session is to be opened.
  std::vector<DeviceId> opening(const AccountId& account);

  // False if the device has `most` already.
  bool addUnreadable(Transaction&, const DeviceAddress& device, const EnvelopeId& envelope, std::size_t most);
  std::vector<EnvelopeId> unreadable(const DeviceAddress& device);
  void removeUnreadable(Transaction&, const DeviceAddress& device);

 private:
  static Row read(const Rows& rows);

  Database& db_;
  Statement find_ = db_.prepare(
      "SELECT account, device, lacks, due_at, tries, asked_at, fresh_at, message FROM recovery "
      "WHERE account = ?1 AND device = ?2");
  Statement put_ = db_.prepare(
      "INSERT OR REPLACE INTO recovery (account, device, lacks, due_at, tries, asked_at, fresh_at, message) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  Statement remove_ = db_.prepare("DELETE FROM recovery WHERE account = ?1 AND device = ?2");
  Statement removeAccount_ = db_.prepare("DELETE FROM recovery WHERE account = ?1");
  Statement due_ = db_.prepare(
      "SELECT account, device, lacks, due_at, tries, asked_at, fresh_at, message FROM recovery "
      "WHERE lacks <> 0 AND (due_at <= ?1 OR due_at > ?2) ORDER BY due_at, account, device LIMIT ?3");
  Statement nextDue_ = db_.prepare("SELECT min(due_at) FROM recovery WHERE lacks <> 0");
  Statement opening_ = db_.prepare("SELECT device FROM recovery WHERE account = ?1 AND lacks & 8 <> 0 ORDER BY device");
  Statement countUnreadable_ = db_.prepare("SELECT count(*) FROM unreadable WHERE account = ?1 AND device = ?2");
  Statement addUnreadable_ =
      db_.prepare("INSERT INTO unreadable (account, device, envelope_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
  Statement unreadable_ =
      db_.prepare("SELECT envelope_id FROM unreadable WHERE account = ?1 AND device = ?2 ORDER BY envelope_id");
  Statement removeUnreadable_ = db_.prepare("DELETE FROM unreadable WHERE account = ?1 AND device = ?2");
};

// Numbers of our streams that a device was told can no longer be sent.
class GoneTable {
 public:
  struct Range {
    StreamId stream;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };

  explicit GoneTable(Database& db) : db_(db) {}

  // False if all of it is known already, or `most` ranges of the device are.
  bool add(Transaction&, const DeviceAddress& device, const Range& range, std::size_t most);
  void removeDevice(Transaction&, const DeviceAddress& device);

 private:
  Database& db_;
  Statement covers_ = db_.prepare(
      "SELECT last FROM gone WHERE account = ?1 AND device = ?2 AND stream = ?3 AND first <= ?4 "
      "ORDER BY first DESC LIMIT 1");
  Statement count_ = db_.prepare("SELECT count(*) FROM gone WHERE account = ?1 AND device = ?2");
  Statement put_ = db_.prepare(
      "INSERT INTO gone (account, device, stream, first, last) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT DO UPDATE SET last = max(last, excluded.last)");
  Statement removeDevice_ = db_.prepare("DELETE FROM gone WHERE account = ?1 AND device = ?2");
};

// The newest statement of each device about a register.
class LastWordTable {
 public:
  struct Word {
    std::uint8_t which = 0;  // outbox/apply.h: Apply::Register
    AccountId subject;
    DeviceAddress author;
  };

  // Where it stood among what that device says.
  struct Place {
    StreamId stream;  // zero: not known
    std::uint64_t sequence = 0;
    std::uint64_t sentAt = 0;
  };

  explicit LastWordTable(Database& db) : db_(db) {}

  // None: it said nothing yet.
  std::optional<Place> find(const Word& word);
  void put(Transaction&, const Word& word, const Place& place);

 private:
  Database& db_;
  Statement find_ = db_.prepare(
      "SELECT stream, sequence, sent_at FROM last_word "
      "WHERE register = ?1 AND subject = ?2 AND account = ?3 AND device = ?4");
  Statement put_ = db_.prepare(
      "INSERT OR REPLACE INTO last_word (register, subject, account, device, stream, sequence, sent_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
};

}  // namespace waxwing
