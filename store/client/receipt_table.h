#pragma once

#include <vector>

#include "store/database.h"

namespace waxwing {

// Receipts that wait to be sent, and receipts that came before their message. `kind` is session/content.h's
// ReceiptKind.
class ReceiptTable {
 public:
  struct Due {
    AccountId account;
    std::uint8_t kind = 0;
    MessageId message;
  };
  // How many early ones are kept; the oldest go first.
  static constexpr std::int64_t kMostEarly = 10'000;

  explicit ReceiptTable(Database& db) : db_(db) {}

  void addDue(Transaction&, const Due& due);
  bool hasDue();
  // Takes up to `most` of one account and kind.
  std::vector<Due> takeDue(Transaction&, std::size_t most);

  void addEarly(Transaction&, const Due& early);
  // The kinds that came for a message; forgets them.
  std::vector<std::uint8_t> takeEarly(Transaction&, const AccountId& account, const MessageId& message);

 private:
  Database& db_;
  Statement addDue_ =
      db_.prepare("INSERT INTO receipt_due (account, kind, message_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
  Statement firstDue_ = db_.prepare("SELECT account, kind FROM receipt_due ORDER BY account, kind LIMIT 1");
  Statement due_ =
      db_.prepare("SELECT message_id FROM receipt_due WHERE account = ?1 AND kind = ?2 ORDER BY message_id LIMIT ?3");
  Statement removeDue_ = db_.prepare("DELETE FROM receipt_due WHERE account = ?1 AND kind = ?2 AND message_id = ?3");
  Statement addEarly_ = db_.prepare("INSERT INTO receipt_early (account, message_id, kind) VALUES (?1, ?2, ?3)");
  Statement trimEarly_ = db_.prepare("DELETE FROM receipt_early WHERE id <= ?1");
  Statement early_ = db_.prepare("SELECT kind FROM receipt_early WHERE message_id = ?1 AND account = ?2");
  Statement removeEarly_ = db_.prepare("DELETE FROM receipt_early WHERE message_id = ?1 AND account = ?2");
};

}  // namespace waxwing
