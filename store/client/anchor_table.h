#pragma once

#include <optional>

#include "store/database.h"

namespace waxwing {

// The newest anchor with what stands beside it, and the anchors that went to the relay.
class AnchorTable {
 public:
  struct Head {
    std::int64_t number = 0;
    Anchor anchor;
    std::int64_t confirmed = 0;  // ciphertext up to this number may leave
    Anchor base;                 // what the own relay holds, as far as is known
    std::optional<WallTime> restoredAt;
  };
  struct Generations {
    std::int64_t last = 0;
    Hash digest;
  };
  enum class State { kInFlight = 0, kConfirmed = 1 };
  struct Known {
    std::int64_t number = 0;
    State state = State::kInFlight;
  };

  explicit AnchorTable(Database& db) : db_(db) {}

  Head head();
  void putHead(const Head& head);
  Generations generations();
  void putGenerations(const Generations& generations);

  std::optional<Known> find(const Anchor& anchor);
  void put(std::int64_t number, const Anchor& anchor, State state);
  void removeInFlight();
  // Keeps the newest `most` confirmed ones.
  void pruneConfirmed(std::size_t most);

 private:
  Database& db_;
  Statement head_ = db_.prepare("SELECT number, anchor, confirmed, base, restored_at FROM anchor_head");
  Statement putHead_ =
      db_.prepare("UPDATE anchor_head SET number = ?1, anchor = ?2, confirmed = ?3, base = ?4, restored_at = ?5");
  Statement generations_ = db_.prepare("SELECT generation, generation_digest FROM anchor_head");
  Statement putGenerations_ = db_.prepare("UPDATE anchor_head SET generation = ?1, generation_digest = ?2");
  Statement find_ = db_.prepare("SELECT number, confirmed FROM anchor WHERE anchor = ?1");
  Statement put_ = db_.prepare("INSERT OR REPLACE INTO anchor (number, anchor, confirmed) VALUES (?1, ?2, ?3)");
  Statement removeInFlight_ = db_.prepare("DELETE FROM anchor WHERE confirmed = 0");
  Statement pruneConfirmed_ = db_.prepare(
      "DELETE FROM anchor WHERE confirmed = 1 AND number NOT IN "
      "(SELECT number FROM anchor WHERE confirmed = 1 ORDER BY number DESC LIMIT ?1)");
};

}  // namespace waxwing
