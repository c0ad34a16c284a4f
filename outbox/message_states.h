#pragma once

#include "outbox/context.h"
#include "outbox/delivery_state.h"

namespace waxwing {

// Keeps what a person is shown of his own messages in step with what became of each recipient device's part.
class MessageStates {
 public:
  explicit MessageStates(Context& context) : context_(context) {}

  // The recipient's relay has it durably. The caller settles the message afterwards.
  void accepted(Transaction& transaction, const DeliveryTable::Key& key);
  // Works out the state anew after accepted or removed parts and new obstacles, and forgets what is no longer owed.
  void settle(Transaction& transaction, const AccountId& account, std::int64_t message);
  void settleAll(Transaction& transaction, const DeviceAddress& device);
  void settleAll(Transaction& transaction, const AccountId& account);
  // A receipt, or a failure, says where the message stands.
  void raise(Transaction& transaction, const MessageTable::Row& row, DeliveryState heard,
             FailedReason failed = FailedReason::kNone);
  // The user's wish, or this device's retirement: nothing more of it leaves.
  void fail(Transaction& transaction, const MessageTable::Row& row, FailedReason reason);

 private:
  void forgetServiceIfDone(Transaction& transaction, const MessageTable::Row& row);

  Context& context_;
};

}  // namespace waxwing
