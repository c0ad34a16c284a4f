#pragma once

#include <cstdint>
#include <optional>

#include "store/database.h"
#include "store/relay/mailbox_store.h"

// Published keys and one-time keys, per mailbox. Internal to store/relay.
namespace waxwing::relay {

class KeyShelf {
 public:
  KeyShelf(Database& db, const StoreLimits& limits) : db_(db), limits_(limits) {}

  PublishKeysOutcome publish(std::int64_t mailbox, const PublishKeys& keys);
  // Empty: never published.
  Bytes findSigned(std::int64_t mailbox);
  KeyStatus status(std::int64_t mailbox);
  // Takes the oldest one-time key off the shelf.
  std::optional<OneTimeKey> takeOneTime(std::int64_t mailbox);
  void remove(std::int64_t mailbox);

 private:
  // How many were new.
  std::uint32_t add(std::int64_t mailbox, const std::vector<OneTimeKey>& keys);

  Database& db_;
  const StoreLimits limits_;

  Statement readStatus_ = db_.prepare("SELECT counter, one_time FROM published_keys WHERE mailbox = ?1");
  Statement readSigned_ = db_.prepare("SELECT signed_keys FROM published_keys WHERE mailbox = ?1");
  Statement publish_ = db_.prepare(
      "INSERT INTO published_keys (mailbox, counter, one_time, signed_keys) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT (mailbox) DO UPDATE SET counter = ?2, one_time = ?3, signed_keys = ?4");
  Statement countDown_ = db_.prepare("UPDATE published_keys SET one_time = one_time - 1 WHERE mailbox = ?1");
  Statement add_ =
      db_.prepare("INSERT INTO one_time_key (mailbox, id, key) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
  Statement take_ = db_.prepare(
      "DELETE FROM one_time_key WHERE mailbox = ?1 AND id = (SELECT min(id) FROM one_time_key WHERE mailbox = ?1) "
      "RETURNING id, key");
  Statement removeOneTime_ = db_.prepare("DELETE FROM one_time_key WHERE mailbox = ?1");
  Statement removeSigned_ = db_.prepare("DELETE FROM published_keys WHERE mailbox = ?1");
};

}  // namespace waxwing::relay
