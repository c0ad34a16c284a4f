#include "outbox/anchor_flush.h"

#include "outbox/manifests.h"
#include "outbox/restored.h"

namespace waxwing {

AnchorFlush::AnchorFlush(Context& context, Network& network, AccessKeys& keys, MessageStates& states,
                         RestoreMarker* marker)
    : context_(context),
      network_(network),
      keys_(keys),
      states_(states),
      marker_(marker),
      confirmed_(context.anchors.confirmed()) {}

void AnchorFlush::onAttached() {
  checked_ = false;
  retryAt_ = {};
  backoff_.reset();
}

std::optional<WallTime> AnchorFlush::nextDeadline() const {
  if (context_.stopped != LinkState::Stop::kNone) return std::nullopt;
  const bool waits = network_.ownUp() && !busy_ && (wanted_ || !checked_);
  return waits ? std::optional(retryAt_) : std::nullopt;
}

void AnchorFlush::pump() {
  if (context_.stopped != LinkState::Stop::kNone || busy_) return;
  if (!network_.ownUp()) {
    if (wanted_ && network_.ownUnreachable()) flushByMarker();
    return;
  }
  if ((wanted_ || !checked_) && retryAt_ <= context_.now()) swap();
}

void AnchorFlush::swap() {
  Step step(context_, CommitPoint::kAnchor);
  auto next = context_.anchors.begin(step);
  if (!next && !checked_) {
    context_.anchors.renew(step);
    next = context_.anchors.begin(step);
  }
  if (next) mark(step, next->next);
  step.commit();
  wanted_ = false;
  if (!next) return;
  if (marker_ != nullptr) marker_->write(next->next);
  busy_ = true;
  const Ticket ticket = network_.tickets.openFor<AnchorAnswer>(
      [this, swap = *next](tl::expected<AnchorAnswer, Error> answer) { onAnswer(swap, std::move(answer)); });
  network_.link->swapAnchor(next->expected, next->next, ticket);
}

void AnchorFlush::onAnswer(const Anchors::Swap& swap, tl::expected<AnchorAnswer, Error> answer) {
  busy_ = false;
  if (!answer) return tryAgain();
  const bool foreign = answer->mismatch && context_.anchors.isForeign(*answer->mismatch);
  if (foreign && !knowsOfRestore()) return askHistory(swap, *answer->mismatch);
  conclude(swap, answer->mismatch, foreign ? Anchors::Relay::kRestored : Anchors::Relay::kUnbroken);
}

void AnchorFlush::tryAgain() {
  wanted_ = true;
  retryAt_ = context_.now() + backoff_.next(context_.random);
}

// Its restore was noticed otherwise, or one is still being followed.
bool AnchorFlush::knowsOfRestore() {
  return context_.settings.findInteger(setting::kRelayRestored) ||
         context_.settings.findInteger(setting::kKeysRestored);
}

// A relay that holds older keys than it has confirmed was restored: a twin would only have published newer ones.
void AnchorFlush::askHistory(const Anchors::Swap& swap, const Anchor& current) {
  busy_ = true;
  network_.link->keyStatus(network_.tickets.openFor<KeyStatusAnswer>(
      [this, swap, current](const tl::expected<KeyStatusAnswer, Error>& status) {
        busy_ = false;
        if (!status) return tryAgain();
        const auto confirmed = context_.settings.findInteger(setting::kKeysCounter).value_or(0);
        const bool older = status->counter < static_cast<std::uint64_t>(confirmed);
        conclude(swap, current, older ? Anchors::Relay::kRestored : Anchors::Relay::kUnbroken);
      }));
}

void AnchorFlush::conclude(const Anchors::Swap& swap, const std::optional<Anchor>& current, Anchors::Relay relay) {
  const StreamId stream = context_.random.fixed<StreamId>();
  Step step(context_, CommitPoint::kAnchor);
  const auto verdict = judge(step, swap, current, relay, stream);
  step.commit();
  checked_ = verdict == Anchors::Verdict::kConfirmed;
  if (!checked_) context_.stream = stream;
  backoff_.reset();
  confirmed_ = context_.anchors.confirmed();
  context_.publishingDue = true;
  progress_ = true;
}

// Whoever meets a restored relay cannot tell from its anchor whether this database is an old copy as well, or has a
// twin, for the relay has forgotten which copy was the newest.
Anchors::Verdict AnchorFlush::judge(Step& step, const Anchors::Swap& swap, const std::optional<Anchor>& current,
                                    Anchors::Relay relay, const StreamId& stream) {
  const auto verdict = context_.anchors.judge(step, swap, current, relay);
  switch (verdict) {
    case Anchors::Verdict::kConfirmed:
      if (context_.settings.findInteger(setting::kRelayRestored)) {
        context_.settings.remove(step, setting::kRelayRestored);
      }
      break;
    case Anchors::Verdict::kRelayRestored:
      followRelayRestored(context_, step, keys_);
      beginAnew(context_, step, stream);
      break;
    case Anchors::Verdict::kDatabaseRestored:
      if (relay == Anchors::Relay::kRestored && !knowsOfRestore()) followRelayRestored(context_, step, keys_);
      followDatabaseRestored(context_, step, keys_, stream);
      break;
    case Anchors::Verdict::kCloned:
      followDatabaseRestored(context_, step, keys_, stream);
      stop(context_, step, states_, LinkState::Stop::kCloned);
      break;
  }
  return verdict;
}

bool AnchorFlush::markerAgrees() {
  const auto held = marker_->read();
  const auto now = context_.settings.find(setting::kMarkerNow);
  const auto before = context_.settings.find(setting::kMarkerBefore);
  if (!held || !now) return !held && !now;
  // The process may have ended between writing the one and the other.
  return equal(held->view(), now->view()) || (before && equal(held->view(), before->view()));
}

void AnchorFlush::mark(Transaction& transaction, const Anchor& next) {
  if (marker_ == nullptr) return;
  if (const auto now = context_.settings.find(setting::kMarkerNow)) {
    context_.settings.put(transaction, setting::kMarkerBefore, now->view());
  }
  context_.settings.put(transaction, setting::kMarkerNow, next.view());
}

void AnchorFlush::flushByMarker() {
  wanted_ = false;
  if (marker_ == nullptr || !markerAgrees()) return;
  Step step(context_, CommitPoint::kAnchor);
  const auto next = context_.anchors.begin(step);
  if (!next) return;
  mark(step, next->next);
  step.commit();
  marker_->write(next->next);
  marked_ = next->number;
  progress_ = true;
}

}  // namespace waxwing
