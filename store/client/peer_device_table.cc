#include "store/client/peer_device_table.h"

namespace waxwing {

PeerDeviceTable::Row PeerDeviceTable::get(const DeviceAddress& device) {
  Row row;
  Rows rows = get_.query(device.account, device.device);
  if (!rows.next()) return row;
  row.outSequence = static_cast<std::uint64_t>(rows.integer(0));
  row.outDigest = rows.fixed<Hash>(1);
  if (!rows.isNull(2)) row.inStream = rows.fixed<StreamId>(2);
  row.inMark = static_cast<std::uint64_t>(rows.integer(3));
  row.holdsManifest = static_cast<std::uint64_t>(rows.integer(4));
  row.toldManifest = static_cast<std::uint64_t>(rows.integer(5));
  row.obstacle = rows.as<Obstacle>(6);
  if (!rows.isNull(9)) {
    row.sealKey = SealKey{static_cast<std::uint8_t>(rows.integer(7)), static_cast<std::uint32_t>(rows.integer(8)),
                          rows.fixed<CurveKey>(9), rows.time(10)};
  }
  return row;
}

void PeerDeviceTable::putOut(Transaction&, const DeviceAddress& device, std::uint64_t sequence, const Hash& digest) {
  putOut_.run(device.account, device.device, sequence, digest);
}

void PeerDeviceTable::putInStream(Transaction&, const DeviceAddress& device, const StreamId& stream) {
  putInStream_.run(device.account, device.device, stream);
}

void PeerDeviceTable::putHoldsManifest(Transaction&, const DeviceAddress& device, std::uint64_t version) {
  putHoldsManifest_.run(device.account, device.device, version);
}

void PeerDeviceTable::putToldManifest(Transaction&, const DeviceAddress& device, std::uint64_t version) {
  putToldManifest_.run(device.account, device.device, version);
}

void PeerDeviceTable::putObstacle(Transaction&, const DeviceAddress& device, Obstacle obstacle) {
  putObstacle_.run(device.account, device.device, obstacle);
}

void PeerDeviceTable::putSealKey(Transaction&, const DeviceAddress& device, const SealKey& key) {
  putSealKey_.run(device.account, device.device, key.suite, key.id, key.key, key.fetchedAt);
}

void PeerDeviceTable::remove(Transaction&, const DeviceAddress& device) { remove_.run(device.account, device.device); }

void PeerDeviceTable::restartOut(Transaction&) { restartOut_.run(); }

LaneTable::Row LaneTable::get(const AccountId& account) {
  Row row;
  Rows rows = get_.query(account);
  if (!rows.next()) return row;
  row.reason = static_cast<std::uint8_t>(rows.integer(0));
  row.attempts = static_cast<std::uint32_t>(rows.integer(1));
  if (!rows.isNull(2)) row.retryAt = rows.time(2);
  row.lastAnswer = rows.text(3);
  return row;
}

void LaneTable::put(Transaction&, const AccountId& account, const Row& row) {
  put_.run(account, row.reason, row.attempts, row.retryAt, row.lastAnswer);
}

}  // namespace waxwing
