#include <algorithm>
#include <set>
#include <stdexcept>

#include "crypto/mutation.h"
#include "outbox/lacks.h"
#include "outbox/lanes.h"

// What lanes ask of relays, and what they make of the answers.
namespace waxwing {

namespace {

using Status = DeliveryTable::Status;
using Obstacle = PeerDeviceTable::Obstacle;

}  // namespace

void Lanes::fetchManifest(const AccountId& account, Lane& lane) {
  lane.busy = true;
  const Ticket ticket = network_.tickets.openFor<ManifestAnswer>(
      [this, account](tl::expected<ManifestAnswer, Error> answer) { onManifest(account, std::move(answer)); });
  if (isOwn(account)) return network_.link->fetchOwnManifest(ticket);
  network_.link->fetchManifest(addressed(account, lane), ticket);
}

void Lanes::onManifest(const AccountId& account, tl::expected<ManifestAnswer, Error> answer) {
  Lane& lane = lanes_[account];
  lane.busy = false;
  if (!answer) return failed(account, lane, PendingReason::kNoNetwork, answer.error().message, {});
  if (answer->manifest.empty() && isOwn(account)) {
    return failed(account, lane, PendingReason::kNoNetwork, "the relay holds no device list", {});
  }
  if (answer->manifest.empty()) return denied(account, lane);
  Step step(context_, CommitPoint::kPrepare);
  const auto taken = takeManifest(step, account, answer->manifest);
  if (taken) succeeded(step, account, lane, "device list received");
  step.commit();
  lane.askManifest = false;
  if (!taken) failed(account, lane, PendingReason::kNoNetwork, taken.error().message, {});
}

Result<ManifestOrder> Lanes::takeManifest(Step& step, const AccountId& account, const Bytes& manifest) {
  auto taken = parts_.manifests.take(step, account, manifest);
  if (!taken) {
    context_.refusals.add(step, {.at = context_.now(),
                                 .envelope = {},
                                 .code = taken.error().code,
                                 .reason = "a relay's device list: " + taken.error().message,
                                 .payload = {}});
  }
  return taken;
}

void Lanes::fetchBundles(const AccountId& account, Lane& lane, std::vector<DeviceId> devices) {
  lane.busy = true;
  const Ticket ticket =
      network_.tickets.openFor<BundlesAnswer>([this, account, devices](tl::expected<BundlesAnswer, Error> answer) {
        onBundles(account, devices, std::move(answer));
      });
  if (isOwn(account)) return network_.link->fetchOwnBundles(std::move(devices), ticket);
  network_.link->fetchBundles(addressed(account, lane), std::move(devices), ticket);
}

bool Lanes::granted(const AccountId& account, Lane& lane, const tl::expected<BundlesAnswer, Error>& answer) {
  if (!answer) {
    failed(account, lane, PendingReason::kNoNetwork, answer.error().message, {});
    return false;
  }
  switch (answer->outcome) {
    case BundlesAnswer::Outcome::kOk:
      break;
    case BundlesAnswer::Outcome::kDenied:
      denied(account, lane);
      return false;
    case BundlesAnswer::Outcome::kBusy:
      failed(account, lane, PendingReason::kBusy, "busy", {});
      return false;
  }
  return true;
}

void Lanes::onBundles(const AccountId& account, const std::vector<DeviceId>& asked,
                      tl::expected<BundlesAnswer, Error> answer) {
  Lane& lane = lanes_[account];
  lane.busy = false;
  if (!granted(account, lane, answer)) return;
  if (!isWanted(account)) return;  // blocked meanwhile
  Step step(context_, CommitPoint::kPrepare);
  std::set<DeviceId> opened;
  for (const PreKeyBundle& bundle : answer->bundles) {
    const DeviceAddress device{account, bundle.device};
    if (std::ranges::find(asked, bundle.device) == asked.end()) continue;
    const auto before = context_.ratchet.readiness(device);
    const auto established = context_.ratchet.establish(step, device, bundle);
    const auto sealKey = sealKeyOf(step, device, bundle);
    if (!established || !sealKey) continue;
    context_.devices.putSealKey(step, device, *sealKey);
    noteReopened(step, lane, device, before);
    useSession(step, device);
    clearObstacle(step, lane, device);
    opened.insert(bundle.device);
  }
  for (const DeviceId device : asked) {
    if (opened.contains(device)) continue;
    const bool usable = context_.ratchet.readiness({account, device}) != Ratchet::Readiness::kNone;
    if (usable && lane.ageing.erase(device) == 1) {
      lane.freshAfter[device] = context_.now() + limits::kFreshSessionEvery;
      continue;
    }
    hold(step, lane, {account, device}, usable ? Obstacle::kNone : Obstacle::kUnavailable, {});
  }
  succeeded(step, account, lane, opened.empty() ? "no keys of its devices" : "keys received");
  step.commit();
}

// What came over a session that is no more may not have been readable: its sender is told what is held. Where the
// session was opened in order to ask, it is time to do so.
void Lanes::noteReopened(Transaction& transaction, Lane& lane, const DeviceAddress& device, Ratchet::Readiness before) {
  const auto ageing = lane.ageing.extract(device.device);
  const bool lossy =
      before == Ratchet::Readiness::kNone || (!ageing.empty() && ageing.mapped() == Ratchet::Ageing::kLargeRecord);
  auto row = context_.recovery.find(device);
  if (row && row->has(RecoveryTable::kOpening)) {
    row->lacks &= static_cast<std::uint8_t>(~RecoveryTable::kOpening);
    row->dueAt = context_.now();
    context_.recovery.put(transaction, *row);
    context_.recoveryChanged = true;
    return;
  }
  const bool asked = row && row->message != 0 &&
                     context_.deliveries.findStatus({device.account, row->message, device.device}).has_value();
  const bool known = !context_.devices.get(device).inStream.isZero();
  if (known && !asked && lossy) {
    noteLack(context_, transaction, device, RecoveryTable::kState);
  }
}

// A session is there: what waits is encrypted, and what was encrypted too long ago is encrypted again under a new
// EnvelopeId.
void Lanes::useSession(Transaction& transaction, const DeviceAddress& device) {
  std::vector<DeliveryTable::Key> old;
  context_.deliveries.visitQueue(device.account, [&](const DeliveryTable::Queued& queued) {
    if (queued.key.device != device.device || queued.status != Status::kReady) return DeliveryTable::Next::kGoOn;
    if (isOld(queued.row())) old.push_back(queued.key);
    return DeliveryTable::Next::kGoOn;
  });
  for (const auto& key : old) context_.deliveries.takeBack(transaction, key);
  parts_.composer.encryptWaiting(transaction, device);
}

void Lanes::fetchKeys(const AccountId& account, Lane& lane, std::vector<DeviceId> devices) {
  lane.busy = true;
  const Ticket ticket =
      network_.tickets.openFor<BundlesAnswer>([this, account, devices](tl::expected<BundlesAnswer, Error> answer) {
        onKeys(account, devices, std::move(answer));
      });
  if (isOwn(account)) return network_.link->fetchOwnBundles(std::move(devices), ticket);
  network_.link->fetchKeys(addressed(account, lane), std::move(devices), ticket);
}

void Lanes::onKeys(const AccountId& account, const std::vector<DeviceId>& asked,
                   tl::expected<BundlesAnswer, Error> answer) {
  Lane& lane = lanes_[account];
  lane.busy = false;
  if (!granted(account, lane, answer)) return;
  Step step(context_, CommitPoint::kPrepare);
  std::set<DeviceId> known;
  for (const PreKeyBundle& bundle : answer->bundles) {
    if (std::ranges::find(asked, bundle.device) == asked.end()) continue;
    const DeviceAddress device{account, bundle.device};
    const auto sealKey = sealKeyOf(step, device, bundle);
    if (!sealKey) continue;
    context_.devices.putSealKey(step, device, *sealKey);
    known.insert(bundle.device);
  }
  for (const DeviceId device : asked) {
    if (!known.contains(device)) hold(step, lane, {account, device}, Obstacle::kUnavailable, {});
  }
  succeeded(step, account, lane, "keys received");
  step.commit();
}

// What is offered for the first time is written down as such before it leaves. An answer that says it was not taken
// strikes that out: until then it cannot be cancelled, encrypted again, or taken back.
void Lanes::submit(const AccountId& account, Lane& lane, std::vector<DeliveryTable::Row> rows) {
  Submission batch{.manifestVersion = context_.roster.ref(account).version, .envelopes = {}};
  Step step(context_, CommitPoint::kPrepare);
  for (const auto& row : rows) {
    if (row.status == Status::kReady) context_.deliveries.putOffered(step, row.key);
    auto envelope = seal(row);
    if (!envelope) throw std::logic_error("an envelope of our own cannot be sealed: " + envelope.error().message);
    batch.envelopes.push_back(std::move(*envelope));
  }
  step.commit();
  if (mutated(Mutation::kReverseLane)) std::ranges::reverse(batch.envelopes);
  lane.busy = true;
  lane.submitting = true;
  lane.ownManifest = context_.roster.ref(context_.selfAccount()).version;
  for (auto& row : rows) row.cipher->ciphertext = {};
  const Ticket ticket = network_.tickets.openFor<SubmitAnswer>(
      [this, account, rows = std::move(rows)](tl::expected<SubmitAnswer, Error> answer) {
        onSubmitted(account, rows, std::move(answer));
      });
  if (isOwn(account)) return network_.link->submitToOwn(std::move(batch), ticket);
  network_.link->submit(addressed(account, lane), std::move(batch), ticket);
}

void Lanes::onSubmitted(const AccountId& account, const std::vector<DeliveryTable::Row>& rows,
                        tl::expected<SubmitAnswer, Error> answer) {
  Lane& lane = lanes_[account];
  lane.busy = false;
  lane.submitting = false;
  if (!answer && mutated(Mutation::kBelieveLostAnswer)) {
    return onItems(account, lane, rows, std::vector<ItemOutcome>(rows.size(), {ItemOutcome::Kind::kAccepted, {}}));
  }
  if (!answer) {
    if (!mayHaveArrived(answer.error())) refuse(rows);
    return failed(account, lane, PendingReason::kNoNetwork, answer.error().message, {});
  }
  if (const auto* items = std::get_if<std::vector<ItemOutcome>>(&answer->outcome)) {
    if (items->size() == rows.size()) return onItems(account, lane, rows, *items);
    return failed(account, lane, PendingReason::kNoNetwork, "the relay's answer does not fit the question", {});
  }
  refuse(rows);
  if (std::holds_alternative<SubmitAnswer::Denied>(answer->outcome)) return denied(account, lane);
  if (const auto* busy = std::get_if<SubmitAnswer::Busy>(&answer->outcome)) {
    return failed(account, lane, PendingReason::kBusy, "busy", busy->retryAfter);
  }

  const Bytes& newer = std::get<SubmitAnswer::StaleManifest>(answer->outcome).newer;
  Step step(context_, CommitPoint::kPrepare);
  const auto taken = takeManifest(step, account, newer);
  const bool repaired = taken && *taken == ManifestOrder::kNewer;
  if (repaired) succeeded(step, account, lane, "newer device list received");
  step.commit();
  if (!repaired)
    failed(account, lane, PendingReason::kNoNetwork, "the relay names a device list that is not newer", {});
}

// None of a batch was taken.
void Lanes::refuse(const std::vector<DeliveryTable::Row>& rows) {
  Step step(context_, CommitPoint::kAnswer);
  for (const auto& row : rows) putRefused(step, row);
  step.commit();
}

// What had been offered before may be there all the same.
void Lanes::putRefused(Transaction& transaction, const DeliveryTable::Row& row) {
  if (row.status == Status::kReady) context_.deliveries.putRefused(transaction, row.key);
}

void Lanes::onItems(const AccountId& account, Lane& lane, const std::vector<DeliveryTable::Row>& rows,
                    const std::vector<ItemOutcome>& items) {
  const std::uint64_t own = lane.ownManifest;
  Step step(context_, CommitPoint::kAnswer);
  std::set<std::int64_t> touched;
  std::set<DeviceId> taking;
  std::set<DeviceId> obstructed;
  std::string answer = "accepted";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& key = rows[i].key;
    const DeviceAddress device{account, key.device};
    switch (items[i].kind) {
      case ItemOutcome::Kind::kAccepted: {
        const auto peer = context_.devices.get(device);
        if (peer.obstacle != Obstacle::kNone) clearObstacle(step, lane, device);
        if (peer.holdsManifest < own && peer.toldManifest < own) context_.devices.putToldManifest(step, device, own);
        taking.insert(key.device);
        parts_.states.accepted(step, key);
        touched.insert(key.message);
        break;
      }
      case ItemOutcome::Kind::kMailboxFull:
        putRefused(step, rows[i]);
        if (!obstructed.insert(key.device).second) break;
        hold(step, lane, device, Obstacle::kFull, items[i].retryAfter);
        answer = "mailbox full";
        break;
      case ItemOutcome::Kind::kNoSuchDevice:
        putRefused(step, rows[i]);
        if (!obstructed.insert(key.device).second) break;
        hold(step, lane, device, Obstacle::kUnavailable, items[i].retryAfter);
        answer = "no such device";
        break;
    }
  }
  noteRoom(lane, taking, obstructed);
  for (const std::int64_t message : touched) parts_.states.settle(step, account, message);
  succeeded(step, account, lane, answer);
  step.commit();
}

// Who refused some is offered one next time, and twice as many each time that he takes them all.
void Lanes::noteRoom(Lane& lane, const std::set<DeviceId>& taking, const std::set<DeviceId>& obstructed) {
  for (const DeviceId device : taking) {
    const auto offer = lane.offer.find(device);
    if (offer == lane.offer.end()) continue;
    offer->second *= 2;
    if (offer->second >= limits::kBatchEnvelopes) lane.offer.erase(offer);
  }
  for (const DeviceId device : obstructed) lane.offer[device] = 1;
}

void Lanes::hold(Transaction& transaction, Lane& lane, const DeviceAddress& device, Obstacle obstacle,
                 std::chrono::milliseconds atLeast) {
  const auto wait = std::max(atLeast, lane.deviceBackoff[device.device].next(context_.random));
  lane.heldUntil[device.device] = context_.now() + wait;
  if (obstacle == Obstacle::kUnavailable) lane.askManifest = true;  // it may be listed no more
  context_.devices.putObstacle(transaction, device, obstacle);
  parts_.states.settleAll(transaction, device);
}

void Lanes::clearObstacle(Transaction& transaction, Lane& lane, const DeviceAddress& device) {
  lane.heldUntil.erase(device.device);
  lane.deviceBackoff.erase(device.device);
  context_.devices.putObstacle(transaction, device, Obstacle::kNone);
}

void Lanes::failed(const AccountId& account, Lane& lane, PendingReason reason, const std::string& answer,
                   std::chrono::milliseconds atLeast) {
  lane.retryAt = context_.now() + atLeast + lane.backoff.next(context_.random);
  Step step(context_, CommitPoint::kAnswer);
  context_.lanes.put(step, account,
                     {.reason = static_cast<std::uint8_t>(reason),
                      .attempts = lane.backoff.failures(),
                      .retryAt = lane.retryAt,
                      .lastAnswer = answer});
  step.commit();
}

// The key that stands may be the wrong one: where the contact named another, that is tried before anybody waits.
void Lanes::denied(const AccountId& account, Lane& lane) {
  const auto contact = context_.contacts.find(account);
  if (!contact || !contact->accessKey) return;
  std::vector<AccessKeyHash> held;
  for (const AccessKey& key : keysOf(*contact)) held.push_back(hashOf(key));
  lane.deniedKeys.insert(lane.askedWith);
  std::erase_if(lane.deniedKeys, [&](const auto& key) { return std::ranges::find(held, key) == held.end(); });
  lane.deniedForGood = network_.caughtUp;
  if (lane.askedWith == held.front()) {
    const auto doublings = std::min(lane.denials++, 6u);
    lane.deniedUntil =
        context_.now() + std::min(limits::kDeniedRetryFirst * (1 << doublings), limits::kDeniedRetryMost);
  }
  if (recipient(account, lane)) return;
  Step step(context_, CommitPoint::kAnswer);
  context_.lanes.put(step, account,
                     {.reason = static_cast<std::uint8_t>(PendingReason::kAccessRenewal),
                      .attempts = lane.denials,
                      .retryAt = lane.deniedUntil,
                      .lastAnswer = "denied"});
  if (lane.deniedForGood) context_.events.add(event::ContactChanged{account});
  step.commit();
}

void Lanes::succeeded(Transaction& transaction, const AccountId& account, Lane& lane, const std::string& answer) {
  lane.backoff.reset();
  lane.retryAt = {};
  if (lane.deniedKeys.empty()) lane.denials = 0;
  const auto held = context_.lanes.get(account);
  if (held.reason == 0 && held.attempts == 0 && !held.retryAt && held.lastAnswer == answer) return;
  context_.lanes.put(transaction, account, {.reason = 0, .attempts = 0, .retryAt = {}, .lastAnswer = answer});
}

}  // namespace waxwing
