#include "tests/sim/sim_ledger.h"

#include <algorithm>
#include <utility>

#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

constexpr std::size_t kWhole = 100'000;

bool tellsOfLoss(TimelineItem::Kind kind) {
  using Kind = TimelineItem::Kind;
  return kind == Kind::kHole || kind == Kind::kGap || kind == Kind::kLost || kind == Kind::kEquivocation;
}

bool anyOf(const AccountId& account, const std::set<DeviceAddress>& devices) {
  return std::ranges::any_of(devices, [&](const DeviceAddress& device) { return device.account == account; });
}

// What a device shows as missing from another one.
std::uint64_t missing(SimDevice& at, const DeviceAddress& from) {
  auto find = at.db().prepare("SELECT ifnull(sum(last - first + 1), 0) FROM hole WHERE account = ?1 AND device = ?2");
  Rows rows = find.query(from.account, from.device);
  return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

}  // namespace

void SimLedger::addDevice(const DeviceAddress& device) { accounts_.insert(device.account); }

void SimLedger::noteListed(const DeviceAddress& device) { devices_[device.account].insert(device); }

void SimLedger::noteUnlisted(const DeviceAddress& device) {
  devices_[device.account].erase(device);
  for (auto& [id, sent] : sent_) {
    if (!sent.heldBy.contains(device)) sent.excused.insert(device);
  }
}

void SimLedger::retireDevice(const DeviceAddress& device) {
  devices_[device.account].erase(device);
  for (auto& [id, sent] : sent_) {
    sent.owedTo.erase(device);
    if (sent.mayBeReadBy.contains(device)) sent.readByRetired = true;
    if (sent.from == device) sent.promise = Sent::Promise::kVoid;
  }
}

void SimLedger::noteStranger(const DeviceAddress& device, const AccountId& account) {
  for (auto& [id, sent] : sent_) {
    if (sent.from.account == account) sent.owedTo.erase(device);
  }
}

void SimLedger::noteSent(const MessageId& id, const DeviceAddress& from, const AccountId& to, std::string text) {
  Sent sent;
  sent.from = from;
  sent.to = to;
  sent.text = std::move(text);
  sent.order = ++order_;
  sent.owedTo = devices_[to];
  for (const DeviceAddress& sibling : devices_[from.account]) sent.owedTo.insert(sibling);
  sent.excused = recovering_;
  sent.heldBy.insert(from);
  sent_.emplace(id, std::move(sent));
}

void SimLedger::noteRestored(const DeviceAddress& device, std::uint64_t orderThen) {
  for (auto& [id, sent] : sent_) {
    if (sent.from == device && sent.order > orderThen) sent.promise = Sent::Promise::kVoid;
    sent.excused.insert(device);
  }
  std::erase_if(states_, [&](const auto& entry) { return entry.first.first == device; });
  recovering_.insert(device);
  excuses_.lines = true;
}

void SimLedger::noteRead(const DeviceAddress& device, const MessageId& id, Reading reading) {
  const auto sent = sent_.find(id);
  if (sent == sent_.end()) return;
  (reading == Reading::kDone ? sent->second.readBy : sent->second.mayBeReadBy).insert(device);
}

void SimLedger::noteStart(SimDevice& device) {
  for (const AccountId& other : accounts_) {
    const auto items = device.perform([&](Outbox& outbox) { return outbox.messages(other, {.most = kWhole}); });
    if (!items) return;  // its disk fails
    observe(device, {{other, *items}});
  }
}

void SimLedger::noteEvent(SimDevice& device, const Event& event) {
  if (const auto* arrived = std::get_if<event::MessageArrived>(&event)) {
    if (const auto sent = sent_.find(arrived->item.id); sent != sent_.end()) sent->second.heldBy.insert(device.self());
  } else if (const auto* changed = std::get_if<event::MessageChanged>(&event)) {
    moveState({device.self(), changed->id}, changed->state);
  }
}

void SimLedger::check(const std::vector<SimDevice*>& devices) {
  std::vector<Timelines> shown;
  for (SimDevice* device : devices) observe(*device, shown.emplace_back(timelines(*device)));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    for (const auto& [conversation, items] : shown[i]) checkConversation(*devices[i], conversation, items);
  }
}

void SimLedger::checkAtRest(const std::vector<SimDevice*>& devices) {
  for (SimDevice* device : devices) checkWhole(*device, timelines(*device));
}

void SimLedger::observe(const SimDevice& device, const Timelines& timelines) {
  for (const auto& [conversation, items] : timelines) {
    for (const TimelineItem& item : items) {
      if (const auto sent = sent_.find(item.id); sent != sent_.end()) sent->second.heldBy.insert(device.self());
    }
  }
}

void SimLedger::checkConversation(const SimDevice& device, const AccountId& conversation,
                                  const std::vector<TimelineItem>& items) {
  std::map<DeviceAddress, std::uint64_t> newest;
  std::set<MessageId> shown;
  for (const TimelineItem& item : items) {
    if (item.kind != TimelineItem::Kind::kText) {
      if (tellsOfLoss(item.kind) && !excuses_.lines) {
        offend(device.name() + " shows a line of kind " + std::to_string(static_cast<int>(item.kind)));
      }
      continue;
    }
    if (!shown.insert(item.id).second) offend(device.name() + " shows twice " + describe(item.id));
    // A send that was killed after its commit was never told to the ledger: its text still says whose it is.
    const auto found = sent_.find(item.id);
    if (found == sent_.end()) continue;
    checkText(device, conversation, item, found->second);
    std::uint64_t& last = newest[found->second.from];
    // What arrives late fills a hole behind what was shown before it.
    if (found->second.order < last && !excuses_.lines) {
      offend(device.name() + " shows out of order " + describe(item.id));
    }
    last = std::max(last, found->second.order);
    if (item.mine) checkState(device, item, found->second);
  }
}

void SimLedger::checkText(const SimDevice& device, const AccountId& conversation, const TimelineItem& item,
                          const Sent& sent) {
  if (item.text != sent.text) offend(device.name() + " shows altered " + describe(item.id));
  if (item.author != sent.from) offend(device.name() + " attributes wrongly " + describe(item.id));
  if (item.mine != (sent.from.account == device.account())) offend(device.name() + " mistakes " + describe(item.id));
  const AccountId& peer = item.mine ? sent.to : sent.from.account;
  if (conversation != peer) offend(device.name() + " shows in the wrong conversation " + describe(item.id));
}

void SimLedger::checkState(const SimDevice& device, const TimelineItem& item, const Sent& sent) {
  moveState({device.self(), item.id}, item.state);
  if (item.state == DeliveryState::kDelivered && !anyOf(sent.to, sent.heldBy)) {
    offend(device.name() + " says delivered, and nobody has " + describe(item.id));
  }
  if (item.state == DeliveryState::kRead && !anyOf(sent.to, sent.mayBeReadBy)) {
    offend(device.name() + " says read, and nobody read " + describe(item.id));
  }
}

void SimLedger::checkWhole(SimDevice& device, const Timelines& timelines) {
  std::map<MessageId, const TimelineItem*> shown;
  for (const auto& [conversation, items] : timelines) {
    for (const TimelineItem& item : items) {
      if (item.kind == TimelineItem::Kind::kText) shown.emplace(item.id, &item);
    }
  }
  std::map<DeviceAddress, std::vector<MessageId>> lacking;
  for (const auto& [id, sent] : sent_) {
    const bool excused = sent.promise == Sent::Promise::kVoid || sent.excused.contains(device.self());
    const auto item = shown.find(id);
    if (item == shown.end()) {
      if (!sent.owedTo.contains(device.self()) || excused || excuses_.silentLoss) continue;
      if (!excuses_.reportedLoss) offend(device.name() + " lacks " + describe(id));
      lacking[sent.from].push_back(id);
      continue;
    }
    if (!item->second->mine || excused || excuses_.lag || device.self() != sent.from) continue;
    if (item->second->state < stateAtRest(sent)) {
      offend(device.name() + " is behind with state " + std::to_string(static_cast<int>(item->second->state)) + " of " +
             describe(id));
    }
  }
  if (!excuses_.reportedLoss) return;
  for (const auto& [from, messages] : lacking) {
    const std::uint64_t reported = missing(device, from);
    if (reported >= messages.size()) continue;
    offend(device.name() + " lacks " + std::to_string(messages.size()) + " of one sender, one of them " +
           describe(messages.front()) + ", and shows " + std::to_string(reported) + " as missing");
  }
}

// What the sender must know by now, of devices that did not lose their memory since.
DeliveryState SimLedger::stateAtRest(const Sent& sent) const {
  DeliveryState state = DeliveryState::kPending;
  for (const DeviceAddress& device : sent.owedTo) {
    if (device.account != sent.to || sent.excused.contains(device)) continue;
    const bool isRead = sent.readBy.contains(device) && !sent.readByRetired;
    state = std::max(state, isRead ? DeliveryState::kRead : DeliveryState::kDelivered);
  }
  return state;
}

void SimLedger::moveState(const Seen& seen, DeliveryState state) {
  if (state == DeliveryState::kFailed) return;
  auto [known, isNew] = states_.emplace(seen, state);
  if (!isNew && state < known->second) offend("a state moved back of " + describe(seen.second));
  known->second = std::max(known->second, state);
}

void SimLedger::offend(std::string line) {
  if (told_.insert(line).second) offences_.push_back(std::move(line));
}

std::string SimLedger::describe(const MessageId& id) const {
  const auto sent = sent_.find(id);
  return sent == sent_.end() ? "a message that nobody sent" : "'" + nameOf(sent->second.text) + "'";
}

std::string SimLedger::nameOf(const std::string& text) { return text.substr(0, text.find('\n')); }

SimLedger::Timelines SimLedger::timelines(SimDevice& device) const {
  Timelines found;
  for (const AccountId& other : accounts_) {
    if (other == device.account()) continue;
    found[other] = must(device.perform([&](Outbox& outbox) { return outbox.messages(other, {.most = kWhole}); }));
  }
  return found;
}

}  // namespace waxwing::testing
