#include "session/service_time.h"

#include <algorithm>

#include "crypto/limits.h"

namespace waxwing {
namespace {

constexpr std::string_view kService = "serviceTime";
constexpr std::string_view kWall = "serviceTimeWall";  // the wall clock's reading at the last step

}  // namespace

WallTime ServiceTime::advance(Transaction& transaction) {
  using std::chrono::milliseconds;
  const WallTime wall = clock_.now();
  const WallTime last{settings_.findInteger(kWall).value_or(wall.ms)};
  const WallTime service{settings_.findInteger(kService).value_or(wall.ms)};
  const WallTime now = service + std::clamp<milliseconds>(wall - last, milliseconds(0), limits::kOwnTimeStep);
  settings_.putInteger(transaction, kWall, wall.ms);
  settings_.putInteger(transaction, kService, now.ms);
  return now;
}

}  // namespace waxwing
