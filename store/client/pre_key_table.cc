#include "store/client/pre_key_table.h"

namespace waxwing {
namespace {

PreKeyTable::Key keyOf(const Rows& rows) {
  auto secret = SecretArray<32>::from(rows.blob(1));
  if (!secret) throw StoreFailure(Errc::kDamaged, "a stored pre-key has the wrong size");
  return {static_cast<std::uint32_t>(rows.integer(0)), std::move(*secret), rows.fixed<CurveKey>(2)};
}

std::optional<PreKeyTable::Key> firstKey(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return keyOf(rows);
}

std::optional<PreKeyTable::SignedKey> firstSigned(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return PreKeyTable::SignedKey{keyOf(rows), rows.fixed<Signature>(3), rows.time(4)};
}

}  // namespace

std::optional<PreKeyTable::SignedKey> PreKeyTable::findSigned(std::uint32_t id) {
  return firstSigned(findSigned_.query(id));
}
std::optional<PreKeyTable::SignedKey> PreKeyTable::findCurrentSigned() {
  return firstSigned(findCurrentSigned_.query());
}
std::optional<PreKeyTable::Key> PreKeyTable::findOneTime(std::uint32_t id) { return firstKey(findOneTime_.query(id)); }
std::optional<PreKeyTable::Key> PreKeyTable::findSeal(std::uint32_t id) { return firstKey(findSeal_.query(id)); }
std::optional<PreKeyTable::Key> PreKeyTable::findCurrentSeal() { return firstKey(findCurrentSeal_.query()); }

void PreKeyTable::insertSigned(const SignedKey& key) {
  insertSigned_.run(key.key.id, key.key.secret, key.key.publicKey, key.signature, key.createdAt);
}
void PreKeyTable::insertOneTime(const Key& key) { insertOneTime_.run(key.id, key.secret, key.publicKey); }
void PreKeyTable::insertSeal(const Key& key) { insertSeal_.run(key.id, key.secret, key.publicKey); }
void PreKeyTable::removeOneTime(std::uint32_t id) { removeOneTime_.run(id); }

void PreKeyTable::replaceSigned(WallTime destroyAt) { replaceSigned_.run(destroyAt); }
void PreKeyTable::replaceOneTime(WallTime destroyAt) { replaceOneTime_.run(destroyAt); }
void PreKeyTable::replaceSeal(WallTime destroyAt) { replaceSeal_.run(destroyAt); }

void PreKeyTable::destroyExpired(WallTime now, WallTime decryptedBefore) {
  destroyOneTime_.run(now);
  destroySeal_.run(now);
  destroySigned_.run(now);
  forgetInitial_.run();
  forgetDecrypted_.run(decryptedBefore);
}

std::optional<PreKeyTable::Publication> PreKeyTable::findPublication() {
  Rows rows = findPublication_.query();
  if (!rows.next()) return std::nullopt;
  const auto id = [&](int column) { return static_cast<std::uint32_t>(rows.integer(column)); };
  return Publication{static_cast<std::uint64_t>(rows.integer(0)), rows.time(1), id(2), id(3), id(4)};
}

void PreKeyTable::putPublication(const Publication& publication) {
  putPublication_.run(publication.counter, publication.stockSince, publication.nextSigned, publication.nextOneTime,
                      publication.nextSeal);
}

}  // namespace waxwing
