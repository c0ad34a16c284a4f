#include "store/client/delivery_table.h"

namespace waxwing {

namespace {

// Device 0 stands in a row for "not known yet" and is no device otherwise.
DeviceId deviceOrNone(const Rows& rows, int column) {
  return rows.integer(column) == 0 ? DeviceId() : rows.device(column);
}

std::vector<std::int64_t> integers(Rows rows) {
  std::vector<std::int64_t> found;
  while (rows.next()) found.push_back(rows.integer(0));
  return found;
}

}  // namespace

DeliveryTable::Queued DeliveryTable::queued(const AccountId& account, const Rows& rows) {
  return {.key = {account, rows.integer(0), deviceOrNone(rows, 1)}, .status = rows.as<Status>(2), .rows = rows};
}

DeliveryTable::Row DeliveryTable::Queued::row() const {
  Row row{.key = key, .status = status, .cipher = {}};
  if (rows.isNull(6)) return row;
  row.cipher = Cipher{.head = rows.bytes(3),
                      .envelope = rows.fixed<EnvelopeId>(4),
                      .kind = static_cast<std::uint8_t>(rows.integer(5)),
                      .ciphertext = rows.bytes(6),
                      .anchor = rows.integer(7),
                      .encryptedAt = rows.time(8)};
  return row;
}

void DeliveryTable::addWaiting(Transaction&, const Key& key) { addWaiting_.run(key.account, key.message, key.device); }

void DeliveryTable::addResend(Transaction&, const Key& key, std::int64_t sent) {
  addResend_.run(key.account, key.message, key.device, sent);
}

void DeliveryTable::addReady(Transaction&, const Key& key, const Cipher& cipher) {
  addReady_.run(key.account, key.message, key.device, cipher.head, cipher.envelope, cipher.kind, cipher.ciphertext,
                cipher.anchor, cipher.encryptedAt);
}

void DeliveryTable::putReady(Transaction&, const Key& key, const Cipher& cipher) {
  putReady_.run(key.account, key.message, key.device, cipher.head, cipher.envelope, cipher.kind, cipher.ciphertext,
                cipher.anchor, cipher.encryptedAt);
}

void DeliveryTable::putOffered(Transaction&, const Key& key) { putOffered_.run(key.account, key.message, key.device); }

void DeliveryTable::putRefused(Transaction&, const Key& key) { putRefused_.run(key.account, key.message, key.device); }

void DeliveryTable::putAccepted(Transaction&, const Key& key) {
  putAccepted_.run(key.account, key.message, key.device);
}

void DeliveryTable::takeBack(Transaction&, const Key& key) { takeBack_.run(key.account, key.message, key.device); }

void DeliveryTable::takeBackAllUnoffered(Transaction&) { takeBackAll_.run(); }

void DeliveryTable::remove(Transaction&, const Key& key) { remove_.run(key.account, key.message, key.device); }

void DeliveryTable::removeDevice(Transaction&, const DeviceAddress& device) {
  removeDevice_.run(device.account, device.device);
}

void DeliveryTable::removeMessage(Transaction&, const AccountId& account, std::int64_t message) {
  removeMessage_.run(account, message);
}

bool DeliveryTable::hasWaiting(const DeviceAddress& device) {
  return hasWaiting_.query(device.account, device.device).next();
}

std::vector<DeviceId> DeliveryTable::devicesWaiting(const AccountId& account) {
  std::vector<DeviceId> found;
  Rows rows = devicesWaiting_.query(account);
  while (rows.next()) found.push_back(deviceOrNone(rows, 0));
  return found;
}

std::vector<std::int64_t> DeliveryTable::waiting(const DeviceAddress& device) {
  return integers(waiting_.query(device.account, device.device));
}

std::optional<Bytes> DeliveryTable::findHead(const Key& key) {
  Rows rows = findHead_.query(key.account, key.message, key.device);
  if (!rows.next() || rows.isNull(0)) return std::nullopt;
  return rows.bytes(0);
}

std::optional<std::int64_t> DeliveryTable::findResend(const Key& key) {
  Rows rows = findResend_.query(key.account, key.message, key.device);
  if (!rows.next() || rows.isNull(0)) return std::nullopt;
  return rows.integer(0);
}

std::optional<DeliveryTable::Status> DeliveryTable::findStatus(const Key& key) {
  Rows rows = findStatus_.query(key.account, key.message, key.device);
  if (!rows.next()) return std::nullopt;
  return rows.as<Status>(0);
}

std::vector<DeliveryTable::Brief> DeliveryTable::ofMessage(const AccountId& account, std::int64_t message) {
  std::vector<Brief> found;
  Rows rows = ofMessage_.query(account, message);
  while (rows.next()) found.push_back({deviceOrNone(rows, 0), rows.as<Status>(1)});
  return found;
}

bool DeliveryTable::owesMessage(const AccountId& account, std::int64_t message) {
  return ofMessage_.query(account, message).next();
}

std::vector<std::int64_t> DeliveryTable::messages(const AccountId& account) {
  return integers(messages_.query(account));
}

std::vector<std::int64_t> DeliveryTable::messages(const DeviceAddress& device) {
  return integers(messagesOfDevice_.query(device.account, device.device));
}

std::vector<AccountId> DeliveryTable::accounts() {
  std::vector<AccountId> found;
  Rows rows = accounts_.query();
  while (rows.next()) found.push_back(rows.account(0));
  return found;
}

bool DeliveryTable::owes(const AccountId& account) { return owes_.query(account).next(); }

bool DeliveryTable::owes(const DeviceAddress& device) {
  return owesDevice_.query(device.account, device.device).next();
}

std::int64_t DeliveryTable::newestAnchor() {
  Rows rows = newestAnchor_.query();
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace waxwing
