#include "outbox/requests.h"

#include <algorithm>

namespace waxwing {

namespace {

std::chrono::milliseconds waitBefore(std::uint32_t resends) {
  return std::min<std::chrono::milliseconds>(limits::kRequestAgainMost,
                                             limits::kRequestAgainFirst * (std::int64_t{1} << std::min(resends, 16u)));
}

}  // namespace

void Requests::pump() {
  if (!isActive()) return;
  const WallTime now = context_.now();
  const WallTime later = now + limits::kRequestAgainFirst;
  if (!context_.invitedChanged && (!next_ || (*next_ > now && *next_ <= later))) return;
  context_.invitedChanged = false;
  const auto invited = context_.contacts.inState(static_cast<std::uint8_t>(ContactState::kInvited));
  next_ = invited.empty() ? std::nullopt : std::optional(later);
  for (const AccountId& account : invited) {
    for (const DeviceAddress& device : context_.roster.devices(account, context_.selfAddress())) {
      next_ = std::min(next_, std::optional(askAgain(device, later)));
    }
  }
}

std::optional<WallTime> Requests::nextDeadline() const {
  if (!isActive()) return std::nullopt;
  return context_.invitedChanged ? std::optional(context_.now()) : next_;
}

// To someone who has not answered, nothing but requests was ever encrypted.
WallTime Requests::askAgain(const DeviceAddress& device, WallTime later) {
  WallTime next = later;
  std::vector<SentTable::Row> due;
  for (const StreamId& stream : context_.sent.streams(device)) {
    for (const auto& row : context_.sent.range(device, stream, 1, limits::kSequenceMax, limits::kResendsPerRequest)) {
      if (row.resends >= limits::kResendsMost || isOnItsWay(device, row)) continue;
      const WallTime last = row.resentAt.value_or(row.madeAt);
      const auto passed = std::chrono::abs(context_.now() - last);
      const auto wait = waitBefore(row.resends);
      if (passed >= wait) {
        due.push_back(row);
      } else {
        next = std::min(next, context_.now() + (wait - passed));
      }
    }
  }
  if (due.empty()) return next;
  if (isUnheardAfter(due.back().resends)) context_.unheard.insert(device);
  Step step(context_, CommitPoint::kCompose);
  composer_.resend(step, device, {due.back()});
  step.commit();
  return next;
}

// A text may have taken the place of the row that carried it.
bool Requests::isOnItsWay(const DeviceAddress& device, const SentTable::Row& request) {
  const DeliveryTable::Key carrier{device.account, request.message, device.device};
  const auto status = context_.deliveries.findStatus(carrier);
  if (status != DeliveryTable::Status::kWaiting) return status.has_value();
  return context_.deliveries.findResend(carrier) == request.id;
}

}  // namespace waxwing
