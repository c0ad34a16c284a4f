#include "store/client/stream_table.h"

#include <algorithm>

namespace waxwing {

namespace {

StreamTable::Above readAbove(const Rows& rows) {
  return {static_cast<std::uint64_t>(rows.integer(0)), rows.fixed<Hash>(1), rows.fixed<Hash>(2)};
}

}  // namespace

std::optional<StreamTable::Mark> StreamTable::findMark(const Key& key) {
  Rows rows = findMark_.query(key.device.account, key.device.device, key.stream);
  if (!rows.next()) return std::nullopt;
  return Mark{static_cast<std::uint64_t>(rows.integer(0)), rows.fixed<Hash>(1)};
}

void StreamTable::putMark(Transaction&, const Key& key, const Mark& mark) {
  putMark_.run(key.device.account, key.device.device, key.stream, mark.sequence, mark.digest);
}

std::optional<StreamTable::Above> StreamTable::findAbove(const Key& key, std::uint64_t sequence) {
  Rows rows = findAbove_.query(key.device.account, key.device.device, key.stream, sequence);
  if (!rows.next()) return std::nullopt;
  return readAbove(rows);
}

std::optional<StreamTable::Above> StreamTable::findAboveBelow(const Key& key, std::uint64_t sequence) {
  Rows rows = findAboveBelow_.query(key.device.account, key.device.device, key.stream, sequence);
  if (!rows.next()) return std::nullopt;
  return readAbove(rows);
}

void StreamTable::putAbove(Transaction&, const Key& key, const Above& above) {
  putAbove_.run(key.device.account, key.device.device, key.stream, above.sequence, above.digest, above.previous);
}

void StreamTable::removeAbove(Transaction&, const Key& key, std::uint64_t sequence) {
  removeAbove_.run(key.device.account, key.device.device, key.stream, sequence);
}

std::optional<StreamTable::Hole> StreamTable::findHole(const Key& key, std::uint64_t sequence) {
  Rows rows = findHole_.query(key.device.account, key.device.device, key.stream, sequence);
  if (!rows.next()) return std::nullopt;
  const Hole hole{static_cast<std::uint64_t>(rows.integer(0)), static_cast<std::uint64_t>(rows.integer(1)),
                  rows.integer(2), rows.as<Hole::Fate>(3)};
  if (hole.last < sequence) return std::nullopt;
  return hole;
}

std::uint64_t StreamTable::endOfHoles(const Key& key) {
  Rows rows = endOfHoles_.query(key.device.account, key.device.device, key.stream);
  return rows.next() && !rows.isNull(0) ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

void StreamTable::putHole(Transaction&, const Key& key, const Hole& hole) {
  putHole_.run(key.device.account, key.device.device, key.stream, hole.first, hole.last, hole.message, hole.fate);
}

void StreamTable::removeHole(Transaction&, const Key& key, std::uint64_t first) {
  removeHole_.run(key.device.account, key.device.device, key.stream, first);
}

std::vector<StreamTable::StreamHole> StreamTable::missing(const DeviceAddress& device, std::size_t most) {
  std::vector<StreamHole> found;
  Rows rows = missing_.query(device.account, device.device, most);
  while (rows.next()) {
    const Hole hole{static_cast<std::uint64_t>(rows.integer(1)), static_cast<std::uint64_t>(rows.integer(2)),
                    rows.integer(3), Hole::Fate::kMissing};
    found.push_back({rows.fixed<StreamId>(0), hole});
  }
  return found;
}

std::vector<StreamTable::Held> StreamTable::held(const DeviceAddress& device) {
  std::vector<Held> found;
  Rows rows = held_.query(device.account, device.device);
  while (rows.next()) {
    const auto mark = static_cast<std::uint64_t>(rows.integer(1));
    const auto above = rows.isNull(2) ? mark : static_cast<std::uint64_t>(rows.integer(2));
    found.push_back({rows.fixed<StreamId>(0), mark, std::max(mark, above)});
  }
  return found;
}

}  // namespace waxwing
