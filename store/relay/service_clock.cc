#include "store/relay/service_clock.h"

#include <algorithm>

#include "crypto/limits.h"

namespace waxwing::relay {

ServiceClock::ServiceClock(Database& db) : db_(db) { reload(); }

void ServiceClock::reload() {
  Rows rows = read_.query();
  const bool isStored = rows.next();
  service_ = isStored ? rows.time(0) : WallTime{};
  wall_ = isStored ? std::optional(rows.time(1)) : std::nullopt;
}

void ServiceClock::advance(WallTime wall) {
  using std::chrono::milliseconds;
  const auto step = std::clamp(wall - wall_.value_or(wall), milliseconds(0), limits::kServiceTimeStep);
  service_ = service_ + step;
  wall_ = wall;
  write_.run(service_, wall);
}

}  // namespace waxwing::relay
