#include "outbox/message_states.h"

#include "crypto/mutation.h"

namespace waxwing {

void MessageStates::accepted(Transaction& transaction, const DeliveryTable::Key& key) {
  const auto row = context_.messages.find(key.message);
  const bool counts = row && row->kind != MessageTable::kService && key.account == row->conversation;
  if (counts) return context_.deliveries.putAccepted(transaction, key);
  context_.deliveries.remove(transaction, key);
}

void MessageStates::settle(Transaction& transaction, const AccountId& account, std::int64_t message) {
  const auto row = context_.messages.find(message);
  if (!row) return context_.deliveries.removeMessage(transaction, account, message);
  if (row->kind == MessageTable::kService) return forgetServiceIfDone(transaction, *row);
  if (account != row->conversation) return;  // own devices do not count

  std::vector<DeviceStanding> standings;
  const auto parts = context_.deliveries.ofMessage(account, message);
  for (const auto& part : parts) {
    if (part.status == DeliveryTable::Status::kAccepted) {
      standings.push_back(DeviceStanding::kAccepted);
    } else {
      const bool obstructed = context_.devices.get({account, part.device}).obstacle != PeerDeviceTable::Obstacle::kNone;
      standings.push_back(obstructed ? DeviceStanding::kObstructed : DeviceStanding::kOwed);
    }
  }
  raise(transaction, *row, stateOf(standings));
  const auto state = static_cast<DeliveryState>(row->state);
  if (state == DeliveryState::kPending && stateOf(standings) == DeliveryState::kPending) return;
  // Nobody asks any more which devices have it: only what is still to be delivered stays.
  for (const auto& part : parts) {
    if (part.status != DeliveryTable::Status::kAccepted) continue;
    context_.deliveries.remove(transaction, {account, message, part.device});
  }
}

void MessageStates::forgetServiceIfDone(Transaction& transaction, const MessageTable::Row& row) {
  if (context_.deliveries.owesMessage(row.conversation, row.position)) return;
  if (context_.deliveries.owesMessage(context_.selfAccount(), row.position)) return;
  context_.messages.remove(transaction, row.position);
}

void MessageStates::settleAll(Transaction& transaction, const DeviceAddress& device) {
  for (const std::int64_t message : context_.deliveries.messages(device)) settle(transaction, device.account, message);
}

void MessageStates::settleAll(Transaction& transaction, const AccountId& account) {
  for (const std::int64_t message : context_.deliveries.messages(account)) settle(transaction, account, message);
}

void MessageStates::raise(Transaction& transaction, const MessageTable::Row& row, DeliveryState heard,
                          FailedReason failed) {
  const auto held = static_cast<DeliveryState>(row.state);
  const DeliveryState now = mutated(Mutation::kStateBackward) ? heard : later(held, heard);
  if (now == held) return;
  context_.messages.putState(transaction, row.position, static_cast<std::uint8_t>(now),
                             static_cast<std::uint8_t>(now == DeliveryState::kFailed ? failed : FailedReason::kNone));
  context_.events.add(event::MessageChanged{row.conversation, row.id, now, PendingReason::kNone});
}

void MessageStates::fail(Transaction& transaction, const MessageTable::Row& row, FailedReason reason) {
  context_.deliveries.removeMessage(transaction, row.conversation, row.position);
  context_.deliveries.removeMessage(transaction, context_.selfAccount(), row.position);
  if (row.kind == MessageTable::kService) return context_.messages.remove(transaction, row.position);
  raise(transaction, row, DeliveryState::kFailed, reason);
}

}  // namespace waxwing
