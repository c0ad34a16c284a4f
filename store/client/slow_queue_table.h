#pragma once

#include <vector>

#include "store/database.h"

namespace waxwing {

// Envelopes that wait to be opened until there is nothing better to do.
class SlowQueueTable {
 public:
  // How far along a chain that nobody knows it stands: what it may cost.
  enum class Rank : std::uint8_t { kNear = 0, kFar = 1 };
  struct Row {
    std::int64_t id = 0;
    EnvelopeId envelope;
    std::uint8_t keyClass = 0;
    Rank rank = Rank::kNear;
    std::uint32_t attempts = 0;  // begun, and not ended
    Bytes payload;               // as it came
  };
  struct Fill {
    std::uint64_t envelopes = 0;
    std::uint64_t bytes = 0;
  };

  explicit SlowQueueTable(Database& db) : db_(db) {}

  // Idempotent. `from` is what the envelope claims.
  void add(Transaction&, const DeviceAddress& from, const Row& row);
  bool contains(ByteView payload);
  Fill fill();
  bool empty();
  // Whether anything waits that claims to come from this device.
  bool has(const DeviceAddress& from);
  // Oldest first.
  std::vector<Row> first(Rank rank, std::size_t most);
  void noteAttempt(Transaction&, std::int64_t id);
  void remove(Transaction&, std::int64_t id);

 private:
  Database& db_;
  Statement add_ = db_.prepare(
      "INSERT OR IGNORE INTO slow_queue (digest, account, device, envelope_id, key_class, far, attempts, size, "
      "payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)");
  Statement contains_ = db_.prepare("SELECT 1 FROM slow_queue WHERE digest = ?1");
  Statement fill_ = db_.prepare("SELECT count(*), coalesce(sum(size), 0) FROM slow_queue");
  Statement empty_ = db_.prepare("SELECT 1 FROM slow_queue LIMIT 1");
  Statement has_ = db_.prepare("SELECT 1 FROM slow_queue WHERE account = ?1 AND device = ?2 LIMIT 1");
  Statement first_ = db_.prepare(
      "SELECT id, envelope_id, key_class, attempts, payload FROM slow_queue WHERE far = ?1 ORDER BY id LIMIT ?2");
  Statement noteAttempt_ = db_.prepare("UPDATE slow_queue SET attempts = attempts + 1 WHERE id = ?1");
  Statement remove_ = db_.prepare("DELETE FROM slow_queue WHERE id = ?1");
};

}  // namespace waxwing
