#pragma once

#include <optional>

#include "store/database.h"

namespace waxwing {

// Own pre-keys and seal keys with their private halves. `destroyAt` is set when a key was replaced: until then a
// message made for it may still arrive.
class PreKeyTable {
 public:
  struct Key {
    std::uint32_t id = 0;
    SecretArray<32> secret;
    CurveKey publicKey;
  };
  struct SignedKey {
    Key key;
    Signature signature;
    WallTime createdAt;
  };
  struct Publication {
    std::uint64_t counter = 0;
    WallTime stockSince;  // when all one-time keys were last replaced
    std::uint32_t nextSigned = 0;
    std::uint32_t nextOneTime = 0;
    std::uint32_t nextSeal = 0;
  };

  explicit PreKeyTable(Database& db) : db_(db) {}

  std::optional<SignedKey> findSigned(std::uint32_t id);
  std::optional<SignedKey> findCurrentSigned();
  std::optional<Key> findOneTime(std::uint32_t id);
  std::optional<Key> findSeal(std::uint32_t id);
  std::optional<Key> findCurrentSeal();

  void insertSigned(const SignedKey& key);
  void insertOneTime(const Key& key);
  void insertSeal(const Key& key);
  void removeOneTime(std::uint32_t id);

  // Current keys become replaced ones.
  void replaceSigned(WallTime destroyAt);
  void replaceOneTime(WallTime destroyAt);
  void replaceSeal(WallTime destroyAt);
  // Removes replaced keys whose time has come, the memory of initial messages to the signed ones among them, and that
  // of ciphertexts decrypted before `decryptedBefore`. Reads whole tables: a matter of once a day.
  void destroyExpired(WallTime now, WallTime decryptedBefore);

  std::optional<Publication> findPublication();
  void putPublication(const Publication& publication);

 private:
  Database& db_;
  Statement findSigned_ =
      db_.prepare("SELECT id, secret, public, signature, created_at FROM signed_pre_key WHERE id = ?1");
  Statement findCurrentSigned_ =
      db_.prepare("SELECT id, secret, public, signature, created_at FROM signed_pre_key WHERE destroy_at IS NULL");
  Statement findOneTime_ = db_.prepare("SELECT id, secret, public FROM one_time_pre_key WHERE id = ?1");
  Statement findSeal_ = db_.prepare("SELECT id, secret, public FROM seal_key WHERE id = ?1");
  Statement findCurrentSeal_ = db_.prepare("SELECT id, secret, public FROM seal_key WHERE destroy_at IS NULL");
  Statement insertSigned_ =
      db_.prepare("INSERT INTO signed_pre_key (id, secret, public, signature, created_at) VALUES (?1, ?2, ?3, ?4, ?5)");
  Statement insertOneTime_ = db_.prepare("INSERT INTO one_time_pre_key (id, secret, public) VALUES (?1, ?2, ?3)");
  Statement insertSeal_ = db_.prepare("INSERT INTO seal_key (id, secret, public) VALUES (?1, ?2, ?3)");
  Statement removeOneTime_ = db_.prepare("DELETE FROM one_time_pre_key WHERE id = ?1");
  Statement replaceSigned_ = db_.prepare("UPDATE signed_pre_key SET destroy_at = ?1 WHERE destroy_at IS NULL");
  Statement replaceOneTime_ = db_.prepare("UPDATE one_time_pre_key SET destroy_at = ?1 WHERE destroy_at IS NULL");
  Statement replaceSeal_ = db_.prepare("UPDATE seal_key SET destroy_at = ?1 WHERE destroy_at IS NULL");
  Statement destroySigned_ = db_.prepare("DELETE FROM signed_pre_key WHERE destroy_at <= ?1");
  Statement destroyOneTime_ = db_.prepare("DELETE FROM one_time_pre_key WHERE destroy_at <= ?1");
  Statement destroySeal_ = db_.prepare("DELETE FROM seal_key WHERE destroy_at <= ?1");
  Statement forgetInitial_ =
      db_.prepare("DELETE FROM initial_message WHERE signed_pre_key NOT IN (SELECT id FROM signed_pre_key)");
  Statement forgetDecrypted_ = db_.prepare("DELETE FROM decrypted WHERE decrypted_at < ?1");
  Statement findPublication_ =
      db_.prepare("SELECT counter, stock_since, next_signed, next_one_time, next_seal FROM publication");
  Statement putPublication_ = db_.prepare(
      "INSERT OR REPLACE INTO publication (id, counter, stock_since, next_signed, next_one_time, next_seal) "
      "VALUES (1, ?1, ?2, ?3, ?4, ?5)");
};

}  // namespace waxwing
