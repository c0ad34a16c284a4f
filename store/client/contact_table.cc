#include "store/client/contact_table.h"

namespace waxwing {

ContactTable::Row ContactTable::read(const Rows& rows) {
  Row row;
  row.account = rows.account(0);
  if (!rows.isNull(1)) row.name = rows.text(1);
  row.statedName = rows.text(2);
  row.note = rows.text(3);
  row.state = static_cast<std::uint8_t>(rows.integer(4));
  row.unconfirmed = rows.integer(5) != 0;
  if (!rows.isNull(6)) row.accessKey = rows.secret(6);
  row.relay = rows.text(7);
  row.accessKeyMade = static_cast<std::uint64_t>(rows.integer(8));
  if (!rows.isNull(9)) row.otherKey = rows.secret(9);
  return row;
}

std::optional<ContactTable::Row> ContactTable::find(const AccountId& account) {
  Rows rows = find_.query(account);
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

std::optional<ContactTable::Row> ContactTable::findByName(std::string_view name) {
  Rows rows = findByName_.query(name);
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

std::uint8_t ContactTable::state(const AccountId& account) {
  Rows rows = state_.query(account);
  return rows.next() ? static_cast<std::uint8_t>(rows.integer(0)) : std::uint8_t{0};
}

std::vector<ContactTable::Row> ContactTable::all() {
  std::vector<Row> found;
  Rows rows = all_.query();
  while (rows.next()) found.push_back(read(rows));
  return found;
}

std::vector<AccountId> ContactTable::inState(std::uint8_t state) {
  std::vector<AccountId> found;
  Rows rows = inState_.query(state);
  while (rows.next()) found.push_back(rows.account(0));
  return found;
}

void ContactTable::put(Transaction&, const Row& row) {
  const auto name = row.name.empty() ? std::nullopt : std::optional(row.name);
  put_.run(row.account, name, row.statedName, row.note, row.state, row.unconfirmed ? 1 : 0, row.accessKey, row.relay,
           row.accessKeyMade, row.otherKey);
}

std::vector<SecretBytes> InviteTable::all() {
  std::vector<SecretBytes> found;
  Rows rows = all_.query();
  while (rows.next()) found.push_back(rows.secret(0));
  return found;
}

void InviteTable::put(Transaction&, ByteView key) { put_.run(key); }

void InviteTable::removeAll(Transaction&) { removeAll_.run(); }

}  // namespace waxwing
