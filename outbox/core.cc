#include "outbox/core.h"

namespace waxwing {

Outbox::Core::Core(Database& database, OwnDevice self, Ports portsGiven)
    : ports(std::move(portsGiven)), context(database, ports.clock, ports.random, std::move(self)) {
  // What was parked may have become readable just before this device was last ended.
  for (const AccountId& account : context.parked.accounts()) context.manifestsNew.insert(account);
  if (context.stopped == LinkState::Stop::kCloned && !context.anchors.wasRestoredLately()) goOnAfterClone();
  if (!context.stream.isZero() && context.settings.find(setting::kContactKey)) return;
  const StreamId stream = context.stream.isZero() ? context.random.fixed<StreamId>() : context.stream;
  Step step(context, CommitPoint::kKeys);
  context.settings.put(step, setting::kStream, stream.view());
  keys.makeFirst(step);
  step.commit();
  context.stream = stream;
}

// It has begun anew already. If the other copy still runs, the next anchor tells.
void Outbox::Core::goOnAfterClone() {
  Step step(context, CommitPoint::kAnchor);
  context.settings.remove(step, setting::kStopped);
  step.commit();
  context.stopped = LinkState::Stop::kNone;
}

void Outbox::Core::turn() {
  applyParked();
  if (context.stopped != LinkState::Stop::kNone && network.wanted()) network.link->goOffline();
  if (std::exchange(context.keysUsed, false)) {
    publishing.checkKeys();
    context.publishingDue = true;
  }
  if (context.publishingDue) publishing.pump();
  recovery.pump();
  resends.pump();
  requests.pump();
  pumpLanes();
  showLink();
  context.events.deliver(ports.onEvent);
}

void Outbox::Core::fullTurn() {
  context.publishingDue = true;
  for (const AccountId& account : context.deliveries.accounts()) context.owing.insert(account);
  lanes.pumpAll();
  turn();
}

void Outbox::Core::pumpLanes() {
  for (const auto& [device, why] : context.ratchet.takeAgeing()) lanes.wantFresh(device, why);
  for (const DeviceAddress& device : std::exchange(context.unheard, {})) {
    lanes.wantFresh(device, Ratchet::Ageing::kUnheard);
  }
  if (network.link == nullptr) return context.owing.clear();
  for (const AccountId& account : std::exchange(context.owing, {})) lanes.pump(account);
  flush.pump();
  if (!flush.takeProgress()) return;
  lanes.pumpAll();
  flush.pump();
}

void Outbox::Core::applyParked() {
  while (!context.manifestsNew.empty()) {
    for (const AccountId& account : std::exchange(context.manifestsNew, {})) inbox.applyParked(account);
  }
}

void Outbox::Core::applySlice() {
  const auto done = inbox.applySlice();
  if (!done) return;
  const std::uint64_t behind = inbox.empty() && network.caughtUp ? 0 : network.left;
  network.left = behind > limits::kSliceEnvelopes ? behind - limits::kSliceEnvelopes : inbox.size();
  network.link->acknowledge(*done, network.tickets.openFor<MailboxAnswer>([](const auto&) {}));
}

// After all that is at hand: the backlog is read to its fence, or cannot be read now. And where it keeps others
// waiting.
bool Outbox::Core::isSlowDue() const {
  if (slow.empty()) return false;
  return inbox.isBlocked() || (inbox.empty() && (network.caughtUp || !network.attached));
}

void Outbox::Core::applySlow() {
  if (isSlowDue()) inbox.applySlow();
  if (slow.empty() && inbox.empty() && (network.caughtUp || !network.attached)) slow.rest();
}

void Outbox::Core::noticeClock() {
  const WallTime now = context.now();
  if (now >= std::exchange(lastNoticed_, now)) return;
  lanes.retryNow();
  publishing.retryNow();
  flush.retryNow();
  receipts.hasten();
  context.recoveryChanged = true;
  context.probesChanged = true;
  context.invitedChanged = true;
}

bool Outbox::Core::settled() {
  const bool linkQuiet = network.link == nullptr || !network.wanted() || network.caughtUp || network.ownUnreachable();
  return linkQuiet && network.tickets.empty() && inbox.empty() && slow.empty() && !receipts.due() &&
         publishing.idle() && !recovery.isDue();
}

std::optional<WallTime> Outbox::Core::nextDeadline() {
  if (!inbox.empty() || isSlowDue()) return context.now();
  std::optional<WallTime> next = receipts.due();
  for (const auto& candidate : {lanes.nextDeadline(), flush.nextDeadline(), publishing.nextDeadline(),
                                recovery.nextDeadline(), resends.nextDeadline(), requests.nextDeadline()}) {
    if (candidate && (!next || *candidate < *next)) next = candidate;
  }
  return next;
}

LinkState Outbox::Core::linkToShow() const {
  LinkState state = network.state;
  if (context.stopped != LinkState::Stop::kNone) {
    state.kind = LinkState::Kind::kStopped;
    state.stop = context.stopped;
    return state;
  }
  if (!network.ownUp()) return state;
  state.kind = network.caughtUp ? LinkState::Kind::kOnline : LinkState::Kind::kSyncing;
  state.left = network.caughtUp ? 0 : network.left;
  return state;
}

void Outbox::Core::showLink() {
  LinkState now = linkToShow();
  const bool same = now.kind == shown.kind && now.stop == shown.stop && now.retryAt == shown.retryAt &&
                    now.left == shown.left && now.detail == shown.detail;
  if (same) return;
  shown = now;
  context.events.add(event::LinkChanged{std::move(now)});
}

}  // namespace waxwing
