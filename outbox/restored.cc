#include "outbox/restored.h"

#include "outbox/lacks.h"

namespace waxwing {

void followRelayRestored(Context& context, Transaction& transaction, AccessKeys& keys) {
  keys.publishAgain(transaction);
  keys.tellAll(transaction);
  context.settings.putInteger(transaction, setting::kKeysRestored, 1);
  context.settings.putInteger(transaction, setting::kRelayRestored, 1);
  context.settings.remove(transaction, setting::kAcknowledged);
  noteLackEverywhere(context, transaction, RecoveryTable::kState);
  context.publishingDue = true;
  context.events.add(event::Restored{event::Restored::What::kRelay});
}

void beginAnew(Context& context, Transaction& transaction, const StreamId& stream) {
  context.sent.removeUnoffered(transaction);
  context.deliveries.takeBackAllUnoffered(transaction);
  context.ratchet.spendAll(transaction);
  context.devices.restartOut(transaction);
  context.settings.put(transaction, setting::kStream, stream.view());
  for (const AccountId& account : context.deliveries.accounts()) context.owing.insert(account);
}

void followDatabaseRestored(Context& context, Transaction& transaction, AccessKeys& keys, const StreamId& stream) {
  beginAnew(context, transaction, stream);
  context.settings.putInteger(transaction, setting::kKeysRestored, 1);
  context.settings.putInteger(transaction, setting::kSignNothing, 1);
  keys.rotateContactKey(transaction, AccessKeys::Former::kKept);
  noteLackEverywhere(context, transaction, RecoveryTable::kState);
  context.publishingDue = true;
  context.events.add(event::Restored{event::Restored::What::kDatabase});
}

}  // namespace waxwing
