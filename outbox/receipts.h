#pragma once

#include "outbox/compose.h"
#include "outbox/context.h"
#include "outbox/message_states.h"

namespace waxwing {

// Delivered and read receipts, both ways. Ours are batched for at least a second, go to accepted contacts only, and can
// be switched off.
class Receipts {
 public:
  Receipts(Context& context, Composer& composer, MessageStates& states);

  void addDelivered(Transaction& transaction, const AccountId& contact, const MessageId& message);
  void addRead(Transaction& transaction, const AccountId& contact, const MessageId& message);
  // `off` is setting::kDeliveredOff or kReadOff.
  void switchReceipts(std::string_view off, Outbox::ReceiptSwitch wanted);
  // When the batch is to be sent; nullopt: nothing waits.
  std::optional<WallTime> due() const { return due_; }
  // What waits for its batch is due at once.
  void hasten() {
    if (due_) due_ = context_.now();
  }
  void sendIfDue();
  void sendNow();

  // What a contact says of messages that this account wrote.
  void onReceipt(Transaction& transaction, const AccountId& from, const body::Receipt& receipt);
  // A sibling's message became known here: what came for it before applies now.
  void applyEarly(Transaction& transaction, const MessageTable::Row& row);

 private:
  void add(Transaction& transaction, const AccountId& contact, body::ReceiptKind kind, const MessageId& message);
  bool sendSome();

  Context& context_;
  Composer& composer_;
  MessageStates& states_;
  std::optional<WallTime> due_;
};

}  // namespace waxwing
