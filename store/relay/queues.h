#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "store/database.h"
#include "store/relay/mailbox_store.h"

// The queues: envelopes, what is remembered of them, where each mailbox stands. Internal to store/relay.
//
// SQLCipher charges per page that a commit touches, so acceptance appends to one log for all mailboxes and writes
// nothing else but the mailboxes' small rows. Which places of the log belong to a mailbox, and the ids of its tail, are
// held in memory; they come from `known_envelope` (folded) and from the log's tail, which is read when the store opens.
namespace waxwing::relay {

enum class Push { kStored, kKnown, kFull };

// Whether a mailbox takes new envelopes of this batch: once it refused one, it takes none behind it, so that order
// holds.
enum class Entrance { kOpen, kShut };

// Call `flush` before the commit, and `forgetAll` after a transaction that was rolled back.
class Queues {
 public:
  Queues(Database& db, const StoreLimits& limits);

  void open(std::int64_t mailbox);
  // Deletes the mailbox with all that it holds and remembers.
  void remove(std::int64_t mailbox);

  Push push(std::int64_t mailbox, const Envelope& envelope, KeyClass keyClass, Entrance entrance, WallTime now);
  AcknowledgeOutcome::Verdict acknowledge(std::int64_t mailbox, std::uint64_t upTo, WallTime now);
  // The first waiting item's number if it is an envelope.
  std::optional<std::uint64_t> firstWaiting(std::int64_t mailbox);
  // Moves the first waiting item, an envelope, out of the queue; a gap takes its place.
  void setAside(std::int64_t mailbox, WallTime now);
  // Deletes a bounded number of envelopes that were set aside long ago.
  void forgetSetAside(WallTime now);
  // Forgets EnvelopeIds whose time is over, of a bounded number of mailboxes; returns how many ids.
  std::uint64_t forgetOld(WallTime now);

  const Position& position(std::int64_t mailbox) { return state(mailbox).position; }

  // Where an item stands in the log.
  struct Slot {
    std::uint64_t number = 0;
    std::int64_t place = 0;  // kGap: in table `gap` instead
  };
  static constexpr std::int64_t kGap = 0;
  // Items with numbers above `after`, at most `count`.
  std::vector<Slot> slots(std::int64_t mailbox, std::uint64_t after, std::size_t count);

  void flush();
  void forgetAll();
  // Bounds the memory; between transactions.
  void trim();

  // Whether the tail is long enough to be folded, which takes a transaction.
  bool isFoldDue() const { return tail_ >= limits_.foldAfter; }
  void fold();

 private:
  struct State {
    Position position;
    std::uint64_t invited = 0;
    bool isDirty = false;
    std::vector<Slot> waiting;        // by number
    std::map<EnvelopeId, Slot> tail;  // of `waiting`, what is not in known_envelope
  };

  State& state(std::int64_t mailbox);
  State read(std::int64_t mailbox);
  void readTail();
  void touch(std::int64_t mailbox, State& state);
  bool isFull(const State& state, std::size_t size, KeyClass keyClass) const;
  bool isKnown(std::int64_t mailbox, const State& state, const EnvelopeId& id);
  void takeAway(std::int64_t mailbox, State& state, const Slot& slot);

  Database& db_;
  const StoreLimits limits_;
  std::unordered_map<std::int64_t, State> states_;
  std::vector<std::int64_t> dirty_;
  std::size_t tail_ = 0;  // over all mailboxes
  std::int64_t lastPlace_ = 0;

  Statement readState_ = db_.prepare("SELECT last, acknowledged, envelopes, bytes, invited FROM mailbox WHERE id = ?1");
  Statement writeState_ = db_.prepare(
      "UPDATE mailbox SET last = ?2, acknowledged = ?3, envelopes = ?4, bytes = ?5, invited = ?6 WHERE id = ?1");
  Statement open_ =
      db_.prepare("INSERT INTO mailbox (id, last, acknowledged, envelopes, bytes, invited) VALUES (?1, 0, 0, 0, 0, 0)");
  Statement removeState_ = db_.prepare("DELETE FROM mailbox WHERE id = ?1");

  Statement add_ = db_.prepare(
      "INSERT INTO envelope (place, mailbox, number, class, accepted_at, id, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
      "?7)");
  Statement takeAway_ = db_.prepare("DELETE FROM envelope WHERE place = ?1 RETURNING id, class, length(payload)");
  Statement readTail_ = db_.prepare(
      "SELECT place, mailbox, number, id FROM envelope WHERE place > (SELECT up_to FROM folding) ORDER BY place");
  Statement lastPlaceOf_ = db_.prepare("SELECT max(up_to, (SELECT ifnull(max(place), 0) FROM envelope)) FROM folding");
  Statement foldedUpTo_ = db_.prepare("UPDATE folding SET up_to = ?1");

  Statement findKnown_ = db_.prepare("SELECT 1 FROM known_envelope WHERE mailbox = ?1 AND id = ?2");
  Statement know_ = db_.prepare("INSERT INTO known_envelope (mailbox, id, number, place) VALUES (?1, ?2, ?3, ?4)");
  // An envelope that was set aside is known still, and has no place.
  Statement readFolded_ =
      db_.prepare("SELECT number, place FROM known_envelope WHERE mailbox = ?1 AND number > ?2 AND place > 0");
  Statement displace_ = db_.prepare("UPDATE known_envelope SET place = 0 WHERE mailbox = ?1 AND number = ?2");
  Statement forgetIds_ = db_.prepare("DELETE FROM known_envelope WHERE mailbox = ?1 AND number <= ?2");

  Statement readGaps_ = db_.prepare("SELECT number FROM gap WHERE mailbox = ?1");
  Statement addGap_ = db_.prepare(
      "INSERT INTO gap (mailbox, number, last, count, reason, first_at, last_at) "
      "SELECT mailbox, number, number, 1, ?2, accepted_at, accepted_at FROM envelope WHERE place = ?1");
  Statement closeGap_ = db_.prepare("DELETE FROM gap WHERE mailbox = ?1 AND number = ?2");
  Statement closeGaps_ = db_.prepare("DELETE FROM gap WHERE mailbox = ?1");
  Statement setAside_ = db_.prepare(
      "INSERT INTO set_aside (mailbox, number, class, at, id, payload) "
      "SELECT mailbox, number, class, ?2, id, payload FROM envelope WHERE place = ?1");
  Statement dropSetAside_ = db_.prepare("DELETE FROM set_aside WHERE mailbox = ?1");
  Statement dropOldSetAside_ = db_.prepare(
      "DELETE FROM set_aside WHERE rowid IN (SELECT rowid FROM set_aside WHERE at <= ?1 ORDER BY at LIMIT 64)");

  Statement depart_ = db_.prepare(
      "INSERT INTO departure (at, mailbox, up_to) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (at, mailbox) DO UPDATE SET up_to = excluded.up_to");
  Statement oldDepartures_ =
      db_.prepare("SELECT at, mailbox, up_to FROM departure WHERE at <= ?1 ORDER BY at, mailbox LIMIT 64");
  Statement forgetDeparture_ = db_.prepare("DELETE FROM departure WHERE at = ?1 AND mailbox = ?2");
};

// Reads items from a connection of its own.
class QueueReader {
 public:
  explicit QueueReader(Database& db) : db_(db) {}

  // The items in these slots of the mailbox, as many as fit.
  std::vector<QueueItem> read(std::int64_t mailbox, const std::vector<Queues::Slot>& slots, std::size_t bytesMost);
  std::vector<QueueItem> readSetAside(std::int64_t mailbox, std::uint64_t after, const PageLimits& limits);

 private:
  QueueItem readGap(std::int64_t mailbox, std::uint64_t number);

  Database& db_;
  Statement read_ = db_.prepare("SELECT id, class, payload FROM envelope WHERE place = ?1");
  Statement readGap_ =
      db_.prepare("SELECT last, count, reason, first_at, last_at FROM gap WHERE mailbox = ?1 AND number = ?2");
  Statement readSetAside_ = db_.prepare(
      "SELECT number, id, class, payload FROM set_aside WHERE mailbox = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
};

}  // namespace waxwing::relay
