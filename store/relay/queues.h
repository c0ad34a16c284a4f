#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "store/database.h"
#include "store/relay/mailbox_store.h"

// The queues: envelopes, what is remembered of them, where each mailbox stands. Internal to store/relay.
namespace waxwing::relay {

enum class Push { kStored, kKnown, kFull };

// Positions are kept in memory and written once per transaction: call `flush` before the commit, and `forgetAll` after
// a transaction that was rolled back.
class Queues {
 public:
  Queues(Database& db, const StoreLimits& limits) : db_(db), limits_(limits) {}

  void open(std::int64_t mailbox);
  // Deletes the mailbox with all that it holds and remembers.
  void remove(std::int64_t mailbox);

  Push push(std::int64_t mailbox, const Envelope& envelope, KeyClass keyClass, WallTime now);
  AcknowledgeOutcome::Verdict acknowledge(std::int64_t mailbox, std::uint64_t upTo, WallTime now);
  // Forgets EnvelopeIds whose time is over, of a bounded number of mailboxes; returns how many ids.
  std::uint64_t forgetOld(WallTime now);

  const Position& position(std::int64_t mailbox) { return state(mailbox).position; }

  void flush();
  void forgetAll();
  // Bounds the memory; between transactions.
  void trim();

 private:
  struct State {
    Position position;
    std::uint64_t invited = 0;
    bool isDirty = false;
  };

  State& state(std::int64_t mailbox);
  void touch(std::int64_t mailbox, State& state);
  bool isFull(const State& state, std::size_t size, KeyClass keyClass) const;
  bool isKnown(std::int64_t mailbox, const EnvelopeId& id);

  Database& db_;
  const StoreLimits limits_;
  std::unordered_map<std::int64_t, State> states_;
  std::vector<std::int64_t> dirty_;

  Statement readState_ = db_.prepare("SELECT last, acknowledged, envelopes, bytes, invited FROM mailbox WHERE id = ?1");
  Statement writeState_ = db_.prepare(
      "UPDATE mailbox SET last = ?2, acknowledged = ?3, envelopes = ?4, bytes = ?5, invited = ?6 WHERE id = ?1");
  Statement open_ =
      db_.prepare("INSERT INTO mailbox (id, last, acknowledged, envelopes, bytes, invited) VALUES (?1, 0, 0, 0, 0, 0)");
  Statement findKnown_ = db_.prepare("SELECT 1 FROM known_envelope WHERE mailbox = ?1 AND id = ?2");
  Statement know_ =
      db_.prepare("INSERT INTO known_envelope (mailbox, id, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
  Statement add_ =
      db_.prepare("INSERT INTO envelope (place, id, class, accepted_at, payload) VALUES (?1, ?2, ?3, ?4, ?5)");
  Statement takeAway_ =
      db_.prepare("DELETE FROM envelope WHERE place BETWEEN ?1 AND ?2 RETURNING class, length(payload)");
  Statement depart_ = db_.prepare(
      "INSERT INTO departure (at, mailbox, up_to) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (at, mailbox) DO UPDATE SET up_to = excluded.up_to");
  Statement oldDepartures_ =
      db_.prepare("SELECT at, mailbox, up_to FROM departure WHERE at <= ?1 ORDER BY at, mailbox LIMIT 64");
  Statement forgetIds_ = db_.prepare("DELETE FROM known_envelope WHERE mailbox = ?1 AND number <= ?2");
  Statement forgetDeparture_ = db_.prepare("DELETE FROM departure WHERE at = ?1 AND mailbox = ?2");
  Statement removeEnvelopes_ = db_.prepare("DELETE FROM envelope WHERE place BETWEEN ?1 AND ?2");
  Statement removeState_ = db_.prepare("DELETE FROM mailbox WHERE id = ?1");
};

// Reads pages from a connection of its own.
class QueueReader {
 public:
  explicit QueueReader(Database& db) : db_(db) {}

  std::vector<QueueItem> page(std::int64_t mailbox, std::uint64_t after, const PageLimits& limits);

 private:
  Database& db_;
  Statement read_ = db_.prepare(
      "SELECT place, id, class, payload FROM envelope WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3");
};

}  // namespace waxwing::relay
