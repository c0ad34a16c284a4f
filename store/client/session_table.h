#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// Pairwise sessions and what is remembered beside them. Records are secret.
class SessionTable {
 public:
  struct Generation {
    DeviceAddress address;
    std::int64_t generation = 0;
  };
  // One decrypted ciphertext, found again by its place in its chain.
  struct Decrypted {
    std::int64_t chain = 0;
    std::uint32_t counter = 0;
    Hash digest;
  };

  explicit SessionTable(Database& db) : db_(db) {}

  std::optional<SecretBytes> findRecord(const DeviceAddress& peer);
  bool contains(const DeviceAddress& peer);
  // 0: there is none.
  std::size_t recordBytes(const DeviceAddress& peer);
  std::optional<std::int64_t> findGeneration(const DeviceAddress& peer);
  void put(const DeviceAddress& peer, ByteView record, std::int64_t generation);
  void remove(const DeviceAddress& peer);
  std::vector<Generation> generations();

  std::optional<WallTime> findBirth(const CurveKey& baseKey);
  // Keeps the first birth of a base key.
  void addBirth(const DeviceAddress& peer, const CurveKey& baseKey, WallTime bornAt);
  std::vector<CurveKey> births(const DeviceAddress& peer);
  void removeBirth(const CurveKey& baseKey);

  bool isSpent(const CurveKey& ratchetKey);
  void addSpent(const CurveKey& ratchetKey);

  bool knowsInitial(const Hash& hash);
  void addInitial(const Hash& hash, std::uint32_t signedPreKeyId);

  bool wasDecrypted(const Decrypted& ciphertext);
  void addDecrypted(const Decrypted& ciphertext, WallTime now);

  // 0: none seen.
  std::uint64_t keysCounter(const DeviceAddress& peer);
  void putKeysCounter(const DeviceAddress& peer, std::uint64_t counter);

 private:
  Database& db_;
  Statement findRecord_ = db_.prepare("SELECT record FROM session WHERE account = ?1 AND device = ?2");
  Statement recordBytes_ = db_.prepare("SELECT length(record) FROM session WHERE account = ?1 AND device = ?2");
  Statement contains_ = db_.prepare("SELECT 1 FROM session WHERE account = ?1 AND device = ?2");
  Statement findGeneration_ = db_.prepare("SELECT generation FROM session WHERE account = ?1 AND device = ?2");
  Statement put_ = db_.prepare(
      "INSERT INTO session (account, device, record, generation) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (account, device) "
      "DO UPDATE SET record = excluded.record, generation = excluded.generation");
  Statement remove_ = db_.prepare("DELETE FROM session WHERE account = ?1 AND device = ?2");
  Statement generations_ = db_.prepare("SELECT account, device, generation FROM session");
  Statement findBirth_ = db_.prepare("SELECT born_at FROM session_birth WHERE base_key = ?1");
  Statement addBirth_ =
      db_.prepare("INSERT OR IGNORE INTO session_birth (base_key, account, device, born_at) VALUES (?1, ?2, ?3, ?4)");
  Statement births_ = db_.prepare("SELECT base_key FROM session_birth WHERE account = ?1 AND device = ?2");
  Statement removeBirth_ = db_.prepare("DELETE FROM session_birth WHERE base_key = ?1");
  Statement isSpent_ = db_.prepare("SELECT 1 FROM spent_ratchet_key WHERE key = ?1");
  Statement addSpent_ = db_.prepare("INSERT OR IGNORE INTO spent_ratchet_key (key) VALUES (?1)");
  Statement knowsInitial_ = db_.prepare("SELECT 1 FROM initial_message WHERE hash = ?1");
  Statement addInitial_ = db_.prepare("INSERT OR IGNORE INTO initial_message (hash, signed_pre_key) VALUES (?1, ?2)");
  Statement wasDecrypted_ = db_.prepare("SELECT 1 FROM decrypted WHERE chain = ?1 AND counter = ?2 AND digest = ?3");
  Statement addDecrypted_ =
      db_.prepare("INSERT OR IGNORE INTO decrypted (chain, counter, digest, decrypted_at) VALUES (?1, ?2, ?3, ?4)");
  Statement keysCounter_ = db_.prepare("SELECT counter FROM keys_seen WHERE account = ?1 AND device = ?2");
  Statement putKeysCounter_ =
      db_.prepare("INSERT OR REPLACE INTO keys_seen (account, device, counter) VALUES (?1, ?2, ?3)");
};

}  // namespace waxwing
