#include "outbox/delivery_state.h"

#include <algorithm>

namespace waxwing {

namespace {

int rank(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return 0;
    case DeliveryState::kFailed:
      return 1;
    case DeliveryState::kSent:
      return 2;
    case DeliveryState::kDelivered:
      return 3;
    case DeliveryState::kRead:
      return 4;
  }
  return 0;
}

}  // namespace

DeliveryState stateOf(std::span<const DeviceStanding> devices) {
  const bool owed = std::ranges::find(devices, DeviceStanding::kOwed) != devices.end();
  const bool accepted = std::ranges::find(devices, DeviceStanding::kAccepted) != devices.end();
  return accepted && !owed ? DeliveryState::kSent : DeliveryState::kPending;
}

DeliveryState later(DeliveryState held, DeliveryState heard) {
  if (heard == DeliveryState::kFailed && held != DeliveryState::kPending) return held;
  if (held == DeliveryState::kFailed && heard < DeliveryState::kDelivered) return held;
  return rank(heard) > rank(held) ? heard : held;
}

}  // namespace waxwing
