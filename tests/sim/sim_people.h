#pragma once

#include <vector>

#include "tests/sim/rpc_world.h"

namespace waxwing::testing {

// What people do about what their devices show them, where the core leaves the decision to its user.
class SimPeople {
 public:
  // `primaries`: a device of each account, filled later.
  SimPeople(RpcWorld& world, const std::vector<SimDevice*>& primaries) : world_(world), primaries_(primaries) {}

  static bool isUp(const SimDevice& device) { return device.running() && !device.dying() && !device.failed(); }
  bool takesPart(const SimDevice& device) const {
    return isUp(device) && !world_.isRetired(device) && !isCloned(device) && !isForgotten(device);
  }
  // Stopped until its user, a day later, opens it again.
  bool isCloned(const SimDevice& device) const {
    return isUp(device) && device.link().stop == LinkState::Stop::kCloned;
  }
  // Its primary was restored to before it was granted: to be given up (giveUpUnlisted).
  bool isForgotten(const SimDevice& device) const { return device.link().stop == LinkState::Stop::kRetired; }
  void openClone(SimDevice& device);

  void acceptAll(SimDevice& device);
  void decide(SimDevice& device);
  void renewInvites();

  void retireGhosts();
  // Of the first account, whose primary was given an old copy of its database.
  void retireAgain();
  void giveUpUnlisted();

 private:
  RpcWorld& world_;
  const std::vector<SimDevice*>& primaries_;
};

}  // namespace waxwing::testing
