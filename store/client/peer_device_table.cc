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
  row.outMark = static_cast<std::uint64_t>(rows.integer(11));
  row.sentCount = static_cast<std::uint64_t>(rows.integer(12));
  row.sentBytes = static_cast<std::uint64_t>(rows.integer(13));
  if (!rows.isNull(14)) row.heardAt = rows.time(14);
  if (!rows.isNull(15)) row.probeAt = rows.time(15);
  row.probes = static_cast<std::uint32_t>(rows.integer(16));
  return row;
}

void PeerDeviceTable::putOut(Transaction&, const DeviceAddress& device, std::uint64_t sequence, const Hash& digest) {
  putOut_.run(device.account, device.device, sequence, digest);
}

std::pair<std::uint64_t, std::uint64_t> PeerDeviceTable::addSent(Transaction&, const DeviceAddress& device,
                                                                 std::size_t bytes) {
  std::pair<std::uint64_t, std::uint64_t> now;
  Rows rows = addSent_.query(device.account, device.device, bytes);
  while (rows.next()) {
    now = {static_cast<std::uint64_t>(rows.integer(0)), static_cast<std::uint64_t>(rows.integer(1))};
  }
  return now;
}

void PeerDeviceTable::countSent(Transaction&, const DeviceAddress& device) {
  countSent_.run(device.account, device.device);
}

void PeerDeviceTable::putOutMark(Transaction&, const DeviceAddress& device, std::uint64_t mark) {
  putOutMark_.run(device.account, device.device, mark);
}

void PeerDeviceTable::putHeardAt(Transaction&, const DeviceAddress& device, WallTime at) {
  putHeardAt_.run(device.account, device.device, at);
}

void PeerDeviceTable::putProbe(Transaction&, const DeviceAddress& device, std::optional<WallTime> at,
                               std::uint32_t probes) {
  putProbe_.run(device.account, device.device, at, probes);
}

std::vector<DeviceAddress> PeerDeviceTable::probesDue(WallTime now, WallTime farthest, std::size_t most) {
  std::vector<DeviceAddress> found;
  Rows rows = probesDue_.query(now, farthest, most);
  while (rows.next()) found.push_back({rows.account(0), rows.device(1)});
  return found;
}

std::optional<WallTime> PeerDeviceTable::nextProbe() {
  Rows rows = nextProbe_.query();
  if (!rows.next() || rows.isNull(0)) return std::nullopt;
  return rows.time(0);
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

void PeerDeviceTable::removeSealKey(Transaction&, const DeviceAddress& device) {
  removeSealKey_.run(device.account, device.device);
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
