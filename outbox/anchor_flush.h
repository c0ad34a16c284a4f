#pragma once

#include "outbox/access_keys.h"
#include "outbox/context.h"
#include "outbox/message_states.h"
#include "outbox/network.h"
#include "outbox/retry.h"

namespace waxwing {

// Nothing leaves before the own relay has confirmed that this is the newest copy of the database (docs/protocol.md §5).
// One swap per flush, and one at each attachment, so that an old copy is found before it is used.
class AnchorFlush {
 public:
  AnchorFlush(Context& context, Network& network, AccessKeys& keys, MessageStates& states, RestoreMarker* marker);

  // Whether ciphertext that was committed with this anchor may leave now.
  bool mayLeave(std::int64_t anchor) const { return anchor <= std::max(confirmed_, marked_); }
  // Whether the own relay has said, since the link was attached, that this copy of the database is the newest.
  bool isChecked() const { return checked_; }
  // Something waits for a newer anchor to be confirmed.
  void want() { wanted_ = true; }
  void onAttached();
  // True if more may leave now than before.
  bool takeProgress() { return std::exchange(progress_, false); }
  void pump();
  std::optional<WallTime> nextDeadline() const;
  void retryNow() { retryAt_ = {}; }

 private:
  void swap();
  void onAnswer(const Anchors::Swap& swap, tl::expected<AnchorAnswer, Error> answer);
  void askHistory(const Anchors::Swap& swap, const Anchor& current);
  bool knowsOfRestore();
  void conclude(const Anchors::Swap& swap, const std::optional<Anchor>& current, Anchors::Relay relay);
  Anchors::Verdict judge(Step& step, const Anchors::Swap& swap, const std::optional<Anchor>& current,
                         Anchors::Relay relay, const StreamId& stream);
  void tryAgain();
  bool markerAgrees();
  void mark(Transaction& transaction, const Anchor& next);
  void flushByMarker();

  Context& context_;
  Network& network_;
  AccessKeys& keys_;
  MessageStates& states_;
  RestoreMarker* marker_;
  std::int64_t confirmed_;
  std::int64_t marked_ = 0;  // vouched for by the marker while the own relay is away
  bool wanted_ = false;
  bool checked_ = false;  // since the link was attached
  bool busy_ = false;
  bool progress_ = false;
  Backoff backoff_;
  WallTime retryAt_;
};

}  // namespace waxwing
