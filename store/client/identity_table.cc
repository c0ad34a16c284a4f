#include "store/client/identity_table.h"

namespace waxwing {
namespace {

SecretArray<32> secretOf(const Rows& rows, int column) {
  auto secret = SecretArray<32>::from(rows.blob(column));
  if (!secret) throw StoreFailure(Errc::kDamaged, "a stored key has the wrong size");
  return std::move(*secret);
}

IdentityTable::Row deviceOf(const Rows& rows) {
  IdentityTable::Row row;
  row.address = {rows.account(0), rows.device(1)};
  row.registrationId = static_cast<std::uint32_t>(rows.integer(2));
  row.identitySecret = secretOf(rows, 3);
  row.signingSeed = secretOf(rows, 4);
  return row;
}

}  // namespace

std::optional<IdentityTable::Row> IdentityTable::find() {
  Rows rows = find_.query();
  if (!rows.next()) return std::nullopt;
  Row row = deviceOf(rows);
  if (!rows.isNull(5)) row.accountSeed = secretOf(rows, 5);
  return row;
}

void IdentityTable::insert(const Row& row) {
  insert_.run(row.address.account, row.address.device, row.registrationId, row.identitySecret, row.signingSeed,
              row.accountSeed);
}

std::optional<IdentityTable::Request> IdentityTable::findRequest() {
  Rows rows = findRequest_.query();
  if (!rows.next()) return std::nullopt;
  return Request{deviceOf(rows), secretOf(rows, 5), rows.fixed<Hash>(6)};
}

void IdentityTable::putRequest(const Request& request) {
  const auto& device = request.device;
  putRequest_.run(device.address.account, device.address.device, device.registrationId, device.identitySecret,
                  device.signingSeed, request.answerSecret, request.hash);
}

void IdentityTable::removeRequest() { removeRequest_.run(); }

}  // namespace waxwing
