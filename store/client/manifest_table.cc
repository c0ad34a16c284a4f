#include "store/client/manifest_table.h"

namespace waxwing {

std::optional<ManifestTable::Row> ManifestTable::find(const AccountId& account) {
  Rows rows = find_.query(account);
  if (!rows.next()) return std::nullopt;
  Row row{rows.bytes(0), std::nullopt, std::nullopt};
  if (!rows.isNull(1)) row.other = rows.bytes(1);
  if (!rows.isNull(2)) row.rejected = rows.fixed<Hash>(2);
  return row;
}

std::optional<Bytes> ManifestTable::findSigned(const AccountId& account) {
  Rows rows = findSigned_.query(account);
  if (!rows.next()) return std::nullopt;
  return rows.bytes(0);
}

void ManifestTable::put(const AccountId& account, ByteView signedManifest) { put_.run(account, signedManifest); }

void ManifestTable::setOther(const AccountId& account, const std::optional<Bytes>& other) {
  setOther_.run(account, other);
}

void ManifestTable::setRejected(const AccountId& account, const Hash& rejected) { setRejected_.run(account, rejected); }

}  // namespace waxwing
