#pragma once

#include "outbox/context.h"

namespace waxwing {

// Notes that something of a device is lacking here; Recovery asks for it when it may. Bounded: one row per device.
void noteLack(Context& context, Transaction& transaction, const DeviceAddress& device, RecoveryTable::Lack lack);
// Of every device of every accepted contact, and of one's own others: after a restore, or what the relay lost.
void noteLackEverywhere(Context& context, Transaction& transaction, RecoveryTable::Lack lack);
// An envelope of a device could not be read.
void noteUnreadable(Context& context, Transaction& transaction, const DeviceAddress& device,
                    const EnvelopeId& envelope);
// Something that was asked for has come: what is still missing is asked for soon.
void noteRecovered(Context& context, Transaction& transaction, const DeviceAddress& device);

// The `tries`-th wait between two requests: doubled each time, at most limits::kAskAgainMost.
std::chrono::milliseconds waitBetweenAsks(std::uint32_t tries);

}  // namespace waxwing
