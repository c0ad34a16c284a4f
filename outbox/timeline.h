#pragma once

#include "outbox/context.h"

namespace waxwing {

// A line that nobody wrote: a hole, a device added, an equivocation, at that place if it is free and at the end
// otherwise. Raises TimelineNote. Its position.
std::int64_t addNote(Context& context, Transaction& transaction, const AccountId& conversation,
                     const DeviceAddress& about, TimelineItem::Kind kind, std::string text, std::int64_t place = 0);

// A row as the app sees it. `pending` is worked out from how delivery stands now.
TimelineItem timelineItem(Context& context, const MessageTable::Row& row);

// Why a message of one's own has not left yet.
PendingReason pendingReason(Context& context, const MessageTable::Row& row);

// Everything that is owed, in order of account and message.
std::vector<OutboxItem> outboxItems(Context& context);

}  // namespace waxwing
