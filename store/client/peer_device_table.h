#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// What is known of each device that content goes to or comes from: the numbers of our stream to it, how it is doing,
// the key that its envelopes are sealed to. A device without a row is one of which nothing is known yet.
class PeerDeviceTable {
 public:
  // Why nothing reaches the device at the moment; it then does not hold back what the person is shown.
  enum class Obstacle : std::uint8_t {
    kNone = 0,
    kFull = 1,         // its mailbox refused
    kUnavailable = 2,  // it published no keys, or its relay does not know it
  };
  struct SealKey {
    std::uint8_t suite = 0;
    std::uint32_t id = 0;
    CurveKey key;
    WallTime fetchedAt;
  };
  struct Row {
    std::uint64_t outSequence = 0;  // the last number given out
    Hash outDigest;
    StreamId inStream;  // the newest of its streams; zero: none
    std::uint64_t inMark = 0;
    std::uint64_t holdsManifest = 0;
    std::uint64_t toldManifest = 0;
    Obstacle obstacle = Obstacle::kNone;
    std::optional<SealKey> sealKey;
    std::uint64_t outMark = 0;    // all up to here of our stream has arrived
    std::uint64_t sentCount = 0;  // what SentTable holds for it
    std::uint64_t sentBytes = 0;
    std::optional<WallTime> heardAt;  // about when something authentic came last
    std::optional<WallTime> probeAt;  // when to look after a tail that seems to have been dropped
    std::uint32_t probes = 0;
  };

  explicit PeerDeviceTable(Database& db) : db_(db) {}

  // All defaults if there is no row.
  Row get(const DeviceAddress& device);
  void putOut(Transaction&, const DeviceAddress& device, std::uint64_t sequence, const Hash& digest);
  // One more row of SentTable, of a device that has a row here: how many there are now, and their bytes. Rows that
  // were replaced count twice until `countSent` counts all anew.
  std::pair<std::uint64_t, std::uint64_t> addSent(Transaction&, const DeviceAddress& device, std::size_t bytes);
  void countSent(Transaction&, const DeviceAddress& device);
  void putOutMark(Transaction&, const DeviceAddress& device, std::uint64_t mark);
  void putHeardAt(Transaction&, const DeviceAddress& device, WallTime at);
  void putProbe(Transaction&, const DeviceAddress& device, std::optional<WallTime> at, std::uint32_t probes);
  // A time beyond `farthest` is a clock's that was set back.
  std::vector<DeviceAddress> probesDue(WallTime now, WallTime farthest, std::size_t most);
  std::optional<WallTime> nextProbe();
  void putInStream(Transaction&, const DeviceAddress& device, const StreamId& stream);
  void putHoldsManifest(Transaction&, const DeviceAddress& device, std::uint64_t version);
  void putToldManifest(Transaction&, const DeviceAddress& device, std::uint64_t version);
  void putObstacle(Transaction&, const DeviceAddress& device, Obstacle obstacle);
  void putSealKey(Transaction&, const DeviceAddress& device, const SealKey& key);
  void removeSealKey(Transaction&, const DeviceAddress& device);
  void remove(Transaction&, const DeviceAddress& device);
  // A new stream begins: every count starts over.
  void restartOut(Transaction&);

 private:
  Database& db_;
  Statement get_ = db_.prepare(
      "SELECT d.out_sequence, d.out_digest, d.in_stream, s.mark, d.holds_manifest, d.told_manifest, d.obstacle, "
      "d.seal_suite, d.seal_id, d.seal_key, d.seal_at, d.out_mark, d.sent_count, d.sent_bytes, d.heard_at, d.probe_at, "
      "d.probes FROM peer_device d LEFT JOIN stream_in s "
      "ON s.account = d.account AND s.device = d.device AND s.stream = d.in_stream "
      "WHERE d.account = ?1 AND d.device = ?2");
  Statement putOut_ = db_.prepare(
      "INSERT INTO peer_device (account, device, out_sequence, out_digest) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT DO UPDATE SET out_sequence = excluded.out_sequence, out_digest = excluded.out_digest");
  Statement addSent_ = db_.prepare(
      "UPDATE peer_device SET sent_count = sent_count + 1, sent_bytes = sent_bytes + ?3 "
      "WHERE account = ?1 AND device = ?2 RETURNING sent_count, sent_bytes");
  Statement countSent_ = db_.prepare(
      "UPDATE peer_device SET (sent_count, sent_bytes) = (SELECT count(*), coalesce(sum(length(s.content)), 0) "
      "FROM sent s WHERE s.account = ?1 AND s.device = ?2) WHERE account = ?1 AND device = ?2");
  Statement putOutMark_ = db_.prepare(
      "UPDATE peer_device SET out_mark = ?3, probe_at = NULL, probes = 0 WHERE account = ?1 AND device = ?2");
  Statement putHeardAt_ = db_.prepare(
      "INSERT INTO peer_device (account, device, heard_at) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET heard_at = excluded.heard_at");
  Statement putProbe_ =
      db_.prepare("UPDATE peer_device SET probe_at = ?3, probes = ?4 WHERE account = ?1 AND device = ?2");
  Statement probesDue_ = db_.prepare(
      "SELECT account, device FROM peer_device WHERE probe_at IS NOT NULL AND (probe_at <= ?1 OR probe_at > ?2) "
      "ORDER BY probe_at LIMIT ?3");
  Statement nextProbe_ = db_.prepare("SELECT min(probe_at) FROM peer_device WHERE probe_at IS NOT NULL");
  Statement putInStream_ = db_.prepare(
      "INSERT INTO peer_device (account, device, in_stream) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET in_stream = excluded.in_stream");
  Statement putHoldsManifest_ = db_.prepare(
      "INSERT INTO peer_device (account, device, holds_manifest) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET holds_manifest = excluded.holds_manifest");
  Statement putToldManifest_ = db_.prepare(
      "INSERT INTO peer_device (account, device, told_manifest) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET told_manifest = excluded.told_manifest");
  Statement putObstacle_ = db_.prepare(
      "INSERT INTO peer_device (account, device, obstacle) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET obstacle = excluded.obstacle");
  Statement putSealKey_ = db_.prepare(
      "INSERT INTO peer_device (account, device, seal_suite, seal_id, seal_key, seal_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET seal_suite = excluded.seal_suite, "
      "seal_id = excluded.seal_id, seal_key = excluded.seal_key, seal_at = excluded.seal_at");
  Statement removeSealKey_ = db_.prepare(
      "UPDATE peer_device SET seal_suite = NULL, seal_id = NULL, seal_key = NULL, seal_at = NULL "
      "WHERE account = ?1 AND device = ?2");
  Statement remove_ = db_.prepare("DELETE FROM peer_device WHERE account = ?1 AND device = ?2");
  Statement restartOut_ = db_.prepare(
      "UPDATE peer_device SET out_sequence = 0, out_digest = zeroblob(32), out_mark = 0, probe_at = NULL, probes = 0");
};

// How delivery to an account stands, for people to look at.
class LaneTable {
 public:
  struct Row {
    std::uint8_t reason = 0;  // outbox/outbox.h: PendingReason
    std::uint32_t attempts = 0;
    std::optional<WallTime> retryAt;
    std::string lastAnswer;
  };

  explicit LaneTable(Database& db) : db_(db) {}

  Row get(const AccountId& account);
  void put(Transaction&, const AccountId& account, const Row& row);

 private:
  Database& db_;
  Statement get_ = db_.prepare("SELECT reason, attempts, retry_at, last_answer FROM lane WHERE account = ?1");
  Statement put_ = db_.prepare(
      "INSERT INTO lane (account, reason, attempts, retry_at, last_answer) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts, "
      "retry_at = excluded.retry_at, last_answer = excluded.last_answer");
};

}  // namespace waxwing
