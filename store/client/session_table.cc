#include "store/client/session_table.h"

namespace waxwing {

std::optional<SecretBytes> SessionTable::findRecord(const DeviceAddress& peer) {
  Rows rows = findRecord_.query(peer.account, peer.device);
  if (!rows.next()) return std::nullopt;
  return rows.secret(0);
}

bool SessionTable::contains(const DeviceAddress& peer) { return contains_.query(peer.account, peer.device).next(); }

std::size_t SessionTable::recordBytes(const DeviceAddress& peer) {
  Rows rows = recordBytes_.query(peer.account, peer.device);
  return rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
}

std::optional<std::int64_t> SessionTable::findGeneration(const DeviceAddress& peer) {
  Rows rows = findGeneration_.query(peer.account, peer.device);
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

void SessionTable::put(const DeviceAddress& peer, ByteView record, std::int64_t generation) {
  put_.run(peer.account, peer.device, record, generation);
}

void SessionTable::remove(const DeviceAddress& peer) { remove_.run(peer.account, peer.device); }

std::vector<SessionTable::Generation> SessionTable::generations() {
  std::vector<Generation> all;
  Rows rows = generations_.query();
  while (rows.next()) all.push_back({{rows.account(0), rows.device(1)}, rows.integer(2)});
  return all;
}

std::optional<WallTime> SessionTable::findBirth(const CurveKey& baseKey) {
  Rows rows = findBirth_.query(baseKey);
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

void SessionTable::addBirth(const DeviceAddress& peer, const CurveKey& baseKey, WallTime bornAt) {
  addBirth_.run(baseKey, peer.account, peer.device, bornAt);
}

std::vector<CurveKey> SessionTable::births(const DeviceAddress& peer) {
  std::vector<CurveKey> all;
  Rows rows = births_.query(peer.account, peer.device);
  while (rows.next()) all.push_back(rows.fixed<CurveKey>(0));
  return all;
}

void SessionTable::removeBirth(const CurveKey& baseKey) { removeBirth_.run(baseKey); }

bool SessionTable::isSpent(const CurveKey& ratchetKey) { return isSpent_.query(ratchetKey).next(); }

void SessionTable::addSpent(const CurveKey& ratchetKey) { addSpent_.run(ratchetKey); }

bool SessionTable::knowsInitial(const Hash& hash) { return knowsInitial_.query(hash).next(); }

void SessionTable::addInitial(const Hash& hash, std::uint32_t signedPreKeyId) { addInitial_.run(hash, signedPreKeyId); }

bool SessionTable::wasDecrypted(const Decrypted& ciphertext) {
  return wasDecrypted_.query(ciphertext.chain, ciphertext.counter, ciphertext.digest).next();
}

void SessionTable::addDecrypted(const Decrypted& ciphertext, WallTime now) {
  addDecrypted_.run(ciphertext.chain, ciphertext.counter, ciphertext.digest, now);
}

std::uint64_t SessionTable::keysCounter(const DeviceAddress& peer) {
  Rows rows = keysCounter_.query(peer.account, peer.device);
  return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

void SessionTable::putKeysCounter(const DeviceAddress& peer, std::uint64_t counter) {
  putKeysCounter_.run(peer.account, peer.device, counter);
}

}  // namespace waxwing
