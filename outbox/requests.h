#pragma once

#include "outbox/compose.h"
#include "outbox/context.h"
#include "outbox/network.h"

namespace waxwing {

// Sends a contact request again that was not answered, for it or its answer may have been lost: the same content, so
// that it is seen once, with back-off and the bound of each content (limits::kResendsMost). Whoever has accepted it
// before answers once more.
class Requests {
 public:
  Requests(Context& context, Network& network, Composer& composer)
      : context_(context), network_(network), composer_(composer) {}

  void pump();
  std::optional<WallTime> nextDeadline() const;

 private:
  bool isActive() const { return context_.stopped == LinkState::Stop::kNone && network_.wanted(); }
  // When it is due for that device next, `later` at the latest.
  WallTime askAgain(const DeviceAddress& device, WallTime later);
  bool isOnItsWay(const DeviceAddress& device, const SentTable::Row& request);

  Context& context_;
  Network& network_;
  Composer& composer_;
  std::optional<WallTime> next_;  // when to look again, while somebody has not answered
};

}  // namespace waxwing
