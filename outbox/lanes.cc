#include "outbox/lanes.h"

#include <algorithm>

#include "crypto/mutation.h"

namespace waxwing {

namespace {

using Status = DeliveryTable::Status;
using Obstacle = PeerDeviceTable::Obstacle;

// What an envelope has around its ciphertext and manifest at most: addresses, lengths, the seal, and Padmé's share.
std::size_t sealedSizeAtMost(const DeliveryTable::Row& row, std::size_t manifestBytes) {
  const std::size_t inside = row.cipher->ciphertext.size() + manifestBytes + 256;
  return inside + inside / 8;
}

}  // namespace

std::vector<AccessKey> Lanes::keysOf(const ContactTable::Row& contact) {
  std::vector<AccessKey> keys;
  for (const auto* held : {&contact.accessKey, &contact.otherKey}) {
    if (!*held) continue;
    if (auto key = AccessKey::from((*held)->view())) keys.push_back(std::move(*key));
  }
  return keys;
}

std::optional<RecipientRef> Lanes::recipient(const AccountId& account, Lane& lane) {
  const auto contact = context_.contacts.find(account);
  if (!contact) return std::nullopt;
  if (context_.now() >= lane.deniedUntil) lane.deniedKeys.clear();
  auto keys = keysOf(*contact);
  const auto key = std::ranges::find_if(keys, [&](const auto& one) { return !lane.deniedKeys.contains(hashOf(one)); });
  if (key == keys.end()) return std::nullopt;
  RecipientRef ref{.account = account, .relay = {}, .accessKey = std::move(*key)};
  if (const SignedManifest* manifest = context_.roster.find(account)) {
    ref.relay = (*manifest)->relay;
    return ref;
  }
  auto relay = RelayAddress::parse(contact->relay);
  if (!relay) return std::nullopt;
  ref.relay = std::move(*relay);
  return ref;
}

RecipientRef Lanes::addressed(const AccountId& account, Lane& lane) {
  RecipientRef ref = recipient(account, lane).value();
  lane.askedWith = hashOf(ref.accessKey);
  return ref;
}

bool Lanes::mayTry(const AccountId& account, Lane& lane) {
  if (context_.stopped != LinkState::Stop::kNone || lane.busy || !network_.wanted()) return false;
  if (context_.now() < lane.retryAt) return false;
  return isOwn(account) ? network_.ownUp() : isWanted(account);
}

bool Lanes::isWanted(const AccountId& account) {
  if (isOwn(account)) return true;
  const ContactState state = context_.contactState(account);
  return state == ContactState::kInvited || state == ContactState::kAccepted;
}

void Lanes::pump(const AccountId& account) {
  Lane& lane = lanes_[account];
  if (!mayTry(account, lane)) return;
  const bool opens = lane.openAhead || !lane.ageing.empty();
  if (!opens && !context_.deliveries.owes(account) && context_.recovery.opening(account).empty()) return;
  if (!isOwn(account) && !recipient(account, lane)) return;
  if (context_.roster.find(account) == nullptr || lane.askManifest) return fetchManifest(account, lane);
  if (context_.roster.equivocates(account)) return;

  std::vector<DeviceId> wantSession;
  const bool more = prepare(account, lane, wantSession);
  Batch batch = collect(account, lane);
  for (const DeviceId device : batch.wantFresh) wantSession.push_back(device);
  if (!wantSession.empty()) return fetchBundles(account, lane, std::move(wantSession));
  if (!batch.wantSealKey.empty()) return fetchKeys(account, lane, std::move(batch.wantSealKey));
  if (batch.wantsAnchor) parts_.flush.want();
  if (!batch.rows.empty()) return submit(account, lane, std::move(batch.rows));
  if (more) pump(account);
}

void Lanes::pumpAll() {
  for (const AccountId& account : context_.deliveries.accounts()) pump(account);
  std::vector<AccountId> ahead;
  for (const auto& [account, lane] : lanes_) {
    if (lane.openAhead || !lane.ageing.empty()) ahead.push_back(account);
  }
  for (const AccountId& account : ahead) pump(account);
}

// Spreads what waited for a device list, encrypts what may leave, and names the devices that need a session first.
// True if there is more to encrypt than one step takes.
bool Lanes::prepare(const AccountId& account, Lane& lane, std::vector<DeviceId>& wantSession) {
  using Readiness = Ratchet::Readiness;
  bool more = false;
  const auto waiting = context_.deliveries.devicesWaiting(account);
  if (!waiting.empty()) {
    Step step(context_, CommitPoint::kPrepare);
    parts_.composer.fanOut(step, account);
    for (const DeviceAddress& device : context_.roster.devices(account, context_.selfAddress())) {
      if (!context_.deliveries.hasWaiting(device) || !parts_.composer.wantsSession(device)) continue;
      if (context_.ratchet.readiness(device) == Readiness::kNone || !parts_.composer.encryptWaiting(step, device)) {
        const auto held = lane.heldUntil.find(device.device);
        if (held == lane.heldUntil.end() || held->second <= context_.now()) wantSession.push_back(device.device);
      } else if (context_.deliveries.hasWaiting(device) && parts_.composer.wantsSession(device)) {
        more = true;
      }
    }
    step.commit();
  }
  for (const DeviceId device : context_.recovery.opening(account)) addWanted(account, lane, device, wantSession);
  for (const auto& [device, why] : lane.ageing) addWanted(account, lane, device, wantSession);
  if (!lane.openAhead) return more;
  lane.openAhead = false;
  if (!isOwn(account) && context_.contactState(account) != ContactState::kAccepted) return more;
  for (const DeviceAddress& device : context_.roster.devices(account, context_.selfAddress())) {
    const Readiness readiness = context_.ratchet.readiness(device);
    const bool wants = readiness == Readiness::kNone || readiness == Readiness::kWantsFresh;
    if (wants && std::ranges::find(wantSession, device.device) == wantSession.end()) {
      wantSession.push_back(device.device);
    }
  }
  return more;
}

void Lanes::wantFresh(const DeviceAddress& device, Ratchet::Ageing why) {
  Lane& lane = lanes_[device.account];
  const auto after = lane.freshAfter.find(device.device);
  if (after != lane.freshAfter.end() && after->second > context_.now()) return;
  lane.ageing[device.device] = why;
  context_.owing.insert(device.account);
}

// A session to ask over for what is lacking, or in the place of one that is used up.
void Lanes::addWanted(const AccountId& account, Lane& lane, DeviceId device, std::vector<DeviceId>& wantSession) {
  const auto held = lane.heldUntil.find(device);
  if (held != lane.heldUntil.end() && held->second > context_.now()) return;
  const SignedManifest* manifest = context_.roster.find(account);
  if (manifest == nullptr || (*manifest)->find(device) == nullptr) return;
  if (std::ranges::find(wantSession, device) == wantSession.end()) wantSession.push_back(device);
}

// The keys that a pre-key message was made with may be gone when it arrives.
bool Lanes::isOld(const DeliveryTable::Row& row) const {
  return row.cipher && row.cipher->kind == static_cast<std::uint8_t>(CipherKind::kPreKey) &&
         context_.now() - row.cipher->encryptedAt > limits::kUnsubmittedPreKeyMessageAge;
}

Lanes::Batch Lanes::collect(const AccountId& account, Lane& lane) {
  using Next = DeliveryTable::Next;
  Batch batch;
  const auto devices = context_.roster.devices(account, context_.selfAddress());
  std::set<DeviceId> blocked;
  std::map<DeviceId, std::size_t> room;
  std::size_t bytes = 0;
  const WallTime now = context_.now();
  const SignedManifest* own = context_.roster.find(context_.selfAccount());
  const std::size_t manifestBytes = own != nullptr ? own->bytes().size() : 0;
  // Texts wait for an acceptance, and the contact request passes them by.
  const bool mayPass = !isOwn(account) && context_.contactState(account) == ContactState::kInvited;
  // Nothing that comes later may leave for this device.
  const auto block = [&](DeviceId device) {
    blocked.insert(device);
    const auto isBlocked = [&](const DeviceAddress& one) { return blocked.contains(one.device); };
    return std::ranges::all_of(devices, isBlocked) ? Next::kStop : Next::kGoOn;
  };

  context_.deliveries.visitQueue(account, [&](const DeliveryTable::Queued& queued) {
    const DeviceId device = queued.key.device;
    if (queued.status == Status::kAccepted || blocked.contains(device)) return Next::kGoOn;
    const auto held = lane.heldUntil.find(device);
    if (held != lane.heldUntil.end() && held->second > now) return block(device);
    DeliveryTable::Row row = queued.row();
    if (!row.cipher) return mayPass ? Next::kGoOn : block(device);
    if (!parts_.flush.mayLeave(row.cipher->anchor) && !mutated(Mutation::kForgetAnchor)) {
      batch.wantsAnchor = true;
      return block(device);
    }
    if (row.status == Status::kReady && isOld(row)) {
      batch.wantFresh.push_back(device);
      return block(device);
    }
    if (!room.contains(device)) {
      const auto peer = context_.devices.get({account, device});
      const bool sealable = peer.sealKey && now - peer.sealKey->fetchedAt <= limits::kSealKeyFetchedAge;
      if (!sealable) batch.wantSealKey.push_back(device);
      room[device] = sealable ? mostAtOnce(lane, device, peer) : 0;
    }
    if (room[device] == 0) return block(device);
    --room[device];
    bytes += sealedSizeAtMost(row, manifestBytes);
    if (!batch.rows.empty() && bytes > limits::kBatchBytes) return Next::kStop;
    batch.rows.push_back(std::move(row));
    return batch.rows.size() == limits::kBatchEnvelopes ? Next::kStop : Next::kGoOn;
  });
  return batch;
}

// A mailbox that was full is asked with one envelope, however many wait: what is refused was sealed and sent in vain.
std::size_t Lanes::mostAtOnce(Lane& lane, DeviceId device, const PeerDeviceTable::Row& peer) {
  if (peer.obstacle == PeerDeviceTable::Obstacle::kFull) lane.offer.try_emplace(device, 1);
  const auto offer = lane.offer.find(device);
  return offer != lane.offer.end() ? offer->second : limits::kBatchEnvelopes;
}

std::optional<WallTime> Lanes::nextDeadline() {
  std::optional<WallTime> next;
  const auto consider = [&](WallTime time) {
    if (!next || time < *next) next = time;
  };
  for (auto& [account, lane] : lanes_) {
    if (lane.busy || !network_.wanted() || context_.stopped != LinkState::Stop::kNone) continue;
    if (isOwn(account) && !network_.ownUp()) continue;
    if (lane.retryAt > context_.now()) {
      consider(lane.retryAt);
      continue;
    }
    if (!lane.deniedKeys.empty() && lane.deniedUntil > context_.now() && context_.deliveries.owes(account)) {
      consider(lane.deniedUntil);
    }
    for (const auto& [device, until] : lane.heldUntil) {
      if (until > context_.now()) consider(until);
    }
  }
  return next;
}

void Lanes::retryNow() {
  for (auto& [account, lane] : lanes_) {
    lane.retryAt = {};
    lane.deniedKeys.clear();
    lane.heldUntil.clear();
  }
}

void Lanes::retryAll() {
  for (const AccountId& account : context_.deliveries.accounts()) lanes_[account];
  for (const AccountId& account : context_.contacts.inState(static_cast<std::uint8_t>(ContactState::kAccepted))) {
    lanes_[account];
  }
  lanes_[context_.selfAccount()];
  for (auto& [account, lane] : lanes_) {
    lane.openAhead = true;
    lane.backoff.reset();
    lane.deviceBackoff.clear();
  }
  retryNow();
}

void Lanes::onAttached() {
  for (auto& [account, lane] : lanes_) lane.deniedForGood = false;
  retryAll();
}

void Lanes::onFence() {
  for (auto& [account, lane] : lanes_) {
    if (lane.deniedKeys.empty()) continue;
    lane.deniedForGood = true;
    if (!recipient(account, lane)) context_.events.add(event::ContactChanged{account});
  }
}

bool Lanes::isSubmitting(const AccountId& account) {
  const auto found = lanes_.find(account);
  return found != lanes_.end() && found->second.submitting;
}

Result<PeerDeviceTable::SealKey> Lanes::sealKeyOf(Transaction& transaction, const DeviceAddress& device,
                                                  const PreKeyBundle& bundle) {
  const auto keys = context_.ratchet.acceptKeys(transaction, device, bundle.signedKeys);
  if (!keys) return tl::unexpected(keys.error());
  for (const SealKey& key : keys->keys().sealKeys) {
    if (key.suite != SealSuite::kXChaCha) continue;
    return PeerDeviceTable::SealKey{static_cast<std::uint8_t>(key.suite), key.id, key.key, context_.now()};
  }
  return fail(Errc::kUnsupportedSuite, "no seal key of a known suite");
}

Result<OutgoingEnvelope> Lanes::seal(const DeliveryTable::Row& row) {
  const DeviceAddress to{row.key.account, row.key.device};
  const auto peer = context_.devices.get(to);
  Envelope envelope{.id = row.cipher->envelope,
                    .to = to,
                    .from = context_.selfAddress(),
                    .kind = static_cast<CipherKind>(row.cipher->kind),
                    .manifest = {},
                    .ciphertext = row.cipher->ciphertext};
  const SignedManifest* own = context_.roster.find(context_.selfAccount());
  if (own != nullptr && (envelope.kind == CipherKind::kPreKey || peer.holdsManifest < (*own)->version)) {
    envelope.manifest = toBytes(own->bytes());
  }
  const SealKey key{static_cast<SealSuite>(peer.sealKey->suite), peer.sealKey->id, peer.sealKey->key};
  context_.disclosure.begin();
  auto sealed = sealEnvelope(envelope, key, context_.disclosure.random());
  if (!sealed) return tl::unexpected(sealed.error());
  context_.disclosure.sealed(envelope, *sealed);
  if (mutated(Mutation::kSenderOnTheWire)) {
    const auto sender = context_.selfAccount().view();
    sealed->insert(sealed->end(), sender.begin(), sender.end());
  }
  return OutgoingEnvelope{envelope.id, to.device, std::move(*sealed)};
}

}  // namespace waxwing
