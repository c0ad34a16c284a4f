#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"

namespace waxwing {

// The timelines of all conversations, and service content that is still owed. `kind` is outbox/outbox.h's
// TimelineItem::Kind, or kService for what no timeline shows.
class MessageTable {
 public:
  static constexpr std::uint8_t kService = 0;

  struct Row {
    std::int64_t position = 0;
    AccountId conversation;
    AccountId author;
    DeviceId device;
    MessageId id;
    std::uint8_t kind = 0;
    std::string text;
    std::optional<SecretBytes> body;  // an encoded body, where `text` alone does not say it
    std::uint64_t sentAt = 0;         // hybrid logical clock
    WallTime arrivedAt;
    bool mine = false;
    bool readHere = false;
    std::uint8_t state = 0;   // DeliveryState
    std::uint8_t failed = 0;  // FailedReason
  };

  explicit MessageTable(Database& db) : db_(db) {}

  // The position that it was given: the row's own, if it names one that is free, and one behind all others otherwise.
  std::int64_t add(Transaction&, const Row& row);
  std::optional<Row> find(std::int64_t position);
  // Shown ones only.
  std::optional<Row> find(const AccountId& author, DeviceId device, const MessageId& id);
  // One's own shown message in a conversation, whichever own device wrote it.
  std::optional<Row> findMine(const AccountId& conversation, const MessageId& id);
  std::optional<Row> findIn(const AccountId& conversation, const MessageId& id);
  // Shown ones with positions below `before`, newest last.
  std::vector<Row> page(const AccountId& conversation, std::int64_t before, std::size_t most);
  std::vector<Row> unread(const AccountId& conversation, std::int64_t upTo);
  // The clock's reading in the newest row, whoever wrote it.
  std::uint64_t newestSentAt();
  // The highest position in use; 0: none.
  std::int64_t newestPosition();

  void putState(Transaction&, std::int64_t position, std::uint8_t state, std::uint8_t failed);
  void putNote(Transaction&, std::int64_t position, std::uint8_t kind, std::string_view text);
  void markRead(Transaction&, std::int64_t position);
  void remove(Transaction&, std::int64_t position);

 private:
  static Row read(const Rows& rows);

  Database& db_;
  Statement add_ = db_.prepare(
      "INSERT INTO message (conversation, author, author_device, message_id, kind, text, body, sent_at, arrived_at, "
      "mine, read_here, state, failed, position) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
  Statement isTaken_ = db_.prepare("SELECT 1 FROM message WHERE position = ?1");
  Statement find_ = db_.prepare(
      "SELECT position, conversation, author, author_device, message_id, kind, text, body, sent_at, arrived_at, mine, "
      "read_here, state, failed FROM message WHERE position = ?1");
  Statement findById_ = db_.prepare(
      "SELECT position, conversation, author, author_device, message_id, kind, text, body, sent_at, arrived_at, mine, "
      "read_here, state, failed FROM message WHERE message_id = ?1 AND kind > 0");
  Statement page_ = db_.prepare(
      "SELECT position, conversation, author, author_device, message_id, kind, text, body, sent_at, arrived_at, mine, "
      "read_here, state, failed FROM message WHERE conversation = ?1 AND kind > 0 AND position < ?2 "
      "ORDER BY position DESC LIMIT ?3");
  Statement unread_ = db_.prepare(
      "SELECT position, conversation, author, author_device, message_id, kind, text, body, sent_at, arrived_at, mine, "
      "read_here, state, failed FROM message WHERE conversation = ?1 AND read_here = 0 AND mine = 0 AND position <= ?2 "
      "ORDER BY position");
  Statement newestSentAt_ = db_.prepare("SELECT sent_at FROM message ORDER BY position DESC LIMIT 1");
  Statement newestPosition_ = db_.prepare("SELECT max(position) FROM message");
  Statement putState_ = db_.prepare("UPDATE message SET state = ?2, failed = ?3 WHERE position = ?1");
  Statement putNote_ = db_.prepare("UPDATE message SET kind = ?2, text = ?3 WHERE position = ?1");
  Statement markRead_ = db_.prepare("UPDATE message SET read_here = 1 WHERE position = ?1");
  Statement remove_ = db_.prepare("DELETE FROM message WHERE position = ?1");
};

}  // namespace waxwing
