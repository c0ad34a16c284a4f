#pragma once

#include <optional>

#include "store/database.h"

namespace waxwing {

// The manifests that this device holds, one row an account.
class ManifestTable {
 public:
  struct Row {
    Bytes signedManifest;
    std::optional<Bytes> other;    // the account equivocates, and this is the other manifest
    std::optional<Hash> rejected;  // what the user decided against
  };

  explicit ManifestTable(Database& db) : db_(db) {}

  std::optional<Row> find(const AccountId& account);
  // The newest held alone.
  std::optional<Bytes> findSigned(const AccountId& account);
  // Leaves `other` and `rejected` as they are.
  void put(const AccountId& account, ByteView signedManifest);
  void setOther(const AccountId& account, const std::optional<Bytes>& other);
  void setRejected(const AccountId& account, const Hash& rejected);

 private:
  Database& db_;
  Statement find_ = db_.prepare("SELECT signed, other, rejected FROM manifest WHERE account = ?1");
  Statement findSigned_ = db_.prepare("SELECT signed FROM manifest WHERE account = ?1");
  Statement put_ = db_.prepare(
      "INSERT INTO manifest (account, signed) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET signed = "
      "excluded.signed");
  Statement setOther_ = db_.prepare("UPDATE manifest SET other = ?2 WHERE account = ?1");
  Statement setRejected_ = db_.prepare("UPDATE manifest SET rejected = ?2 WHERE account = ?1");
};

}  // namespace waxwing
