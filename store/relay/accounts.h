#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/database.h"
#include "store/relay/mailbox_store.h"

// The accounts, their devices, logins and access keys. Internal to store/relay.
namespace waxwing::relay {

struct DeviceSetTag;
// One bit per DeviceId, least significant first.
using DeviceSet = FixedBytes<16, DeviceSetTag>;

struct DeviceEntry {
  std::int64_t mailbox = 0;
  DeviceId device;
  bool isListed = false;
  SigningKey signingKey;
  std::uint64_t login = 0;
};

struct AccountEntry {
  std::int64_t id = 0;
  std::uint64_t version = 0;
  Hash hash;
  DeviceSet retired;
  std::vector<DeviceEntry> devices;
  std::vector<std::pair<AccessKeyHash, KeyClass>> accessKeys;

  const DeviceEntry* findListed(DeviceId device) const;
  bool isRetired(DeviceId device) const;
  // What a key of this hash admits to. Constant time in the hashes.
  std::optional<KeyClass> classOf(const AccessKeyHash& key) const;
};

// What a manifest changed, for those who keep other rows of a mailbox.
struct ManifestChange {
  ManifestOutcome outcome;
  std::vector<std::int64_t> emptied;  // mailboxes of devices that were retired: delete what they hold
  std::vector<std::int64_t> opened;   // new mailboxes
};

// Keeps what it read in memory; `forgetAll` after a transaction that was rolled back.
class Accounts {
 public:
  explicit Accounts(Database& db) : db_(db) {}

  // Null: not registered. Valid until the account is changed or `forgetAll`.
  const AccountEntry* find(const AccountId& account);
  // Null: a newer login is in charge, or the device is no longer listed.
  const DeviceEntry* findLoggedIn(const LoginRef& login);
  // The verified manifest's bytes; the account must exist.
  Bytes manifestOf(const AccountEntry& account);

  ManifestChange adopt(const ManifestFacts& manifest);
  LoginOutcome login(const Login& login);
  void setAccessKeys(const SetAccessKeys& keys);
  SwapAnchorOutcome swapAnchor(const SwapAnchor& swap);

  void forgetAll() { known_.clear(); }
  // Bounds the memory; between transactions.
  void trim();

 private:
  std::optional<AccountEntry> read(const AccountId& account);
  std::int64_t writeAccount(const ManifestFacts& manifest, const AccountEntry* held);
  void writeListed(std::int64_t account, const ManifestFacts& manifest, const AccountEntry* held,
                   ManifestChange& change);
  void writeMissing(const ManifestFacts& manifest, const AccountEntry& held, ManifestChange& change);

  Database& db_;
  std::unordered_map<AccountId, AccountEntry> known_;

  Statement findAccount_ = db_.prepare("SELECT id, version, hash, retired FROM account WHERE account = ?1");
  Statement findDevices_ =
      db_.prepare("SELECT mailbox, device, listed, signing_key, login FROM device WHERE account = ?1 ORDER BY device");
  Statement findKeys_ = db_.prepare("SELECT hash, class FROM access_key WHERE account = ?1");
  Statement readManifest_ = db_.prepare("SELECT manifest FROM account WHERE id = ?1");
  Statement addAccount_ =
      db_.prepare("INSERT INTO account (account, version, hash, retired, manifest) VALUES (?1, ?2, ?3, ?4, ?5)");
  Statement updateAccount_ =
      db_.prepare("UPDATE account SET version = ?2, hash = ?3, retired = ?4, manifest = ?5 WHERE account = ?1");
  Statement addDevice_ = db_.prepare(
      "INSERT INTO device (account, device, listed, signing_key, login, anchor) VALUES (?1, ?2, 1, ?3, 0, ?4)");
  Statement relist_ =
      db_.prepare("UPDATE device SET listed = 1, signing_key = ?2, login = login + 1 WHERE mailbox = ?1");
  Statement unlist_ = db_.prepare("UPDATE device SET listed = 0, login = login + 1 WHERE mailbox = ?1");
  Statement removeDevice_ = db_.prepare("DELETE FROM device WHERE mailbox = ?1");
  Statement drawLogin_ = db_.prepare("UPDATE device SET login = login + 1 WHERE mailbox = ?1");
  Statement readAnchor_ = db_.prepare("SELECT anchor FROM device WHERE mailbox = ?1");
  Statement writeAnchor_ = db_.prepare("UPDATE device SET anchor = ?2 WHERE mailbox = ?1");
  Statement removeKeys_ = db_.prepare("DELETE FROM access_key WHERE account = ?1");
  Statement addKey_ = db_.prepare("INSERT OR IGNORE INTO access_key (account, hash, class) VALUES (?1, ?2, ?3)");
};

}  // namespace waxwing::relay
