#pragma once

#include "store/database.h"

// Service time (relay.md rule 12): the time that a relay has been running, as a wall clock that cannot jump. What is
// kept for days is counted on it, so that a clock that is off by a year loses nothing. Internal to store/relay.
namespace waxwing::relay {

class ServiceClock {
 public:
  // Starts from what was stored, or, in a new store, from zero.
  explicit ServiceClock(Database& db);

  WallTime now() const { return service_; }
  // Advances by the wall clock's step since the last call, also of an earlier run, clamped to 0…5 min.
  void advance(WallTime wall);
  // Reads again what is stored, after a rollback.
  void reload();

 private:
  Database& db_;
  WallTime service_;
  std::optional<WallTime> wall_;

  Statement read_ = db_.prepare("SELECT service, wall FROM service_clock WHERE id = 1");
  Statement write_ = db_.prepare(
      "INSERT INTO service_clock (id, service, wall) VALUES (1, ?1, ?2) "
      "ON CONFLICT (id) DO UPDATE SET service = ?1, wall = ?2");
};

}  // namespace waxwing::relay
