#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// The numbers of each sender's streams that were applied, and those that are missing. Never pruned.
class StreamTable {
 public:
  struct Key {
    DeviceAddress device;
    StreamId stream;
  };
  struct Mark {
    std::uint64_t sequence = 0;  // all up to here were applied
    Hash digest;                 // of the content with that number
  };
  struct Above {
    std::uint64_t sequence = 0;
    Hash digest;
    Hash previous;  // what it says its predecessor's digest is
  };
  struct Hole {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::int64_t message = 0;                                           // its line in the timeline
    enum class Fate { kMissing = 0, kLost = 1 } fate = Fate::kMissing;  // lost: nobody can send it again
  };
  struct StreamHole {
    StreamId stream;
    Hole hole;
  };
  struct Held {
    StreamId stream;
    std::uint64_t mark = 0;
    std::uint64_t highest = 0;  // applied, above holes or not
  };

  explicit StreamTable(Database& db) : db_(db) {}

  std::optional<Mark> findMark(const Key& key);
  void putMark(Transaction&, const Key& key, const Mark& mark);
  std::optional<Above> findAbove(const Key& key, std::uint64_t sequence);
  // The highest number applied above the mark that is lower than `sequence`.
  std::optional<Above> findAboveBelow(const Key& key, std::uint64_t sequence);
  void putAbove(Transaction&, const Key& key, const Above& above);
  void removeAbove(Transaction&, const Key& key, std::uint64_t sequence);

  // The hole that `sequence` lies in.
  std::optional<Hole> findHole(const Key& key, std::uint64_t sequence);
  // The last number of the highest hole, missing or lost; 0: there is none.
  std::uint64_t endOfHoles(const Key& key);
  void putHole(Transaction&, const Key& key, const Hole& hole);
  void removeHole(Transaction&, const Key& key, std::uint64_t first);
  // Those of one device that are missing, and not lost.
  std::vector<StreamHole> missing(const DeviceAddress& device, std::size_t most);
  // All streams of one device.
  std::vector<Held> held(const DeviceAddress& device);

 private:
  Database& db_;
  Statement findMark_ =
      db_.prepare("SELECT mark, digest FROM stream_in WHERE account = ?1 AND device = ?2 AND stream = ?3");
  Statement putMark_ = db_.prepare(
      "INSERT INTO stream_in (account, device, stream, mark, digest) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT DO UPDATE SET mark = excluded.mark, digest = excluded.digest");
  Statement findAbove_ = db_.prepare(
      "SELECT sequence, digest, previous FROM stream_above "
      "WHERE account = ?1 AND device = ?2 AND stream = ?3 AND sequence = ?4");
  Statement findAboveBelow_ = db_.prepare(
      "SELECT sequence, digest, previous FROM stream_above "
      "WHERE account = ?1 AND device = ?2 AND stream = ?3 AND sequence < ?4 ORDER BY sequence DESC LIMIT 1");
  Statement putAbove_ = db_.prepare(
      "INSERT INTO stream_above (account, device, stream, sequence, digest, previous) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  Statement removeAbove_ =
      db_.prepare("DELETE FROM stream_above WHERE account = ?1 AND device = ?2 AND stream = ?3 AND sequence = ?4");
  Statement findHole_ = db_.prepare(
      "SELECT first, last, message, lost FROM hole WHERE account = ?1 AND device = ?2 AND stream = ?3 AND first <= ?4 "
      "ORDER BY first DESC LIMIT 1");
  Statement endOfHoles_ =
      db_.prepare("SELECT max(last) FROM hole WHERE account = ?1 AND device = ?2 AND stream = ?3");
  Statement putHole_ = db_.prepare(
      "INSERT INTO hole (account, device, stream, first, last, message, lost) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
      "ON CONFLICT DO UPDATE SET last = excluded.last, message = excluded.message, lost = excluded.lost");
  Statement removeHole_ =
      db_.prepare("DELETE FROM hole WHERE account = ?1 AND device = ?2 AND stream = ?3 AND first = ?4");
  Statement missing_ = db_.prepare(
      "SELECT stream, first, last, message FROM hole WHERE account = ?1 AND device = ?2 AND lost = 0 "
      "ORDER BY stream, first LIMIT ?3");
  Statement held_ = db_.prepare(
      "SELECT s.stream, s.mark, (SELECT max(a.sequence) FROM stream_above a "
      "WHERE a.account = s.account AND a.device = s.device AND a.stream = s.stream) "
      "FROM stream_in s WHERE s.account = ?1 AND s.device = ?2 ORDER BY s.stream");
};

}  // namespace waxwing
