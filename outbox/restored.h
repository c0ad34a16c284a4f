#pragma once

#include "outbox/access_keys.h"
#include "outbox/context.h"

// What follows when a copy turns out to be an old one (docs/protocol.md §5), each as part of one transaction.
namespace waxwing {

// The own relay was restored: it must be told again what it held, the app is told, and whoever writes to this device is
// told what arrived.
void followRelayRestored(Context& context, Transaction& transaction, AccessKeys& keys);

// What this copy would say next another one may have said before: its ciphertext goes, its sender ratchet keys are
// spent, its numbers begin anew in `stream` (hardening H5). The caller sets Context::stream once this is committed.
void beginAnew(Context& context, Transaction& transaction, const StreamId& stream);

// This database was restored, or has a twin: it begins anew, and everybody is asked for what is lacking here.
void followDatabaseRestored(Context& context, Transaction& transaction, AccessKeys& keys, const StreamId& stream);

}  // namespace waxwing
