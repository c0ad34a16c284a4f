#pragma once

#include <span>

#include "outbox/outbox.h"

// From what is known of a message's recipient devices to what a person is shown (docs/protocol.md §10). Pure functions.
namespace waxwing {

enum class DeviceStanding {
  kOwed,        // not tried yet, or to be tried again
  kObstructed,  // tried; its mailbox is full or it cannot be reached at all
  kAccepted,
};

// kSent when every device was tried, at least one accepted and the rest are obstructed; else kPending.
DeliveryState stateOf(std::span<const DeviceStanding> devices);

// States only move forward; Failed yields to a receipt, and only what is Pending can fail.
DeliveryState later(DeliveryState held, DeliveryState heard);

}  // namespace waxwing
