#include "store/client/slow_queue_table.h"

#include "crypto/hash.h"

namespace waxwing {

void SlowQueueTable::add(Transaction&, const DeviceAddress& from, const Row& row) {
  add_.run(blake2b(row.payload), from.account, from.device, row.envelope, row.keyClass, row.rank, row.payload.size(),
           row.payload);
}

bool SlowQueueTable::contains(ByteView payload) { return contains_.query(blake2b(payload)).next(); }

SlowQueueTable::Fill SlowQueueTable::fill() {
  Rows rows = fill_.query();
  rows.next();
  return {static_cast<std::uint64_t>(rows.integer(0)), static_cast<std::uint64_t>(rows.integer(1))};
}

bool SlowQueueTable::empty() { return !empty_.query().next(); }

bool SlowQueueTable::has(const DeviceAddress& from) { return has_.query(from.account, from.device).next(); }

std::vector<SlowQueueTable::Row> SlowQueueTable::first(Rank rank, std::size_t most) {
  std::vector<Row> found;
  Rows rows = first_.query(rank, most);
  while (rows.next()) {
    found.push_back({.id = rows.integer(0),
                     .envelope = rows.fixed<EnvelopeId>(1),
                     .keyClass = static_cast<std::uint8_t>(rows.integer(2)),
                     .rank = rank,
                     .attempts = static_cast<std::uint32_t>(rows.integer(3)),
                     .payload = rows.bytes(4)});
  }
  return found;
}

void SlowQueueTable::noteAttempt(Transaction&, std::int64_t id) { noteAttempt_.run(id); }

void SlowQueueTable::remove(Transaction&, std::int64_t id) { remove_.run(id); }

}  // namespace waxwing
