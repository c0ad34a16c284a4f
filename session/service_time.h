#pragma once

#include "crypto/ports.h"
#include "store/client/settings.h"

namespace waxwing {

// The time by which this device destroys keys: it follows the wall clock, never backwards and by at most a week at a
// step, so that a clock which is wrong for a while destroys nothing early. A device that is seldom used falls behind,
// and keeps its replaced keys the longer.
class ServiceTime {
 public:
  ServiceTime(Database& db, const Clock& clock) : clock_(clock), settings_(db) {}

  // Steps forward to what the wall clock says now, and answers where that is.
  WallTime advance(Transaction& transaction);

 private:
  const Clock& clock_;
  Settings settings_;
};

}  // namespace waxwing
