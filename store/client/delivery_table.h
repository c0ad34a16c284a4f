#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// What is owed to each recipient device, in the order (message, device) within an account.
class DeliveryTable {
 public:
  enum class Status : std::uint8_t {
    kWaiting = 1,   // in clear: no session, or not allowed out yet
    kReady = 2,     // encrypted
    kOffered = 3,   // given to a relay, or about to be: it may have left
    kAccepted = 4,  // durable at the recipient's relay; kept until its message is Sent
  };
  struct Key {
    AccountId account;
    std::int64_t message = 0;
    DeviceId device;  // 0: the account's devices are not known yet
  };
  struct Cipher {
    Bytes head;
    EnvelopeId envelope;
    std::uint8_t kind = 0;  // CipherKind
    Bytes ciphertext;
    std::int64_t anchor = 0;
    WallTime encryptedAt;
  };
  struct Row {
    Key key;
    Status status = Status::kWaiting;
    std::optional<Cipher> cipher;
  };
  // A row while its queue is visited; the rest of it is read if it is asked for.
  struct Queued {
    Key key;
    Status status = Status::kWaiting;
    Row row() const;

    const Rows& rows;
  };
  struct Brief {
    DeviceId device;
    Status status = Status::kWaiting;
  };

  explicit DeliveryTable(Database& db) : db_(db) {}

  void addWaiting(Transaction&, const Key& key);
  // Carries that row of SentTable once more, under its old number.
  void addResend(Transaction&, const Key& key, std::int64_t sent);
  void addReady(Transaction&, const Key& key, const Cipher& cipher);
  void putReady(Transaction&, const Key& key, const Cipher& cipher);
  // Stands before its submission begins, so that no end of the process leaves a doubt.
  void putOffered(Transaction&, const Key& key);
  // The relay did not take it, or never heard of it: Ready again.
  void putRefused(Transaction&, const Key& key);
  void putAccepted(Transaction&, const Key& key);
  // Back to Waiting without its ciphertext; the head stays, so that its number stays, unless it is dropped as well.
  void takeBack(Transaction&, const Key& key);
  // What has not been offered yet goes back to Waiting, number and all: after a restore.
  void takeBackAllUnoffered(Transaction&);
  void remove(Transaction&, const Key& key);
  void removeDevice(Transaction&, const DeviceAddress& device);
  void removeMessage(Transaction&, const AccountId& account, std::int64_t message);

  // Whether the device has content that waits in clear: what follows waits behind it.
  bool hasWaiting(const DeviceAddress& device);
  std::vector<DeviceId> devicesWaiting(const AccountId& account);
  // In order of message.
  std::vector<std::int64_t> waiting(const DeviceAddress& device);
  std::optional<Bytes> findHead(const Key& key);
  std::optional<std::int64_t> findResend(const Key& key);
  std::optional<Status> findStatus(const Key& key);
  // Everything owed to an account, in order, until `visit` answers kStop. `visit` must not touch this table.
  enum class Next { kGoOn, kStop };
  template <typename Visit>
  void visitQueue(const AccountId& account, Visit visit) {
    Rows rows = queue_.query(account);
    while (rows.next()) {
      if (visit(queued(account, rows)) == Next::kStop) return;
    }
  }
  std::vector<Brief> ofMessage(const AccountId& account, std::int64_t message);
  bool owesMessage(const AccountId& account, std::int64_t message);
  // Messages with anything owed to the account, or to one device of it.
  std::vector<std::int64_t> messages(const AccountId& account);
  std::vector<std::int64_t> messages(const DeviceAddress& device);
  std::vector<AccountId> accounts();
  bool owes(const AccountId& account);
  bool owes(const DeviceAddress& device);
  // The highest anchor number of anything that is ready; 0: nothing is.
  std::int64_t newestAnchor();

 private:
  static Queued queued(const AccountId& account, const Rows& rows);

  Database& db_;
  Statement addWaiting_ = db_.prepare(
      "INSERT INTO delivery (account, message, device, status) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO NOTHING");
  Statement addResend_ =
      db_.prepare("INSERT INTO delivery (account, message, device, status, sent) VALUES (?1, ?2, ?3, 1, ?4)");
  Statement addReady_ = db_.prepare(
      "INSERT INTO delivery (account, message, device, status, head, envelope_id, cipher_kind, ciphertext, anchor, "
      "encrypted_at) VALUES (?1, ?2, ?3, 2, ?4, ?5, ?6, ?7, ?8, ?9)");
  Statement putReady_ = db_.prepare(
      "UPDATE delivery SET status = 2, head = ?4, envelope_id = ?5, cipher_kind = ?6, ciphertext = ?7, anchor = ?8, "
      "encrypted_at = ?9 WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement putOffered_ =
      db_.prepare("UPDATE delivery SET status = 3 WHERE account = ?1 AND message = ?2 AND device = ?3 AND status = 2");
  Statement putRefused_ =
      db_.prepare("UPDATE delivery SET status = 2 WHERE account = ?1 AND message = ?2 AND device = ?3 AND status = 3");
  Statement putAccepted_ = db_.prepare(
      "UPDATE delivery SET status = 4, ciphertext = NULL, head = NULL "
      "WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement takeBack_ = db_.prepare(
      "UPDATE delivery SET status = 1, envelope_id = NULL, cipher_kind = NULL, ciphertext = NULL, anchor = NULL "
      "WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement takeBackAll_ = db_.prepare(
      "UPDATE delivery SET status = 1, head = NULL, envelope_id = NULL, cipher_kind = NULL, ciphertext = NULL, "
      "anchor = NULL WHERE status <= 2");
  Statement remove_ = db_.prepare("DELETE FROM delivery WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement removeDevice_ = db_.prepare("DELETE FROM delivery WHERE account = ?1 AND device = ?2");
  Statement removeMessage_ = db_.prepare("DELETE FROM delivery WHERE account = ?1 AND message = ?2");
  Statement hasWaiting_ =
      db_.prepare("SELECT 1 FROM delivery WHERE account = ?1 AND device = ?2 AND status = 1 LIMIT 1");
  Statement devicesWaiting_ =
      db_.prepare("SELECT DISTINCT device FROM delivery WHERE account = ?1 AND status = 1 ORDER BY device");
  Statement waiting_ =
      db_.prepare("SELECT message FROM delivery WHERE account = ?1 AND device = ?2 AND status = 1 ORDER BY message");
  Statement findHead_ = db_.prepare("SELECT head FROM delivery WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement findResend_ = db_.prepare("SELECT sent FROM delivery WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement findStatus_ =
      db_.prepare("SELECT status FROM delivery WHERE account = ?1 AND message = ?2 AND device = ?3");
  Statement queue_ = db_.prepare(
      "SELECT message, device, status, head, envelope_id, cipher_kind, ciphertext, anchor, encrypted_at "
      "FROM delivery WHERE account = ?1 ORDER BY message, device");
  Statement ofMessage_ = db_.prepare("SELECT device, status FROM delivery WHERE account = ?1 AND message = ?2");
  Statement messages_ = db_.prepare("SELECT DISTINCT message FROM delivery WHERE account = ?1 ORDER BY message");
  Statement messagesOfDevice_ =
      db_.prepare("SELECT message FROM delivery WHERE account = ?1 AND device = ?2 ORDER BY message");
  Statement accounts_ = db_.prepare(
      "WITH RECURSIVE step(account) AS (SELECT min(account) FROM delivery UNION ALL "
      "SELECT (SELECT min(account) FROM delivery WHERE account > step.account) FROM step WHERE account IS NOT NULL) "
      "SELECT account FROM step WHERE account IS NOT NULL");
  Statement owes_ = db_.prepare("SELECT 1 FROM delivery WHERE account = ?1 LIMIT 1");
  Statement owesDevice_ = db_.prepare("SELECT 1 FROM delivery WHERE account = ?1 AND device = ?2 LIMIT 1");
  Statement newestAnchor_ = db_.prepare("SELECT max(anchor) FROM delivery WHERE status = 2 OR status = 3");
};

}  // namespace waxwing
