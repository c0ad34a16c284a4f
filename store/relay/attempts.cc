#include "store/relay/attempts.h"

namespace waxwing::relay {

Attempts::Row Attempts::find(std::int64_t mailbox, std::uint64_t number) {
  Rows rows = find_.query(mailbox, number);
  if (!rows.next()) return {};
  return {static_cast<std::uint32_t>(rows.integer(0)), WallTime{rows.integer(1)}};
}

std::uint32_t Attempts::of(std::int64_t mailbox, std::uint64_t number) { return find(mailbox, number).attempts; }

Attempts::Verdict Attempts::add(std::int64_t mailbox, std::uint64_t number, WallTime now) {
  Row row = find(mailbox, number);
  if (row.attempts++ == 0) row.firstAt = now;
  if (row.attempts >= limits_.attemptsMost && now - row.firstAt >= limits_.attemptsOver) return Verdict::kGiveUp;
  put_.run(mailbox, number, row.attempts, row.firstAt);
  return Verdict::kTryAgain;
}

}  // namespace waxwing::relay
