#pragma once

#include <optional>

#include "store/database.h"

namespace waxwing {

// This installation's own keys, and those of a device request that waits. All secrets are wiped when the rows go.
class IdentityTable {
 public:
  struct Row {
    DeviceAddress address;
    std::uint32_t registrationId = 0;
    SecretArray<32> identitySecret;
    SecretArray<32> signingSeed;
    std::optional<SecretArray<32>> accountSeed;  // on the primary alone
  };
  struct Request {
    Row device;
    SecretArray<32> answerSecret;
    Hash hash;
  };

  explicit IdentityTable(Database& db) : db_(db) {}

  std::optional<Row> find();
  void insert(const Row& row);

  std::optional<Request> findRequest();
  void putRequest(const Request& request);
  void removeRequest();

 private:
  Database& db_;
  Statement find_ =
      db_.prepare("SELECT account, device, registration_id, identity_secret, signing_seed, account_seed FROM identity");
  Statement insert_ = db_.prepare(
      "INSERT INTO identity (id, account, device, registration_id, identity_secret, signing_seed, account_seed) "
      "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)");
  Statement findRequest_ = db_.prepare(
      "SELECT account, device, registration_id, identity_secret, signing_seed, answer_secret, hash FROM "
      "device_request");
  Statement putRequest_ = db_.prepare(
      "INSERT OR REPLACE INTO device_request (id, account, device, registration_id, identity_secret, signing_seed, "
      "answer_secret, hash) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  Statement removeRequest_ = db_.prepare("DELETE FROM device_request");
};

}  // namespace waxwing
