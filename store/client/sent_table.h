#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// What was sent to each device and may be sent to it again: contents by their numbers, secret.
class SentTable {
 public:
  struct Number {
    DeviceAddress device;
    StreamId stream;
    std::uint64_t sequence = 0;
  };
  struct Row {
    std::int64_t id = 0;
    std::uint64_t sequence = 0;
    EnvelopeId envelope;
    std::int64_t message = 0;
    WallTime madeAt;
    std::optional<WallTime> resentAt;
    std::uint32_t resends = 0;
  };
  struct Old {
    std::int64_t id = 0;
    Number number;
    WallTime madeAt;
  };

  explicit SentTable(Database& db) : db_(db) {}

  // Replaces what stood under that number.
  void put(Transaction&, const Number& number, const EnvelopeId& envelope, std::int64_t message, WallTime now,
           ByteView content);
  std::optional<Row> find(const Number& number);
  // Numbers `from`…`to` of a stream, ascending.
  std::vector<Row> range(const DeviceAddress& device, const StreamId& stream, std::uint64_t from, std::uint64_t to,
                         std::size_t most);
  // The rows that went out in these envelopes last.
  std::vector<Row> inEnvelopes(const DeviceAddress& device, const std::vector<EnvelopeId>& envelopes);
  // The one used last stands last.
  std::vector<StreamId> streams(const DeviceAddress& device);
  struct End {
    StreamId stream;
    std::uint64_t sequence = 0;
  };
  // The highest numbers of streams other than `current`, those used last first.
  std::vector<End> ends(const DeviceAddress& device, const StreamId& current, std::size_t most);
  std::optional<SecretBytes> findContent(std::int64_t id);

  void putResent(Transaction&, std::int64_t id, std::int64_t message, WallTime now);
  void putEnvelope(Transaction&, std::int64_t id, const EnvelopeId& envelope);

  // In the order in which they were made, from behind `after` on.
  std::vector<Old> oldest(std::int64_t after, std::size_t most);
  void remove(Transaction&, std::int64_t id);
  // The oldest of one device.
  void removeOldest(Transaction&, const DeviceAddress& device, std::size_t count);
  void removeDevice(Transaction&, const DeviceAddress& device);
  void removeAccount(Transaction&, const AccountId& account);
  // What no relay was offered yet: its numbers were not used.
  void removeUnoffered(Transaction&);

 private:
  static Row read(const Rows& rows);

  Database& db_;
  Statement put_ = db_.prepare(
      "INSERT INTO sent (account, device, stream, sequence, envelope_id, message, made_at, resends, content) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8) ON CONFLICT (account, device, stream, sequence) DO UPDATE SET "
      "envelope_id = excluded.envelope_id, message = excluded.message, made_at = excluded.made_at, "
      "content = excluded.content");
  Statement find_ = db_.prepare(
      "SELECT id, sequence, envelope_id, message, made_at, resent_at, resends FROM sent "
      "WHERE account = ?1 AND device = ?2 AND stream = ?3 AND sequence = ?4");
  Statement range_ = db_.prepare(
      "SELECT id, sequence, envelope_id, message, made_at, resent_at, resends FROM sent "
      "WHERE account = ?1 AND device = ?2 AND stream = ?3 AND sequence BETWEEN ?4 AND ?5 ORDER BY sequence LIMIT ?6");
  Statement ofDevice_ = db_.prepare(
      "SELECT id, sequence, envelope_id, message, made_at, resent_at, resends FROM sent "
      "WHERE account = ?1 AND device = ?2 ORDER BY id");
  Statement streams_ =
      db_.prepare("SELECT stream FROM sent WHERE account = ?1 AND device = ?2 GROUP BY stream ORDER BY max(id)");
  Statement ends_ = db_.prepare(
      "SELECT stream, max(sequence) FROM sent WHERE account = ?1 AND device = ?2 AND stream <> ?3 "
      "GROUP BY stream ORDER BY max(id) DESC LIMIT ?4");
  Statement findContent_ = db_.prepare("SELECT content FROM sent WHERE id = ?1");
  Statement putResent_ =
      db_.prepare("UPDATE sent SET message = ?2, resent_at = ?3, resends = resends + 1 WHERE id = ?1");
  Statement putEnvelope_ = db_.prepare("UPDATE sent SET envelope_id = ?2 WHERE id = ?1");
  Statement oldest_ =
      db_.prepare("SELECT id, account, device, stream, sequence, made_at FROM sent WHERE id > ?1 ORDER BY id LIMIT ?2");
  Statement remove_ = db_.prepare("DELETE FROM sent WHERE id = ?1");
  Statement removeOldest_ = db_.prepare(
      "DELETE FROM sent WHERE id IN (SELECT id FROM sent WHERE account = ?1 AND device = ?2 ORDER BY id LIMIT ?3)");
  Statement removeDevice_ = db_.prepare("DELETE FROM sent WHERE account = ?1 AND device = ?2");
  Statement removeAccount_ = db_.prepare("DELETE FROM sent WHERE account = ?1");
  Statement removeUnoffered_ = db_.prepare(
      "DELETE FROM sent WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.account = sent.account "
      "AND d.message = sent.message AND d.device = sent.device AND d.status <= 2 AND d.sent IS NULL "
      "AND (d.envelope_id = sent.envelope_id OR (d.envelope_id IS NULL AND d.head IS NOT NULL)))");
};

}  // namespace waxwing
