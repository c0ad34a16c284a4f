#include "store/client/sent_table.h"

#include <algorithm>

namespace waxwing {

SentTable::Row SentTable::read(const Rows& rows) {
  Row row{.id = rows.integer(0),
          .sequence = static_cast<std::uint64_t>(rows.integer(1)),
          .envelope = rows.fixed<EnvelopeId>(2),
          .message = rows.integer(3),
          .madeAt = rows.time(4),
          .resentAt = {},
          .resends = static_cast<std::uint32_t>(rows.integer(6))};
  if (!rows.isNull(5)) row.resentAt = rows.time(5);
  return row;
}

void SentTable::put(Transaction&, const Number& number, const EnvelopeId& envelope, std::int64_t message, WallTime now,
                    ByteView content) {
  put_.run(number.device.account, number.device.device, number.stream, number.sequence, envelope, message, now,
           content);
}

std::optional<SentTable::Row> SentTable::find(const Number& number) {
  Rows rows = find_.query(number.device.account, number.device.device, number.stream, number.sequence);
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

std::vector<SentTable::Row> SentTable::range(const DeviceAddress& device, const StreamId& stream, std::uint64_t from,
                                             std::uint64_t to, std::size_t most) {
  std::vector<Row> found;
  Rows rows = range_.query(device.account, device.device, stream, from, to, most);
  while (rows.next()) found.push_back(read(rows));
  return found;
}

std::vector<SentTable::Row> SentTable::inEnvelopes(const DeviceAddress& device,
                                                   const std::vector<EnvelopeId>& envelopes) {
  std::vector<Row> found;
  Rows rows = ofDevice_.query(device.account, device.device);
  while (found.size() < envelopes.size() && rows.next()) {
    if (std::ranges::find(envelopes, rows.fixed<EnvelopeId>(2)) != envelopes.end()) found.push_back(read(rows));
  }
  return found;
}

std::vector<StreamId> SentTable::streams(const DeviceAddress& device) {
  std::vector<StreamId> found;
  Rows rows = streams_.query(device.account, device.device);
  while (rows.next()) found.push_back(rows.fixed<StreamId>(0));
  return found;
}

std::vector<SentTable::End> SentTable::ends(const DeviceAddress& device, const StreamId& current, std::size_t most) {
  std::vector<End> found;
  Rows rows = ends_.query(device.account, device.device, current, most);
  while (rows.next()) found.push_back({rows.fixed<StreamId>(0), static_cast<std::uint64_t>(rows.integer(1))});
  return found;
}

std::optional<SecretBytes> SentTable::findContent(std::int64_t id) {
  Rows rows = findContent_.query(id);
  if (!rows.next()) return std::nullopt;
  return rows.secret(0);
}

void SentTable::putResent(Transaction&, std::int64_t id, std::int64_t message, WallTime now) {
  putResent_.run(id, message, now);
}

void SentTable::putEnvelope(Transaction&, std::int64_t id, const EnvelopeId& envelope) {
  putEnvelope_.run(id, envelope);
}

std::vector<SentTable::Old> SentTable::oldest(std::int64_t after, std::size_t most) {
  std::vector<Old> found;
  Rows rows = oldest_.query(after, most);
  while (rows.next()) {
    found.push_back(
        {rows.integer(0),
         {{rows.account(1), rows.device(2)}, rows.fixed<StreamId>(3), static_cast<std::uint64_t>(rows.integer(4))},
         rows.time(5)});
  }
  return found;
}

void SentTable::remove(Transaction&, std::int64_t id) { remove_.run(id); }

void SentTable::removeOldest(Transaction&, const DeviceAddress& device, std::size_t count) {
  removeOldest_.run(device.account, device.device, count);
}

void SentTable::removeDevice(Transaction&, const DeviceAddress& device) {
  removeDevice_.run(device.account, device.device);
}

void SentTable::removeAccount(Transaction&, const AccountId& account) { removeAccount_.run(account); }

void SentTable::removeUnoffered(Transaction&) { removeUnoffered_.run(); }

}  // namespace waxwing
