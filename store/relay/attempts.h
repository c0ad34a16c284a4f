#pragma once

#include <cstdint>

#include "store/database.h"
#include "store/relay/mailbox_store.h"

namespace waxwing::relay {

// Which item may be what ends its reader: how often the first waiting one of each mailbox was handed over in vain
// (docs/relay.md "Poison"). Internal to store/relay.
class Attempts {
 public:
  Attempts(Database& db, const StoreLimits& limits) : db_(db), limits_(limits) {}

  // 0 unless `number` is the item that is counted.
  std::uint32_t of(std::int64_t mailbox, std::uint64_t number);

  enum class Verdict { kTryAgain, kGiveUp };
  // One more for `number`, the first waiting item of the mailbox.
  Verdict add(std::int64_t mailbox, std::uint64_t number, WallTime now);
  void forget(std::int64_t mailbox) { forget_.run(mailbox); }

 private:
  struct Row {
    std::uint32_t attempts = 0;
    WallTime firstAt;
  };
  Row find(std::int64_t mailbox, std::uint64_t number);

  Database& db_;
  const StoreLimits limits_;
  Statement find_ = db_.prepare("SELECT attempts, first_at FROM delivery_attempt WHERE mailbox = ?1 AND number = ?2");
  Statement put_ = db_.prepare(
      "INSERT INTO delivery_attempt (mailbox, number, attempts, first_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT "
      "(mailbox) DO UPDATE SET number = excluded.number, attempts = excluded.attempts, first_at = excluded.first_at");
  Statement forget_ = db_.prepare("DELETE FROM delivery_attempt WHERE mailbox = ?1");
};

}  // namespace waxwing::relay
