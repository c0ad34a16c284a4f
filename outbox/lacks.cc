#include "outbox/lacks.h"

#include <algorithm>

namespace waxwing {

std::chrono::milliseconds waitBetweenAsks(std::uint32_t tries) {
  return std::min(limits::kAskAgainMost, limits::kAskAgainFirst * (std::int64_t{1} << std::min(tries, 16u)));
}

void noteLack(Context& context, Transaction& transaction, const DeviceAddress& device, RecoveryTable::Lack lack) {
  const WallTime now = context.now();
  auto row = context.recovery.find(device).value_or(RecoveryTable::Row{});
  row.device = device;
  if (row.askedAt && std::chrono::abs(now - *row.askedAt) > limits::kAsksForgotten) row.tries = 0;
  WallTime due = now + limits::kAskAfter;
  if (row.tries > 0 && row.askedAt) due = std::max(due, *row.askedAt + waitBetweenAsks(row.tries - 1));
  row.dueAt = row.lacks == 0 ? due : std::min(row.dueAt, due);
  row.lacks |= lack;
  context.recovery.put(transaction, row);
  context.recoveryChanged = true;
}

void noteLackEverywhere(Context& context, Transaction& transaction, RecoveryTable::Lack lack) {
  auto accounts = context.contacts.inState(static_cast<std::uint8_t>(ContactState::kAccepted));
  accounts.push_back(context.selfAccount());
  for (const AccountId& account : accounts) {
    for (const DeviceAddress& device : context.roster.devices(account, context.selfAddress())) {
      noteLack(context, transaction, device, lack);
    }
  }
}

void noteUnreadable(Context& context, Transaction& transaction, const DeviceAddress& device,
                    const EnvelopeId& envelope) {
  context.recovery.addUnreadable(transaction, device, envelope, limits::kUnreadablePerDevice);
  noteLack(context, transaction, device, RecoveryTable::kUnreadable);
}

void noteRecovered(Context& context, Transaction& transaction, const DeviceAddress& device) {
  auto row = context.recovery.find(device);
  if (!row || row->tries == 0) return;
  row->tries = 0;
  row->dueAt = std::min(row->dueAt, context.now() + waitBetweenAsks(0));
  context.recovery.put(transaction, *row);
  context.recoveryChanged = true;
}

}  // namespace waxwing
