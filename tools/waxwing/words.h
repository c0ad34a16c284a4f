#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "client/waxwing.hpp"
#include "tools/waxwing/output.h"

// What the library's values are called: stable words for scripts, plain ones for people.
namespace waxwing::tool {

// Local time as `ls -l` gives it: "Nov 22 14:03", or "Nov 22  2024" in another year.
std::string shortTime(WallTime time);

// "3 messages", "1 message".
std::string counted(std::size_t count, std::string_view noun);

// The contact's name; before he has one, what he calls himself, or the beginning of his account.
std::string displayName(const Contact& contact);

// Stable words of the JSON form, and of `stateText`.
std::string_view name(ContactState state);
std::string_view name(DeliveryState state);
std::string_view name(PendingReason reason);
std::string_view name(FailedReason reason);
std::string_view name(TimelineItem::Kind kind);
std::string_view name(LinkState::Kind kind);
std::string_view name(LinkState::Stop stop);

// "Pending (no network)", "Sent", "Delivered", "Read", "Failed (cancelled)".
std::string stateText(DeliveryState state, PendingReason pending, FailedReason failed);
std::string_view reasonText(PendingReason reason);
// What stands in the place of a text: the text itself, or what happened.
std::string lineText(const TimelineItem& item);
// Why the link stopped for good, and what to do.
std::string_view stopText(LinkState::Stop stop);

Json toJson(const TimelineItem& item);
Json toJson(const LinkState& state);
std::string text(const MessageId& id);

}  // namespace waxwing::tool
