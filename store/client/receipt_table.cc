#include "store/client/receipt_table.h"

namespace waxwing {

void ReceiptTable::addDue(Transaction&, const Due& due) { addDue_.run(due.account, due.kind, due.message); }

bool ReceiptTable::hasDue() { return firstDue_.query().next(); }

std::vector<ReceiptTable::Due> ReceiptTable::takeDue(Transaction&, std::size_t most) {
  std::vector<Due> taken;
  Due first;
  {
    Rows rows = firstDue_.query();
    if (!rows.next()) return taken;
    first.account = rows.account(0);
    first.kind = static_cast<std::uint8_t>(rows.integer(1));
  }
  {
    Rows rows = due_.query(first.account, first.kind, most);
    while (rows.next()) taken.push_back({first.account, first.kind, rows.fixed<MessageId>(0)});
  }
  for (const Due& due : taken) removeDue_.run(due.account, due.kind, due.message);
  return taken;
}

void ReceiptTable::addEarly(Transaction&, const Due& early) {
  addEarly_.run(early.account, early.message, early.kind);
  trimEarly_.run(db_.lastInsertRowId() - kMostEarly);
}

std::vector<std::uint8_t> ReceiptTable::takeEarly(Transaction&, const AccountId& account, const MessageId& message) {
  std::vector<std::uint8_t> kinds;
  {
    Rows rows = early_.query(message, account);
    while (rows.next()) kinds.push_back(static_cast<std::uint8_t>(rows.integer(0)));
  }
  if (!kinds.empty()) removeEarly_.run(message, account);
  return kinds;
}

}  // namespace waxwing
