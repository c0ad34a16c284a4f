#include "tests/sim/growth.h"

#include "store/client/refusal_table.h"

namespace waxwing::testing {
namespace {

struct Bound {
  std::string_view what;
  Sql count;
  std::int64_t most;
};

// A run lasts less than a day of the simulated wall clock, but clocks jump: keys are rotated for each two days of that.
const Bound kClientBounds[] = {
    {"deliveries", "SELECT count(*) FROM delivery", 0},
    {"receipts that wait", "SELECT count(*) FROM receipt_due", 0},
    {"device lists of strangers",
     "SELECT count(*) FROM manifest WHERE account NOT IN (SELECT account FROM contact UNION SELECT account FROM "
     "identity)",
     0},
    {"envelopes that could not be read and are not to be asked for",
     "SELECT count(*) FROM unreadable u WHERE NOT EXISTS "
     "(SELECT 1 FROM recovery r WHERE r.account = u.account AND r.device = u.device AND r.lacks & 4 <> 0)",
     0},
    {"envelopes parked of one account",
     "SELECT ifnull(max(number), 0) FROM (SELECT count(*) AS number FROM parked GROUP BY account)",
     ParkedTable::kMostPerStranger},
    {"anchors", "SELECT count(*) FROM anchor", 2 * static_cast<std::int64_t>(limits::kConfirmedAnchorsKept)},
    {"signed pre-keys", "SELECT count(*) FROM signed_pre_key", 200},
    {"seal keys", "SELECT count(*) FROM seal_key", 200},
    {"bytes of the largest session", "SELECT ifnull(max(length(record)), 0) FROM session",
     static_cast<std::int64_t>(limits::kSessionRecordBytes)},
    {"refusals", "SELECT count(*) FROM refusal", RefusalTable::kMost},
};

std::int64_t counted(Database& db, Sql sql) {
  auto statement = db.prepare(sql);
  Rows rows = statement.query();
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace

std::vector<std::string> growth(RpcWorld& world) {
  std::vector<std::string> lines;
  for (auto& device : world.devices()) {
    if (!device->running() || world.isRetired(*device)) continue;
    for (const Bound& bound : kClientBounds) {
      const std::int64_t count = counted(device->db(), bound.count);
      if (count <= bound.most || (bound.most == 0 && world.ledger().excuses().stuck)) continue;
      lines.push_back(device->name() + " keeps " + std::to_string(count) + " " + std::string(bound.what));
    }
    if (device->disk().contains(RpcWorld::kMarker)) lines.push_back(device->name() + " has plaintext on its disk");
  }
  for (auto& relay : world.relays()) {
    if (relay->disk().contains(RpcWorld::kMarker))
      lines.push_back(relay->address().host + " has plaintext on its disk");
  }
  return lines;
}

}  // namespace waxwing::testing
