#pragma once

#include "session/manifest.h"
#include "session/signal_context.h"
#include "store/client/identity_table.h"

// A new device's private keys and its entry for a manifest. Internal to session/*.cc.
namespace waxwing {

// Fresh keys for `address`; no account key.
IdentityTable::Row makeDeviceKeys(const DeviceAddress& address, Random& random);

// The entry that lists the device, signed by both of its keys.
ManifestDevice manifestEntry(const IdentityTable::Row& keys, const SignalContext& signal);

}  // namespace waxwing
