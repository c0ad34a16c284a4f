#include "outbox/inbox.h"

#include <algorithm>

#include "crypto/mutation.h"
#include "outbox/lacks.h"
#include "outbox/restored.h"
#include "outbox/timeline.h"

namespace waxwing {

namespace {

std::string textOf(const IncomingGap& gap) {
  std::string text = std::to_string(gap.count);
  text += gap.count == 1 ? " item " : " items ";
  switch (gap.reason) {
    case IncomingGap::Reason::kExpired:
      return text.append("lay at the relay for too long, and it dropped them");
    case IncomingGap::Reason::kSetAside:
      return text.append("could not be taken by this device again and again, and the relay set them aside");
    case IncomingGap::Reason::kOperator:
      break;
  }
  return text.append("were removed by the relay's operator");
}

}  // namespace

void Inbox::add(Page page) {
  for (IncomingItem& item : page.items) waiting_.push_back({std::move(item), page.attempts});
}

std::optional<std::uint64_t> Inbox::applySlice() {
  if (waiting_.empty()) return std::nullopt;
  std::optional<std::int64_t> suspect;
  if (const auto* envelope = std::get_if<IncomingEnvelope>(&waiting_.front().item);
      envelope != nullptr && waiting_.front().attempts >= kSuspectAttempts) {
    Step step(context_, CommitPoint::kReceive);
    suspect = context_.refusals.add(step, {.at = context_.now(),
                                           .envelope = envelope->id,
                                           .code = Errc::kInternal,
                                           .reason = "unreadable: came several times and was never acknowledged",
                                           .payload = envelope->payload});
    step.commit();
  }

  Step step(context_, CommitPoint::kReceive);
  const WallTime begin = context_.now();
  auto acknowledged = static_cast<std::uint64_t>(context_.settings.findInteger(setting::kAcknowledged).value_or(0));
  std::uint64_t last = 0;
  std::size_t done = 0;
  blocked_ = false;
  while (done < waiting_.size() && done < limits::kSliceEnvelopes) {
    const auto applied = applyItem(step, waiting_[done], acknowledged);
    blocked_ = !applied;
    if (blocked_) break;
    last = *applied;
    ++done;
    if (suspect || context_.now() - begin >= limits::kSliceTime) break;
  }
  if (suspect) context_.refusals.remove(step, *suspect);
  context_.settings.putInteger(step, setting::kAcknowledged, static_cast<std::int64_t>(std::max(last, acknowledged)));
  step.commit();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
  return done > 0 ? std::optional(last) : std::nullopt;
}

std::optional<std::uint64_t> Inbox::applyItem(Transaction& transaction, const Waiting& waiting,
                                              std::uint64_t& acknowledged) {
  if (const auto* gap = std::get_if<IncomingGap>(&waiting.item)) {
    if (gap->last > acknowledged) noteGap(transaction, *gap);
    return gap->last;
  }
  const auto& envelope = std::get<IncomingEnvelope>(waiting.item);
  const Outcome outcome = applyEnvelope(transaction, envelope, parts_.slow.effort(envelope.keyClass));
  if (outcome == Outcome::kNoRoom) return std::nullopt;
  if (outcome == Outcome::kNew && envelope.number <= acknowledged) {
    // The relay gives a number a second time: it has forgotten that it gave it before.
    followRelayRestored(context_, transaction, parts_.keys);
    acknowledged = 0;
  }
  return envelope.number;
}

void Inbox::applySlow() {
  const auto rows = parts_.slow.next();
  if (rows.empty()) return parts_.slow.look();
  Step step(context_, CommitPoint::kReceive);
  const std::uint64_t before = context_.ratchet.workInVain();
  for (const auto& row : rows) {
    const IncomingEnvelope incoming{.number = 0,
                                    .id = row.envelope,
                                    .keyClass = static_cast<IncomingEnvelope::KeyClass>(row.keyClass),
                                    .payload = row.payload};
    if (row.attempts >= kSuspectAttempts) {
      context_.refusals.add(step, {.at = context_.now(),
                                   .envelope = row.envelope,
                                   .code = Errc::kInternal,
                                   .reason = "unreadable: it was begun several times and never ended",
                                   .payload = row.payload});
    } else {
      applyEnvelope(step, incoming, parts_.slow.effortAfterWaiting(incoming.keyClass));
    }
    parts_.slow.remove(step, row);
    if (context_.ratchet.workInVain() - before >= limits::kSlowWorkPerTurn) break;
  }
  step.commit();
  parts_.slow.look();
}

Inbox::Outcome Inbox::applyEnvelope(Transaction& transaction, const IncomingEnvelope& incoming,
                                    Ratchet::Effort effort) {
  if (mutated(Mutation::kSeenUnproven) &&
      std::ranges::any_of(context_.refusals.all(), [&](const auto& row) { return row.envelope == incoming.id; })) {
    return Outcome::kOther;
  }
  const auto envelope = unseal(incoming);
  if (!envelope) return refuse(transaction, incoming, envelope.error());
  // A manifest of someone we know is worth keeping whatever becomes of its envelope.
  if (isKnown(envelope->from.account)) {
    if (auto taken = takeManifest(transaction, *envelope); !taken) return refuse(transaction, incoming, taken.error());
  }

  Error error;
  bool wasResent = false;
  {
    Attempt attempt(context_, transaction);
    const auto place = placeOf(transaction, *envelope);
    if (place && *place == Place::kPark) {
      if (park(transaction, envelope->from, incoming.payload)) {
        attempt.keep();
        return Outcome::kOther;
      }
      error = {Errc::kOverLimit, "too much waits from this sender"};
    } else {
      const auto opened = place ? open(transaction, *envelope, incoming.keyClass, effort)
                                : Result<Outcome>(tl::unexpected(place.error()));
      if (opened) {
        context_.disclosure.unsealed(envelope->from, incoming.payload);
        attempt.keep();  // of what was resent as well: its key is used, and a replay of it is known for one
        if (*opened != Outcome::kResent) return *opened;
        wasResent = true;
      }
      error = wasResent ? Error{Errc::kDuplicate, "content with this number was applied before"} : opened.error();
    }
  }
  if (wasResent) {
    answerResent(transaction, envelope->from);
    return refuse(transaction, incoming, error);
  }
  return keepOrRefuse(transaction, incoming, *envelope, error);
}

Inbox::Outcome Inbox::keepOrRefuse(Transaction& transaction, const IncomingEnvelope& incoming, const Envelope& envelope,
                                   const Error& error) {
  const auto rank = SlowQueue::rankOf(error.code);
  if (rank && !parts_.slow.isExhausted(incoming.keyClass)) {
    return parts_.slow.add(transaction, envelope.from, incoming, *rank) ? Outcome::kOther : Outcome::kNoRoom;
  }
  // A sibling may have accepted the sender: it tells us about its contacts as it goes.
  const bool siblings = !context_.roster.devices(context_.selfAccount(), context_.selfAddress()).empty();
  if (error.code == Errc::kNotPermitted && siblings && incoming.keyClass == IncomingEnvelope::KeyClass::kContact &&
      mayBecomeContact(envelope.from.account) && park(transaction, envelope.from, incoming.payload)) {
    return Outcome::kOther;
  }
  noteUnread(transaction, envelope, error);
  return refuse(transaction, incoming, error);
}

void Inbox::noteUnread(Transaction& transaction, const Envelope& envelope, const Error& error) {
  switch (error.code) {
    case Errc::kKeyReuse:
    case Errc::kUndecryptable:
    case Errc::kNoSession:
    case Errc::kUnknownPreKey:
    case Errc::kCounterTooFar:
    case Errc::kCostly:
    case Errc::kOverBudget:
      break;
    default:
      return;
  }
  const SenderStanding standing = standingOf(envelope.from.account);
  if (standing != SenderStanding::kAccepted && standing != SenderStanding::kOwnDevice) return;
  const SignedManifest* manifest = context_.roster.find(envelope.from.account);
  if (manifest == nullptr || (*manifest)->find(envelope.from.device) == nullptr) return;
  noteUnreadable(context_, transaction, envelope.from, envelope.id);
}

Result<Envelope> Inbox::openSealed(ByteView payload) {
  const auto to = sealedTo(payload);
  if (!to) return tl::unexpected(to.error());
  const auto key = context_.preKeys.findSealKey(to->sealKeyId);
  if (!key) return fail(Errc::kUnknownSealKey, "sealed to a key that this device does not have");
  return openEnvelope(payload, *key);
}

Result<Envelope> Inbox::unseal(const IncomingEnvelope& incoming) {
  auto envelope = openSealed(incoming.payload);
  if (!envelope) return envelope;
  if (envelope->id != incoming.id || envelope->to != context_.selfAddress()) {
    return fail(Errc::kWrongRecipient, "the envelope was made for another place");
  }
  if (context_.contactState(envelope->from.account) == ContactState::kBlocked) {
    return fail(Errc::kNotAllowed, "from a blocked contact");
  }
  return envelope;
}

Result<void> Inbox::takeManifest(Transaction& transaction, const Envelope& envelope) {
  if (envelope.manifest.empty()) return {};
  const auto taken = parts_.manifests.take(transaction, envelope.from.account, envelope.manifest);
  if (!taken) return tl::unexpected(taken.error());
  return {};
}

Result<Inbox::Place> Inbox::placeOf(Transaction& transaction, const Envelope& envelope) {
  const DeviceAddress& from = envelope.from;
  const bool known = isKnown(from.account);
  if (!known) {
    if (auto taken = takeManifest(transaction, envelope); !taken) return tl::unexpected(taken.error());
  }
  const SignedManifest* manifest = context_.roster.find(from.account);
  if (manifest == nullptr) return fail(Errc::kUnlistedDevice, "from an unknown sender without a device list");
  if ((*manifest)->isRetired(from.device)) return fail(Errc::kRetiredDevice, "from a device that was retired");
  // What follows waits as well, so that order is kept; but not what may make a contact of its sender.
  if (context_.parked.has(from) && !mayBecomeContact(from.account)) return Place::kPark;
  if ((*manifest)->find(from.device) != nullptr) return Place::kApply;
  if (!known) return fail(Errc::kUnlistedDevice, "from a device that its account does not list");
  return Place::kPark;
}

bool Inbox::park(Transaction& transaction, const DeviceAddress& from, ByteView payload) {
  const bool isChosen =
      !mayBecomeContact(from.account) || context_.contactState(from.account) == ContactState::kInvited;
  return isChosen ? context_.parked.add(transaction, from, payload)
                  : context_.parked.addOfStranger(transaction, from, payload);
}

Result<Inbox::Outcome> Inbox::open(Transaction& transaction, const Envelope& envelope,
                                   IncomingEnvelope::KeyClass keyClass, Ratchet::Effort effort) {
  const std::uint64_t before = context_.ratchet.workInVain();
  const auto plaintext =
      context_.ratchet.decrypt(transaction, envelope.from, envelope.kind, envelope.ciphertext, effort);
  parts_.slow.charge(keyClass, effort, context_.ratchet.workInVain() - before);
  if (plaintext && effort == Ratchet::Effort::kFull) parts_.slow.proved(keyClass);
  if (!plaintext) return tl::unexpected(plaintext.error());
  const auto content = decode(plaintext->view());
  if (!content) return tl::unexpected(content.error());
  if (auto head = checkHead(content->head, content->body, envelope.from, context_.selfAddress()); !head) {
    return tl::unexpected(head.error());
  }
  const SenderStanding standing = standingOf(envelope.from.account);
  if (auto allowed = checkPermission(content->body, standing); !allowed) {
    return tl::unexpected(allowed.error());
  }
  const Hash digest = digestOf(plaintext->view());
  const auto noted = parts_.streams.note(transaction, content->head.conversation, content->head, digest);
  if (!noted) {
    if (noted.error().code != Errc::kDuplicate) return tl::unexpected(noted.error());
    if (envelope.kind == CipherKind::kPreKey) context_.keysUsed = true;
    return parts_.apply.again(transaction, *content) ? Outcome::kOther : Outcome::kResent;
  }
  if (auto applied = parts_.apply.apply(transaction, *content, *noted); !applied) {
    return tl::unexpected(applied.error());
  }
  if (noted->order == Streams::Noted::Order::kNewest) notePeer(transaction, content->head, standing);
  if (envelope.kind == CipherKind::kPreKey) context_.keysUsed = true;
  return Outcome::kNew;
}

// Whoever sends again what is here does not know that it is, and does so until it sees a mark.
void Inbox::answerResent(Transaction& transaction, const DeviceAddress& from) {
  const SenderStanding standing = standingOf(from.account);
  if (standing != SenderStanding::kAccepted && standing != SenderStanding::kOwnDevice) return;
  if (context_.deliveries.owes(from)) return;
  const WallTime now = context_.now();
  const auto [answered, isFirst] = resentAnswered_.emplace(from, now);
  if (!isFirst && std::chrono::abs(now - answered->second) < limits::kProbeFirst) return;
  answered->second = now;
  parts_.composer.tellDevice(transaction, from, body::Empty{});
}

void Inbox::notePeer(Transaction& transaction, const Head& head, SenderStanding standing) {
  const auto peer = context_.devices.get(head.from);
  const WallTime now = context_.now();
  if (!peer.heardAt || std::chrono::abs(now - *peer.heardAt) > limits::kFreshSessionEvery) {
    context_.devices.putHeardAt(transaction, head.from, now);
  }
  parts_.resends.onMark(transaction, head.from, head.mark);
  noteManifest(transaction, head, peer, standing);
}

void Inbox::noteManifest(Transaction& transaction, const Head& head, const PeerDeviceTable::Row& peer,
                         SenderStanding standing) {
  const ManifestRef own = context_.roster.ref(context_.selfAccount());
  const bool isTwin = head.yourManifest.version == own.version && head.yourManifest.hash != own.hash;
  const std::uint64_t holds = isTwin ? own.version - 1 : std::min(head.yourManifest.version, own.version);
  if (holds != peer.holdsManifest) context_.devices.putHoldsManifest(transaction, head.from, holds);
  if (holds >= own.version || peer.toldManifest >= own.version) return;
  if (standing != SenderStanding::kAccepted && standing != SenderStanding::kOwnDevice) return;
  // It believes an older list of ours: the next envelope carries the newer one, and if none is due, one is made.
  if (context_.deliveries.owes(head.from)) return;
  context_.devices.putToldManifest(transaction, head.from, own.version);
  if (standing == SenderStanding::kOwnDevice) {
    parts_.composer.tellSiblings(transaction, context_.selfAccount(), body::Profile{});
  } else {
    parts_.composer.tellContact(transaction, head.from.account, body::Profile{});
  }
}

SenderStanding Inbox::standingOf(const AccountId& account) {
  if (account == context_.selfAccount()) return SenderStanding::kOwnDevice;
  switch (context_.contactState(account)) {
    case ContactState::kAccepted:
      return SenderStanding::kAccepted;
    case ContactState::kInvited:
    case ContactState::kRequested:
      return SenderStanding::kRequested;
    case ContactState::kBlocked:
      break;
  }
  return SenderStanding::kUnknown;
}

bool Inbox::isKnown(const AccountId& account) {
  const SenderStanding standing = standingOf(account);
  return standing != SenderStanding::kUnknown;
}

bool Inbox::mayBecomeContact(const AccountId& account) {
  const SenderStanding standing = standingOf(account);
  return standing == SenderStanding::kUnknown || standing == SenderStanding::kRequested;
}

Inbox::Outcome Inbox::refuse(Transaction& transaction, const IncomingEnvelope& incoming, const Error& error) {
  RefusalTable::Row row{
      .at = context_.now(), .envelope = incoming.id, .code = error.code, .reason = error.message, .payload = {}};
  if (error.code == Errc::kRetiredDevice) row.payload = incoming.payload;
  context_.refusals.add(transaction, row);
  if (error.code != Errc::kDuplicate && error.code != Errc::kInitialReplay) {
    context_.events.add(event::EnvelopeRefused{error.code, error.message});
  }
  return Outcome::kOther;
}

void Inbox::noteGap(Transaction& transaction, const IncomingGap& gap) {
  addNote(context_, transaction, context_.selfAccount(), context_.selfAddress(), TimelineItem::Kind::kGap, textOf(gap));
  noteLackEverywhere(context_, transaction, RecoveryTable::kState);
}

void Inbox::applyParked(const AccountId& account) {
  const auto parked = context_.parked.from(account);
  if (parked.empty()) return;
  Step step(context_, CommitPoint::kReceive);
  for (const auto& row : parked) {
    const auto envelope = openSealed(row.payload);
    if (!envelope) {
      context_.parked.remove(step, row.id);
      continue;
    }
    if (!isKnown(account)) break;
    if (!takeManifest(step, *envelope)) continue;
    const SignedManifest* manifest = context_.roster.find(account);
    const bool retired = manifest != nullptr && (*manifest)->isRetired(envelope->from.device);
    const bool listed = manifest != nullptr && (*manifest)->find(envelope->from.device) != nullptr;
    if (!listed && !retired) continue;
    const IncomingEnvelope incoming{.number = 0, .id = envelope->id, .keyClass = {}, .payload = row.payload};
    Result<Outcome> opened = fail(Errc::kRetiredDevice, "from a device that was retired");
    if (listed) {
      Attempt attempt(context_, step);
      opened = open(step, *envelope, incoming.keyClass, parts_.slow.effort(incoming.keyClass));
      if (opened) {
        context_.disclosure.unsealed(envelope->from, row.payload);
        attempt.keep();
      }
    }
    if (!opened && opened.error().code == Errc::kNotPermitted && mayBecomeContact(account)) continue;
    context_.parked.remove(step, row.id);
    if (opened) continue;
    if (const auto rank = SlowQueue::rankOf(opened.error().code)) {
      parts_.slow.take(step, envelope->from, incoming, *rank);
    } else {
      refuse(step, incoming, opened.error());
    }
  }
  step.commit();
}

}  // namespace waxwing
