#include "store/client/recovery_table.h"

namespace waxwing {

RecoveryTable::Row RecoveryTable::read(const Rows& rows) {
  Row row;
  row.device = {rows.account(0), rows.device(1)};
  row.lacks = static_cast<std::uint8_t>(rows.integer(2));
  row.dueAt = rows.time(3);
  row.tries = static_cast<std::uint32_t>(rows.integer(4));
  if (!rows.isNull(5)) row.askedAt = rows.time(5);
  if (!rows.isNull(6)) row.freshAt = rows.time(6);
  row.message = rows.integer(7);
  return row;
}

std::optional<RecoveryTable::Row> RecoveryTable::find(const DeviceAddress& device) {
  Rows rows = find_.query(device.account, device.device);
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

void RecoveryTable::put(Transaction&, const Row& row) {
  put_.run(row.device.account, row.device.device, row.lacks, row.dueAt, row.tries, row.askedAt, row.freshAt,
           row.message);
}

void RecoveryTable::remove(Transaction& transaction, const DeviceAddress& device) {
  remove_.run(device.account, device.device);
  removeUnreadable(transaction, device);
}

void RecoveryTable::removeAccount(Transaction&, const AccountId& account) { removeAccount_.run(account); }

std::vector<RecoveryTable::Row> RecoveryTable::due(WallTime now, WallTime farthest, std::size_t most) {
  std::vector<Row> found;
  Rows rows = due_.query(now, farthest, most);
  while (rows.next()) found.push_back(read(rows));
  return found;
}

std::optional<WallTime> RecoveryTable::nextDue() {
  Rows rows = nextDue_.query();
  if (!rows.next() || rows.isNull(0)) return std::nullopt;
  return rows.time(0);
}

std::vector<DeviceId> RecoveryTable::opening(const AccountId& account) {
  std::vector<DeviceId> found;
  Rows rows = opening_.query(account);
  while (rows.next()) found.push_back(rows.device(0));
  return found;
}

bool RecoveryTable::addUnreadable(Transaction&, const DeviceAddress& device, const EnvelopeId& envelope,
                                  std::size_t most) {
  {
    Rows rows = countUnreadable_.query(device.account, device.device);
    rows.next();
    if (rows.integer(0) >= static_cast<std::int64_t>(most)) return false;
  }
  addUnreadable_.run(device.account, device.device, envelope);
  return true;
}

std::vector<EnvelopeId> RecoveryTable::unreadable(const DeviceAddress& device) {
  std::vector<EnvelopeId> found;
  Rows rows = unreadable_.query(device.account, device.device);
  while (rows.next()) found.push_back(rows.fixed<EnvelopeId>(0));
  return found;
}

void RecoveryTable::removeUnreadable(Transaction&, const DeviceAddress& device) {
  removeUnreadable_.run(device.account, device.device);
}

bool GoneTable::add(Transaction&, const DeviceAddress& device, const Range& range, std::size_t most) {
  {
    Rows rows = covers_.query(device.account, device.device, range.stream, range.first);
    if (rows.next() && static_cast<std::uint64_t>(rows.integer(0)) >= range.last) return false;
  }
  {
    Rows rows = count_.query(device.account, device.device);
    rows.next();
    if (rows.integer(0) >= static_cast<std::int64_t>(most)) return false;
  }
  put_.run(device.account, device.device, range.stream, range.first, range.last);
  return true;
}

void GoneTable::removeDevice(Transaction&, const DeviceAddress& device) {
  removeDevice_.run(device.account, device.device);
}

std::optional<LastWordTable::Place> LastWordTable::find(const Word& word) {
  Rows rows = find_.query(word.which, word.subject, word.author.account, word.author.device);
  if (!rows.next()) return std::nullopt;
  return Place{rows.fixed<StreamId>(0), static_cast<std::uint64_t>(rows.integer(1)),
               static_cast<std::uint64_t>(rows.integer(2))};
}

void LastWordTable::put(Transaction&, const Word& word, const Place& place) {
  put_.run(word.which, word.subject, word.author.account, word.author.device, place.stream, place.sequence,
           place.sentAt);
}

}  // namespace waxwing
