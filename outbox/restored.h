#pragma once

#include "outbox/access_keys.h"
#include "outbox/context.h"

// What follows when a copy turns out to be an old one (docs/protocol.md §5), each as part of one transaction.
namespace waxwing {

// The own relay was restored: it must be told again what it held, the app is told, and whoever writes to this device is
// told what arrived.
void followRelayRestored(Context& context, Transaction& transaction, AccessKeys& keys);

// This database was restored: what it may still say was never said by the newest copy. Its ciphertext goes, its sender
// keys are spent, its numbers begin anew in `stream` (hardening H5), and everybody is asked for what is lacking here.
// The caller sets Context::stream once this is committed.
void followDatabaseRestored(Context& context, Transaction& transaction, AccessKeys& keys, const StreamId& stream);

}  // namespace waxwing
