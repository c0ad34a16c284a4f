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
  if (!answer) {
    wanted_ = true;
    retryAt_ = context_.now() + backoff_.next(context_.random);
    return;
  }
  const StreamId stream = context_.random.fixed<StreamId>();
  Step step(context_, CommitPoint::kAnchor);
  const auto verdict = context_.anchors.judge(step, swap, answer->mismatch);
  switch (verdict) {
    case Anchors::Verdict::kConfirmed:
      break;
    case Anchors::Verdict::kRelayRestored:
      followRelayRestored(context_, step, keys_);
      break;
    case Anchors::Verdict::kDatabaseRestored:
      followDatabaseRestored(context_, step, keys_, stream);
      break;
    case Anchors::Verdict::kCloned:
      stop(context_, step, states_, LinkState::Stop::kCloned);
      break;
  }
  step.commit();
  if (verdict == Anchors::Verdict::kDatabaseRestored) context_.stream = stream;
  backoff_.reset();
  confirmed_ = context_.anchors.confirmed();
  checked_ = verdict == Anchors::Verdict::kConfirmed;
  progress_ = true;
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
