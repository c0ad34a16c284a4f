#include "tools/waxwing/words.h"

#include <ctime>
#include <stdexcept>

#include "crypto/text.h"

namespace waxwing::tool {

std::string shortTime(WallTime time) {
  const std::time_t now = std::time(nullptr);
  const std::time_t then = time.seconds();
  std::tm nowParts{};
  std::tm parts{};
  if (localtime_r(&now, &nowParts) == nullptr || localtime_r(&then, &parts) == nullptr) return "?";
  char out[32];
  const char* form = parts.tm_year == nowParts.tm_year ? "%b %e %H:%M" : "%b %e  %Y";
  return std::strftime(out, sizeof out, form, &parts) == 0 ? "?" : out;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

namespace {

std::string inBrackets(std::string_view text) { return std::string("(").append(text).append(")"); }

}  // namespace

std::string displayName(const Contact& contact) {
  if (!contact.name.empty()) return printable(contact.name);
  if (!contact.statedName.empty()) return inBrackets(printable(contact.statedName));
  return inBrackets(contact.account.text().substr(0, 8));
}

std::string_view name(ContactState state) {
  switch (state) {
    case ContactState::kInvited:
      return "invited";
    case ContactState::kRequested:
      return "requested";
    case ContactState::kAccepted:
      return "accepted";
    case ContactState::kBlocked:
      return "blocked";
  }
  throw std::logic_error("unknown contact state");
}

std::string_view name(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kSent:
      return "sent";
    case DeliveryState::kDelivered:
      return "delivered";
    case DeliveryState::kRead:
      return "read";
    case DeliveryState::kFailed:
      return "failed";
  }
  throw std::logic_error("unknown delivery state");
}

std::string_view name(PendingReason reason) {
  switch (reason) {
    case PendingReason::kNone:
      return "none";
    case PendingReason::kNoNetwork:
      return "noNetwork";
    case PendingReason::kWaitingForSession:
      return "waitingForSession";
    case PendingReason::kWaitingForAcceptance:
      return "waitingForAcceptance";
    case PendingReason::kAccessRenewal:
      return "accessRenewal";
    case PendingReason::kMailboxFull:
      return "mailboxFull";
    case PendingReason::kBusy:
      return "busy";
    case PendingReason::kEquivocation:
      return "equivocation";
    case PendingReason::kRestoreCheck:
      return "restoreCheck";
  }
  throw std::logic_error("unknown pending reason");
}

std::string_view name(FailedReason reason) {
  switch (reason) {
    case FailedReason::kNone:
      return "none";
    case FailedReason::kCancelled:
      return "cancelled";
    case FailedReason::kThisDeviceRetired:
      return "thisDeviceRetired";
  }
  throw std::logic_error("unknown reason of a failure");
}

std::string_view name(TimelineItem::Kind kind) {
  using Kind = TimelineItem::Kind;
  switch (kind) {
    case Kind::kText:
      return "text";
    case Kind::kUnsupported:
      return "unsupported";
    case Kind::kHole:
      return "hole";
    case Kind::kDeviceAdded:
      return "deviceAdded";
    case Kind::kDeviceRetired:
      return "deviceRetired";
    case Kind::kEquivocation:
      return "equivocation";
    case Kind::kGap:
      return "gap";
    case Kind::kRequest:
      return "request";
    case Kind::kLost:
      return "lost";
    case Kind::kUndelivered:
      return "undelivered";
  }
  throw std::logic_error("unknown kind of line");
}

std::string_view name(LinkState::Kind kind) {
  using Kind = LinkState::Kind;
  switch (kind) {
    case Kind::kOffline:
      return "offline";
    case Kind::kWaitingForNetwork:
      return "waitingForNetwork";
    case Kind::kConnecting:
      return "connecting";
    case Kind::kSyncing:
      return "syncing";
    case Kind::kOnline:
      return "online";
    case Kind::kStopped:
      return "stopped";
  }
  throw std::logic_error("unknown link state");
}

std::string_view name(LinkState::Stop stop) {
  using Stop = LinkState::Stop;
  switch (stop) {
    case Stop::kNone:
      return "none";
    case Stop::kReplaced:
      return "replaced";
    case Stop::kCloned:
      return "cloned";
    case Stop::kRetired:
      return "retired";
    case Stop::kRelayUntrusted:
      return "relayUntrusted";
    case Stop::kWrongVersion:
      return "wrongVersion";
    case Stop::kNotRegistered:
      return "notRegistered";
  }
  throw std::logic_error("unknown reason of a stop");
}

std::string_view reasonText(PendingReason reason) {
  switch (reason) {
    case PendingReason::kNone:
      return "queued";
    case PendingReason::kNoNetwork:
      return "no network";
    case PendingReason::kWaitingForSession:
      return "waiting for the contact's keys";
    case PendingReason::kWaitingForAcceptance:
      return "waiting to be accepted";
    case PendingReason::kAccessRenewal:
      return "waiting for a new access key";
    case PendingReason::kMailboxFull:
      return "mailbox full";
    case PendingReason::kBusy:
      return "relay busy";
    case PendingReason::kEquivocation:
      return "two device lists";
    case PendingReason::kRestoreCheck:
      return "checking for an old copy";
  }
  throw std::logic_error("unknown pending reason");
}

std::string stateText(DeliveryState state, PendingReason pending, FailedReason failed) {
  switch (state) {
    case DeliveryState::kPending:
      return "Pending (" + std::string(reasonText(pending)) + ")";
    case DeliveryState::kSent:
      return "Sent";
    case DeliveryState::kDelivered:
      return "Delivered";
    case DeliveryState::kRead:
      return "Read";
    case DeliveryState::kFailed:
      return failed == FailedReason::kThisDeviceRetired ? "Failed (this device was retired)" : "Failed (cancelled)";
  }
  throw std::logic_error("unknown delivery state");
}

std::string lineText(const TimelineItem& item) {
  using Kind = TimelineItem::Kind;
  const std::string detail = item.text.empty() ? "" : ": " + printable(item.text);
  switch (item.kind) {
    case Kind::kText:
      return printable(item.text);
    case Kind::kUnsupported:
      return "* a kind of message that this version cannot show";
    case Kind::kHole:
      return "* messages are missing here" + detail;
    case Kind::kDeviceAdded:
      return "* a device was added" + detail;
    case Kind::kDeviceRetired:
      return "* a device was retired" + detail;
    case Kind::kEquivocation:
      return "* two different device lists were shown for this account; see 'waxwing contact list'";
    case Kind::kGap:
      return "* the relay says that it lost messages" + detail;
    case Kind::kRequest:
      return "* asks to be a contact" + detail;
    case Kind::kLost:
      return "* messages are lost here" + detail;
    case Kind::kUndelivered:
      return "* messages did not arrive" + detail;
  }
  throw std::logic_error("unknown kind of line");
}

std::string_view stopText(LinkState::Stop stop) {
  using Stop = LinkState::Stop;
  switch (stop) {
    case Stop::kNone:
      return "the link stopped";
    case Stop::kReplaced:
      return "another process runs as this device; stop it, or retire this device";
    case Stop::kCloned:
      return "this profile was restored from an old copy twice within a day, or runs twice; keep one copy, leave it "
             "closed for a day, and open it again";
    case Stop::kRetired:
      return "this device was retired; make a new profile to go on";
    case Stop::kRelayUntrusted:
      return "the relay's certificate is not the one that this profile trusts; ask the relay's owner";
    case Stop::kWrongVersion:
      return "the relay speaks another version; update this program or the relay";
    case Stop::kNotRegistered:
      return "the relay does not know this account and does not register it; ask its owner for a token";
  }
  throw std::logic_error("unknown reason of a stop");
}

std::string text(const MessageId& id) { return toBase64url(id.view()); }

Json toJson(const TimelineItem& item) {
  Json json = {{"position", item.position},
               {"kind", name(item.kind)},
               {"id", text(item.id)},
               {"mine", item.mine},
               {"from", {{"account", item.author.account.text()}, {"device", item.author.device.value()}}},
               {"text", item.text},
               {"statedAt", item.statedAt.ms},
               {"arrivedAt", item.arrivedAt.ms}};
  if (!item.mine) {
    json["read"] = item.readHere;
    return json;
  }
  json["state"] = name(item.state);
  if (item.state == DeliveryState::kPending) json["reason"] = name(item.pending);
  if (item.state == DeliveryState::kFailed) json["reason"] = name(item.failed);
  return json;
}

Json toJson(const LinkState& state) {
  Json json = {{"state", name(state.kind)}};
  if (state.kind == LinkState::Kind::kStopped) json["stop"] = name(state.stop);
  if (state.kind == LinkState::Kind::kSyncing) json["left"] = state.left;
  if (state.retryAt) json["retryAt"] = state.retryAt->ms;
  if (!state.detail.empty()) json["detail"] = state.detail;
  return json;
}

}  // namespace waxwing::tool
