#include "store/client/message_table.h"

#include <algorithm>

namespace waxwing {

MessageTable::Row MessageTable::read(const Rows& rows) {
  Row row;
  row.position = rows.integer(0);
  row.conversation = rows.account(1);
  row.author = rows.account(2);
  row.device = rows.device(3);
  row.id = rows.fixed<MessageId>(4);
  row.kind = static_cast<std::uint8_t>(rows.integer(5));
  row.text = rows.text(6);
  if (!rows.isNull(7)) row.body = rows.secret(7);
  row.sentAt = static_cast<std::uint64_t>(rows.integer(8));
  row.arrivedAt = rows.time(9);
  row.mine = rows.integer(10) != 0;
  row.readHere = rows.integer(11) != 0;
  row.state = static_cast<std::uint8_t>(rows.integer(12));
  row.failed = static_cast<std::uint8_t>(rows.integer(13));
  return row;
}

std::int64_t MessageTable::add(Transaction&, const Row& row) {
  std::optional<std::int64_t> place;
  if (row.position > 0 && !isTaken_.query(row.position).next()) place = row.position;
  add_.run(row.conversation, row.author, row.device, row.id, row.kind, row.text, row.body, row.sentAt, row.arrivedAt,
           row.mine ? 1 : 0, row.readHere ? 1 : 0, row.state, row.failed, place);
  return db_.lastInsertRowId();
}

std::optional<MessageTable::Row> MessageTable::find(std::int64_t position) {
  Rows rows = find_.query(position);
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

std::optional<MessageTable::Row> MessageTable::find(const AccountId& author, DeviceId device, const MessageId& id) {
  Rows rows = findById_.query(id);
  while (rows.next()) {
    Row row = read(rows);
    if (row.author == author && row.device == device) return row;
  }
  return std::nullopt;
}

std::optional<MessageTable::Row> MessageTable::findMine(const AccountId& conversation, const MessageId& id) {
  Rows rows = findById_.query(id);
  while (rows.next()) {
    Row row = read(rows);
    if (row.mine && row.conversation == conversation) return row;
  }
  return std::nullopt;
}

std::optional<MessageTable::Row> MessageTable::findIn(const AccountId& conversation, const MessageId& id) {
  Rows rows = findById_.query(id);
  while (rows.next()) {
    Row row = read(rows);
    if (row.conversation == conversation) return row;
  }
  return std::nullopt;
}

std::vector<MessageTable::Row> MessageTable::page(const AccountId& conversation, std::int64_t before,
                                                  std::size_t most) {
  std::vector<Row> found;
  {
    Rows rows = page_.query(conversation, before, most);
    while (rows.next()) found.push_back(read(rows));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::vector<MessageTable::Row> MessageTable::unread(const AccountId& conversation, std::int64_t upTo) {
  std::vector<Row> found;
  Rows rows = unread_.query(conversation, upTo);
  while (rows.next()) found.push_back(read(rows));
  return found;
}

std::uint64_t MessageTable::newestSentAt() {
  Rows rows = newestSentAt_.query();
  return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

std::int64_t MessageTable::newestPosition() {
  Rows rows = newestPosition_.query();
  return rows.next() && !rows.isNull(0) ? rows.integer(0) : 0;
}

void MessageTable::putState(Transaction&, std::int64_t position, std::uint8_t state, std::uint8_t failed) {
  putState_.run(position, state, failed);
}

void MessageTable::putNote(Transaction&, std::int64_t position, std::uint8_t kind, std::string_view text) {
  putNote_.run(position, kind, text);
}

void MessageTable::markRead(Transaction&, std::int64_t position) { markRead_.run(position); }

void MessageTable::remove(Transaction&, std::int64_t position) { remove_.run(position); }

}  // namespace waxwing
