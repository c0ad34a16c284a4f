#include "outbox/recovery.h"

#include <algorithm>

#include "outbox/lacks.h"

namespace waxwing {

namespace {

constexpr std::size_t kDevicesPerTurn = 64;
constexpr auto kFarthest = limits::kAskAgainMost + std::chrono::hours(1);

// All that may follow what is held of a stream.
body::ResendRange behind(const StreamTable::Held& held) {
  return {held.stream, std::min(held.highest + 1, body::ResendRange::kOpenEnd), body::ResendRange::kOpenEnd};
}

}  // namespace

// What the own mailbox still holds is not missing, and answers must find the keys that they need.
bool Recovery::mayAsk() const {
  return context_.stopped == LinkState::Stop::kNone && network_.ownUp() && network_.caughtUp &&
         !context_.settings.findInteger(setting::kKeysRestored);
}

void Recovery::pump() {
  if (!context_.recoveryChanged && (!next_ || *next_ > context_.now())) return;
  if (!mayAsk()) return;
  context_.recoveryChanged = false;
  const auto due = context_.recovery.due(context_.now(), context_.now() + kFarthest, kDevicesPerTurn);
  for (const Row& row : due) {
    Step step(context_, CommitPoint::kCompose);
    ask(step, row);
    step.commit();
  }
  context_.recoveryChanged = due.size() == kDevicesPerTurn;
  next_ = context_.recovery.nextDue();
  if (next_) next_ = std::min(*next_, context_.now() + kFarthest);
}

std::optional<WallTime> Recovery::nextDeadline() const {
  if (!mayAsk()) return std::nullopt;
  return context_.recoveryChanged ? std::optional(context_.now()) : next_;
}

bool Recovery::isDue() {
  if (!mayAsk()) return false;
  const WallTime soon = context_.now() + limits::kAskAfter;
  const auto rows = context_.recovery.due(soon, soon + kFarthest, kDevicesPerTurn);
  return std::ranges::any_of(rows, [this](const Row& row) { return row.tries == 0 && isAskable(row.device); });
}

bool Recovery::isAskable(const DeviceAddress& device) {
  const bool own = device.account == context_.selfAccount();
  return (own || context_.contactState(device.account) == ContactState::kAccepted) &&
         !context_.roster.equivocates(device.account);
}

void Recovery::ask(Transaction& transaction, Row row) {
  const SignedManifest* manifest = context_.roster.find(row.device.account);
  if (manifest != nullptr && (*manifest)->find(row.device.device) == nullptr) {
    parts_.streams.loseAll(transaction, row.device);
    return context_.recovery.remove(transaction, row.device);
  }
  if (manifest == nullptr || !isAskable(row.device)) return postpone(transaction, row, limits::kFreshSessionEvery);
  const DeliveryTable::Key last{row.device.account, row.message, row.device.device};
  if (row.message != 0 && context_.deliveries.findStatus(last)) {
    return postpone(transaction, row, waitBetweenAsks(row.tries));
  }
  if (row.tries >= limits::kAsksMost) {
    parts_.streams.loseAll(transaction, row.device);
    row.lacks = 0;
    row.tries = limits::kAsksMost / 2;  // what is lacking next is still asked for, at long intervals
    return context_.recovery.put(transaction, row);
  }
  if (context_.slow.has(row.device) && !row.has(RecoveryTable::kWaited)) {
    row.lacks |= RecoveryTable::kWaited;
    return postpone(transaction, row, limits::kAskAgainFirst);
  }
  auto body = request(row);
  if (!body) {
    row.lacks = 0;
    return context_.recovery.put(transaction, row);
  }
  if (wantsFreshSession(row)) {
    row.lacks |= RecoveryTable::kOpening;
    row.freshAt = context_.now();
    context_.owing.insert(row.device.account);
    return postpone(transaction, row, limits::kOpeningWait);
  }
  row.message = parts_.composer.tellDevice(transaction, row.device, std::move(*body));
  // Marks name no envelopes: those are asked for next. Where more could not be read than are named, what may follow is
  // asked for once more, for an answer leaves out what had just been sent.
  const bool namesEnvelopes = !row.has(RecoveryTable::kState);
  const bool namesAll = namesEnvelopes && context_.recovery.unreadable(row.device).size() < limits::kUnreadablePerDevice;
  row.lacks = namesAll ? RecoveryTable::kHoles : RecoveryTable::kHoles | (row.lacks & RecoveryTable::kUnreadable);
  row.askedAt = context_.now();
  if (namesEnvelopes) context_.recovery.removeUnreadable(transaction, row.device);
  postpone(transaction, row, waitBetweenAsks(row.tries++));
}

void Recovery::postpone(Transaction& transaction, Row row, std::chrono::milliseconds by) {
  row.dueAt = context_.now() + by;
  context_.recovery.put(transaction, row);
}

// A session that has shown in the last day that it works is good enough, unless asking over it did not help to read
// what comes.
bool Recovery::wantsFreshSession(const Row& row) {
  const WallTime now = context_.now();
  if (row.has(RecoveryTable::kOpening)) return false;  // it was tried
  if (row.freshAt && std::chrono::abs(now - *row.freshAt) < limits::kFreshSessionEvery) return false;
  if (context_.ratchet.readiness(row.device) == Ratchet::Readiness::kNone) return false;  // its lane opens one
  const auto heardAt = context_.devices.get(row.device).heardAt;
  const bool works = heardAt && std::chrono::abs(now - *heardAt) < limits::kHeardRecently;
  return !works || (row.has(RecoveryTable::kUnreadable) && row.tries > 0);
}

std::optional<Body> Recovery::request(const Row& row) {
  if (row.has(RecoveryTable::kState)) return state(row.device);
  body::ResendRequest asked;
  for (const auto& [stream, hole] : context_.streams.missing(row.device, limits::kItemsPerContent / 2)) {
    asked.ranges.push_back({stream, hole.first, hole.last});
  }
  if (row.has(RecoveryTable::kUnreadable)) {
    asked.envelopes = context_.recovery.unreadable(row.device);
    for (const auto& held : context_.streams.held(row.device)) {
      if (asked.ranges.size() == limits::kItemsPerContent) break;
      asked.ranges.push_back(behind(held));
    }
  }
  if (asked.ranges.empty() && asked.envelopes.empty()) return std::nullopt;
  return asked;
}

body::Marks Recovery::state(const DeviceAddress& device) {
  body::Marks marks;
  for (const auto& held : context_.streams.held(device)) {
    if (marks.streams.size() == limits::kItemsPerContent / 2) break;
    marks.streams.push_back({{held.stream, held.mark}, {behind(held)}});
  }
  for (const auto& [stream, hole] : context_.streams.missing(device, limits::kItemsPerContent / 2)) {
    const auto at = std::ranges::find_if(marks.streams, [&](const auto& one) { return one.mark.stream == stream; });
    if (at != marks.streams.end()) at->holes.insert(at->holes.end() - 1, {stream, hole.first, hole.last});
  }
  if (marks.streams.empty()) marks.streams.push_back({{}, {{{}, 1, body::ResendRange::kOpenEnd}}});
  for (const auto& end : context_.sent.ends(device, context_.stream, limits::kFormerStreams)) {
    marks.ended.push_back({end.stream, end.sequence});
  }
  return marks;
}

}  // namespace waxwing
