#include "outbox/receipts.h"

#include "crypto/mutation.h"

namespace waxwing {

namespace {

DeliveryState stateOf(body::ReceiptKind kind) {
  return kind == body::ReceiptKind::kRead ? DeliveryState::kRead : DeliveryState::kDelivered;
}

}  // namespace

Receipts::Receipts(Context& context, Composer& composer, MessageStates& states)
    : context_(context), composer_(composer), states_(states) {
  while (mutated(Mutation::kDropReceiptOnCrash) && context_.receipts.hasDue()) {
    Step step(context_, CommitPoint::kCompose);
    context_.receipts.takeDue(step, limits::kReceiptsPerContent);
    step.commit();
  }
  if (context_.receipts.hasDue()) due_ = context_.now() + limits::kReceiptBatchFirst;
}

void Receipts::addDelivered(Transaction& transaction, const AccountId& contact, const MessageId& message) {
  if (context_.settings.findInteger(setting::kDeliveredOff)) return;
  add(transaction, contact, body::ReceiptKind::kDelivered, message);
}

void Receipts::addRead(Transaction& transaction, const AccountId& contact, const MessageId& message) {
  if (context_.settings.findInteger(setting::kReadOff)) return;
  add(transaction, contact, body::ReceiptKind::kRead, message);
}

void Receipts::add(Transaction& transaction, const AccountId& contact, body::ReceiptKind kind,
                   const MessageId& message) {
  if (context_.contactState(contact) != ContactState::kAccepted) return;
  context_.receipts.addDue(transaction, {contact, static_cast<std::uint8_t>(kind), message});
  if (due_) return;
  const auto jitter = context_.random.below(static_cast<std::uint64_t>(limits::kReceiptBatchJitter.count()) + 1);
  due_ = context_.now() + limits::kReceiptBatchFirst + std::chrono::milliseconds(jitter);
}

void Receipts::switchReceipts(std::string_view off, Outbox::ReceiptSwitch wanted) {
  Step step(context_, CommitPoint::kContacts);
  if (wanted == Outbox::ReceiptSwitch::kOff) {
    context_.settings.putInteger(step, off, 1);
  } else {
    context_.settings.remove(step, off);
  }
  step.commit();
}

void Receipts::sendIfDue() {
  if (due_ && *due_ <= context_.now()) sendNow();
}

void Receipts::sendNow() {
  due_.reset();
  while (sendSome()) {
  }
}

bool Receipts::sendSome() {
  if (!context_.receipts.hasDue()) return false;
  Step step(context_, CommitPoint::kCompose);
  const auto taken = context_.receipts.takeDue(step, limits::kReceiptsPerContent);
  const AccountId& account = taken.front().account;
  if (context_.contactState(account) == ContactState::kAccepted) {
    body::Receipt receipt{.kind = static_cast<body::ReceiptKind>(taken.front().kind), .messages = {}};
    for (const auto& due : taken) receipt.messages.push_back(due.message);
    composer_.tellContact(step, account, std::move(receipt));
  }
  step.commit();
  return true;
}

void Receipts::onReceipt(Transaction& transaction, const AccountId& from, const body::Receipt& receipt) {
  for (const MessageId& message : receipt.messages) {
    if (const auto row = context_.messages.findMine(from, message)) {
      states_.raise(transaction, *row, stateOf(receipt.kind));
    } else {
      context_.receipts.addEarly(transaction, {from, static_cast<std::uint8_t>(receipt.kind), message});
    }
  }
}

void Receipts::applyEarly(Transaction& transaction, const MessageTable::Row& row) {
  for (const std::uint8_t kind : context_.receipts.takeEarly(transaction, row.conversation, row.id)) {
    if (const auto now = context_.messages.find(row.position)) {
      states_.raise(transaction, *now, stateOf(static_cast<body::ReceiptKind>(kind)));
    }
  }
}

}  // namespace waxwing
