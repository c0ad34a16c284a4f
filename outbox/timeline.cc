#include "outbox/timeline.h"

#include "session/content.h"

namespace waxwing {

namespace {

struct KindName {
  std::string operator()(const body::Empty&) const { return "empty"; }
  std::string operator()(const body::Text&) const { return "text"; }
  std::string operator()(const body::Receipt&) const { return "receipt"; }
  std::string operator()(const body::Profile&) const { return "profile"; }
  std::string operator()(const body::ContactRequest&) const { return "contact request"; }
  std::string operator()(const body::ResendRequest&) const { return "resend request"; }
  std::string operator()(const body::Marks&) const { return "marks"; }
  std::string operator()(const body::SyncRead&) const { return "device sync"; }
  std::string operator()(const body::SyncContact&) const { return "device sync"; }
  std::string operator()(const body::SyncAccessKeys&) const { return "device sync"; }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "other";
  }
};

std::string kindName(const MessageTable::Row& row) {
  if (row.kind == static_cast<std::uint8_t>(TimelineItem::Kind::kText)) return "text";
  if (!row.body) return "resend";
  const auto body = decodeBody(row.body->view());
  return body ? std::visit(KindName{}, *body) : "other";
}

PendingReason reasonOf(Context& context, const AccountId& account, const DeviceId& device,
                       DeliveryTable::Status status) {
  if (context.roster.equivocates(account)) return PendingReason::kEquivocation;
  if (context.settings.findInteger(setting::kKeysRestored)) return PendingReason::kRestoreCheck;
  const auto lane = static_cast<PendingReason>(context.lanes.get(account).reason);
  if (lane == PendingReason::kAccessRenewal || lane == PendingReason::kBusy) return lane;
  if (device != DeviceId() && context.devices.get({account, device}).obstacle == PeerDeviceTable::Obstacle::kFull) {
    return PendingReason::kMailboxFull;
  }
  return status == DeliveryTable::Status::kWaiting ? PendingReason::kWaitingForSession : PendingReason::kNoNetwork;
}

}  // namespace

std::int64_t addNote(Context& context, Transaction& transaction, const AccountId& conversation,
                     const DeviceAddress& about, TimelineItem::Kind kind, std::string text, std::int64_t place) {
  MessageTable::Row row;
  row.position = place;
  row.conversation = conversation;
  row.author = about.account;
  row.device = about.device;
  row.id = context.random.fixed<MessageId>();
  row.kind = static_cast<std::uint8_t>(kind);
  row.text = std::move(text);
  row.sentAt = context.nextTime().value;
  row.arrivedAt = context.now();
  row.readHere = true;
  row.position = context.messages.add(transaction, row);
  context.events.add(event::TimelineNote{conversation, timelineItem(context, row)});
  return row.position;
}

TimelineItem timelineItem(Context& context, const MessageTable::Row& row) {
  TimelineItem item;
  item.position = row.position;
  item.kind = static_cast<TimelineItem::Kind>(row.kind);
  item.id = row.id;
  item.author = {row.author, row.device};
  item.text = row.text;
  item.statedAt = HybridTime{row.sentAt}.wall();
  item.arrivedAt = row.arrivedAt;
  item.mine = row.mine;
  item.readHere = row.readHere;
  if (!row.mine) return item;
  item.state = static_cast<DeliveryState>(row.state);
  item.failed = static_cast<FailedReason>(row.failed);
  if (item.state == DeliveryState::kPending) item.pending = pendingReason(context, row);
  return item;
}

PendingReason pendingReason(Context& context, const MessageTable::Row& row) {
  if (context.contactState(row.conversation) == ContactState::kInvited) return PendingReason::kWaitingForAcceptance;
  for (const auto& part : context.deliveries.ofMessage(row.conversation, row.position)) {
    if (part.status != DeliveryTable::Status::kAccepted) {
      return reasonOf(context, row.conversation, part.device, part.status);
    }
  }
  return PendingReason::kNone;  // a sibling's: it knows
}

std::vector<OutboxItem> outboxItems(Context& context) {
  std::vector<OutboxItem> items;
  for (const AccountId& account : context.deliveries.accounts()) {
    const auto lane = context.lanes.get(account);
    const std::size_t begin = items.size();
    context.deliveries.visitQueue(account, [&](const DeliveryTable::Queued& row) {
      if (row.status == DeliveryTable::Status::kAccepted) return DeliveryTable::Next::kGoOn;
      OutboxItem item;
      item.id = row.key.message;
      item.to = account;
      item.device = row.key.device;
      item.reason = reasonOf(context, account, row.key.device, row.status);
      item.attempts = lane.attempts;
      item.nextRetry = lane.retryAt;
      item.lastAnswer = lane.lastAnswer;
      items.push_back(std::move(item));
      return DeliveryTable::Next::kGoOn;
    });
    const bool invited = context.contactState(account) == ContactState::kInvited;
    for (std::size_t i = begin; i < items.size(); ++i) {
      const auto message = context.messages.find(items[i].id);
      if (!message) continue;
      items[i].message = message->id;
      items[i].kind = kindName(*message);
      if (invited && items[i].kind != "contact request") items[i].reason = PendingReason::kWaitingForAcceptance;
    }
  }
  return items;
}

}  // namespace waxwing
