#include "store/client/refusal_table.h"

namespace waxwing {

std::int64_t RefusalTable::add(Transaction&, const Row& row) {
  const auto payload = row.payload.empty() ? std::nullopt : std::optional(row.payload);
  add_.run(row.at, row.envelope, row.code, row.reason, payload);
  const std::int64_t id = db_.lastInsertRowId();
  trim_.run(id - kMost);
  return id;
}

void RefusalTable::remove(Transaction&, std::int64_t id) { remove_.run(id); }

std::vector<RefusalTable::Row> RefusalTable::all() {
  std::vector<Row> found;
  Rows rows = all_.query();
  while (rows.next()) {
    Row row{.at = rows.time(0), .envelope = {}, .code = rows.as<Errc>(2), .reason = rows.text(3), .payload = {}};
    if (!rows.isNull(1)) row.envelope = rows.fixed<EnvelopeId>(1);
    if (!rows.isNull(4)) row.payload = rows.bytes(4);
    found.push_back(std::move(row));
  }
  return found;
}

std::vector<RefusalTable::Sum> RefusalTable::ofEnvelopes() {
  std::vector<Sum> found;
  Rows rows = ofEnvelopes_.query(Errc::kDuplicate, Errc::kInitialReplay);
  while (rows.next()) {
    found.push_back({.code = rows.as<Errc>(0),
                     .reason = rows.text(1),
                     .count = static_cast<std::uint64_t>(rows.integer(2)),
                     .newest = rows.time(3)});
  }
  return found;
}

bool ParkedTable::add(Transaction&, const DeviceAddress& from, ByteView payload) {
  if (count(from.account) >= kMostPerAccount) return false;
  add_.run(from.account, from.device, payload);
  return true;
}

bool ParkedTable::addOfStranger(Transaction&, const DeviceAddress& from, ByteView payload) {
  if (count(from.account) >= kMostPerStranger || countAll() >= kMostBesideStrangers) return false;
  add_.run(from.account, from.device, payload);
  return true;
}

std::int64_t ParkedTable::count(const AccountId& account) {
  Rows rows = count_.query(account);
  return rows.next() ? rows.integer(0) : 0;
}

std::int64_t ParkedTable::countAll() {
  Rows rows = countAll_.query();
  return rows.next() ? rows.integer(0) : 0;
}

bool ParkedTable::has(const DeviceAddress& from) { return has_.query(from.account, from.device).next(); }

std::vector<ParkedTable::Row> ParkedTable::from(const AccountId& account) {
  std::vector<Row> found;
  Rows rows = from_.query(account);
  while (rows.next()) found.push_back({rows.integer(0), rows.bytes(1)});
  return found;
}

std::vector<AccountId> ParkedTable::accounts() {
  std::vector<AccountId> found;
  Rows rows = accounts_.query();
  while (rows.next()) found.push_back(rows.account(0));
  return found;
}

void ParkedTable::remove(Transaction&, std::int64_t id) { remove_.run(id); }

void ParkedTable::removeAccount(Transaction&, const AccountId& account) { removeAccount_.run(account); }

}  // namespace waxwing
