#include "store/client/disclosure_table.h"

namespace waxwing {
namespace {

std::optional<std::uint32_t> numberIn(const Rows& rows, int column) {
  if (rows.isNull(column)) return std::nullopt;
  return static_cast<std::uint32_t>(rows.integer(column));
}

std::optional<Bytes> bytesIn(const Rows& rows, int column) {
  if (rows.isNull(column)) return std::nullopt;
  return rows.bytes(column);
}

}  // namespace

bool DisclosureTable::isTestProfile() { return isTestProfile_.query().next(); }

void DisclosureTable::mark(Transaction&, WallTime now) { mark_.run(now); }

void DisclosureTable::add(const Event& event) {
  add_.run(event.type, event.peer.account, event.peer.device, event.drawn, event.signedPreKey, event.oneTimeKey,
           event.kind, event.content, event.message, event.envelope);
}

std::vector<DisclosureTable::Event> DisclosureTable::events(const DeviceAddress& peer) {
  std::vector<Event> events;
  for (Rows rows = events_.query(peer.account, peer.device); rows.next();) {
    Event event;
    event.type = rows.as<Type>(0);
    event.peer = {rows.account(1), rows.device(2)};
    event.drawn = rows.bytes(3);
    event.signedPreKey = numberIn(rows, 4);
    event.oneTimeKey = numberIn(rows, 5);
    if (!rows.isNull(6)) event.kind = static_cast<std::uint8_t>(rows.integer(6));
    event.content = bytesIn(rows, 7);
    event.message = bytesIn(rows, 8);
    event.envelope = bytesIn(rows, 9);
    events.push_back(std::move(event));
  }
  return events;
}

std::optional<SecretBytes> DisclosureTable::findKey(KeyKind kind, std::uint32_t id) {
  Rows rows = findKey_.query(kind, id);
  if (!rows.next()) return std::nullopt;
  return rows.secret(0);
}

}  // namespace waxwing
