#include "tests/sim/hostile_store.h"

#include <algorithm>
#include <utility>

namespace waxwing::testing {

using relay::Operation;
using relay::Outcome;
using relay::QueuedEnvelope;
using relay::QueueItem;

bool Mischief::plays(Trick trick) {
  std::uint32_t& left = left_[static_cast<std::size_t>(trick)];
  if (left == 0 || random_.below(2) == 0) return false;
  --left;
  ++played_;
  ++playedOf_[static_cast<std::size_t>(trick)];
  return true;
}

bool Mischief::stopped() const {
  return std::ranges::all_of(left_, [](std::uint32_t left) { return left == 0; });
}

std::vector<Outcome> HostileStore::commit(std::span<const Operation> operations) {
  std::vector<Operation> done(operations.begin(), operations.end());
  std::vector<Meddled> meddled(done.size());
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (auto* submit = std::get_if<relay::Submit>(&done[i])) {
      tap_(*submit);
      meddled[i] = meddle(*submit);
    }
    remember(done[i]);
    takeNumbers(done[i]);
  }
  // What was held back comes in behind.
  const bool release = !mischief_.held.empty() && (mischief_.stopped() || mischief_.random().below(4) == 0);
  if (release) {
    for (relay::Submit& held : mischief_.held) done.emplace_back(std::move(held));
    mischief_.held.clear();
  }
  std::vector<Outcome> outcomes = inner_->commit(done);
  onCommitted(done, outcomes);
  std::vector<DeviceAddress> arrivedLate;
  for (std::size_t i = operations.size(); i < outcomes.size(); ++i) {
    const auto& arrived = std::get<relay::SubmitOutcome>(outcomes[i]).arrived;
    arrivedLate.insert(arrivedLate.end(), arrived.begin(), arrived.end());
  }
  outcomes.resize(operations.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (auto* submitted = std::get_if<relay::SubmitOutcome>(&outcomes[i])) {
      makeGood(*submitted, meddled[i]);
      submitted->arrived.insert(submitted->arrived.end(), arrivedLate.begin(), arrivedLate.end());
      arrivedLate.clear();
      if (!submitted->newerManifest.empty()) {
        submitted->newerManifest =
            manifestInstead(std::get<relay::Submit>(operations[i]).account, std::move(submitted->newerManifest));
      }
    } else if (auto* taken = std::get_if<relay::TakePreKeyBundlesOutcome>(&outcomes[i])) {
      meddle(std::get<relay::TakePreKeyBundles>(operations[i]), *taken);
    }
  }
  return outcomes;
}

HostileStore::Meddled HostileStore::meddle(relay::Submit& submit) {
  Meddled meddled;
  meddled.refused = mischief_.plays(Trick::kRefuse);
  std::vector<relay::Envelope> kept;
  for (std::size_t i = 0; i < submit.envelopes.size(); ++i) {
    relay::Envelope& envelope = submit.envelopes[i];
    if (loses({submit.account, envelope.device}) || mischief_.plays(Trick::kDrop)) {
      meddled.keptBack.push_back(i);
    } else if (mischief_.plays(Trick::kDelay)) {
      meddled.keptBack.push_back(i);
      mischief_.held.push_back({submit.account, submit.access, submit.manifestVersion, {std::move(envelope)}});
    } else {
      kept.push_back(std::move(envelope));
    }
  }
  if (!kept.empty() && meddled.keptBack.empty() && mischief_.plays(Trick::kDuplicate)) {
    relay::Envelope twin = kept[mischief_.random().below(kept.size())];
    twin.id = mischief_.random().fixed<EnvelopeId>();
    mischief_.held.push_back({submit.account, submit.access, submit.manifestVersion, {std::move(twin)}});
  }
  submit.envelopes = std::move(kept);
  return meddled;
}

void HostileStore::makeGood(relay::SubmitOutcome& outcome, const Meddled& meddled) {
  if (outcome.verdict != relay::SubmitOutcome::Verdict::kItems) return;
  for (const std::size_t place : meddled.keptBack) {
    outcome.items.insert(outcome.items.begin() + static_cast<std::ptrdiff_t>(place),
                         relay::SubmitOutcome::Item::kAccepted);
  }
  if (meddled.refused) refuseSome(outcome);
}

// What it refuses it may have stored all the same.
void HostileStore::refuseSome(relay::SubmitOutcome& outcome) {
  using Item = relay::SubmitOutcome::Item;
  switch (mischief_.random().below(3)) {
    case 0:
      outcome.verdict = relay::SubmitOutcome::Verdict::kDenied;
      return;
    case 1:
      for (Item& item : outcome.items) item = Item::kMailboxFull;
      return;
    default:
      for (Item& item : outcome.items) item = Item::kNoSuchDevice;
  }
}

void HostileStore::meddle(const relay::TakePreKeyBundles& asked, relay::TakePreKeyBundlesOutcome& outcome) {
  for (relay::Bundle& bundle : outcome.bundles) {
    const DeviceAddress device{asked.account, bundle.device};
    const auto before = mischief_.handedOut.find(device);
    if (before != mischief_.handedOut.end() && mischief_.plays(Trick::kSameKey)) {
      bundle.oneTime = before->second;
    } else if (bundle.oneTime) {
      mischief_.handedOut[device] = *bundle.oneTime;
    }
  }
}

void HostileStore::remember(const Operation& operation) {
  const relay::ManifestFacts* facts = nullptr;
  if (const auto* asked = std::get_if<relay::Register>(&operation)) facts = &asked->manifest;
  if (const auto* asked = std::get_if<relay::PublishManifest>(&operation)) facts = &asked->manifest;
  if (facts == nullptr) return;
  auto& known = mischief_.manifests[facts->account];
  if (known.size() < Mischief::kRemembered) known.push_back({facts->version, facts->hash, facts->bytes});
}

Bytes HostileStore::manifestInstead(const AccountId& account, Bytes manifest) {
  const auto& known = mischief_.manifests[account];
  if (known.size() > 1 && mischief_.plays(Trick::kOldManifest)) {
    return known[mischief_.random().below(known.size() - 1)].bytes;
  }
  if (!manifest.empty() && mischief_.plays(Trick::kForgedManifest)) {
    const auto other = mischief_.manifests.begin();
    if (mischief_.random().below(2) == 0 && other->first != account) return other->second.front().bytes;
    const std::uint64_t bit = mischief_.random().below(manifest.size() * 8);
    manifest[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  }
  return manifest;
}

std::vector<QueueItem> HostileStore::readPage(const DeviceAddress& mailbox, std::uint64_t after,
                                              const relay::PageLimits& bounds) {
  std::vector<QueueItem> items = inner_->readPage(mailbox, after / kSpread, bounds);
  if (items.empty()) return items;
  onRead(mailbox, items);
  insertForged(mailbox, items);
  auto& known = mischief_.delivered[mailbox];
  for (const QueueItem& item : items) {
    const auto* envelope = std::get_if<QueuedEnvelope>(&item.content);
    if (envelope == nullptr) continue;
    if (known.size() < Mischief::kRemembered) {
      known.push_back(*envelope);
    } else {
      known[mischief_.random().below(known.size())] = *envelope;
    }
  }
  for (QueueItem& item : items) {
    if (auto* envelope = std::get_if<QueuedEnvelope>(&item.content)) spoil(*envelope);
  }
  if (items.size() > 1 && mischief_.plays(Trick::kSwap)) {
    const std::size_t first = mischief_.random().below(items.size() - 1);
    std::swap(items[first].content, items[first + 1].content);
  }
  insertOld(mailbox, items);
  items = tellNumbers(std::move(items));
  if (mischief_.plays(Trick::kNumbers)) {
    onMisnumbered(mailbox);
    const std::uint64_t more = 1 + mischief_.random().below(1000) * kSpread;
    for (QueueItem& item : items) item.number += more;
  }
  return items;
}

void HostileStore::spoil(QueuedEnvelope& envelope) {
  Bytes& payload = envelope.payload;
  if (payload.empty()) return;
  if (mischief_.plays(Trick::kTruncate)) payload.resize(mischief_.random().below(payload.size()));
  if (mischief_.plays(Trick::kExtend)) payload.resize(payload.size() + 1 + mischief_.random().below(64));
  if (!payload.empty() && mischief_.plays(Trick::kFlip)) {
    const std::uint64_t bit = mischief_.random().below(payload.size() * 8);
    payload[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  }
}

// What a device acknowledges of what was slipped in takes nothing else away.
void HostileStore::takeNumbers(Operation& operation) {
  if (auto* acknowledge = std::get_if<relay::Acknowledge>(&operation)) acknowledge->upTo /= kSpread;
  if (auto* attempt = std::get_if<relay::NoteAttempt>(&operation)) attempt->number /= kSpread;
}

// What was slipped in has no number yet: it gets one directly before the item that it precedes.
std::vector<QueueItem> HostileStore::tellNumbers(std::vector<QueueItem> items) {
  std::uint64_t next = 0;
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    item->number = item->number == 0 ? next - 1 : item->number * kSpread;
    if (auto* gap = std::get_if<relay::Gap>(&item->content)) gap->last *= kSpread;
    next = item->number;
  }
  return items;
}

void HostileStore::insertOld(const DeviceAddress& mailbox, std::vector<QueueItem>& items) {
  const auto insert = [&](const QueuedEnvelope& old) {
    const std::size_t place = mischief_.random().below(items.size());
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(place), QueueItem{0, 0, old});
  };
  const auto pick = [&](const std::vector<QueuedEnvelope>& from) {
    return from[mischief_.random().below(from.size())];
  };
  if (const auto& own = mischief_.delivered[mailbox]; !own.empty() && mischief_.plays(Trick::kReplay)) {
    insert(pick(own));
  }
  for (const auto& [other, envelopes] : mischief_.delivered) {
    if (other == mailbox || envelopes.empty() || !mischief_.plays(Trick::kCrossReplay)) continue;
    QueuedEnvelope envelope = pick(envelopes);
    insert(envelope);
  }
}

void HostileStore::insertForged(const DeviceAddress& mailbox, std::vector<QueueItem>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto* genuine = std::get_if<QueuedEnvelope>(&items[i].content);
    if (genuine == nullptr || !mischief_.plays(Trick::kForge)) continue;
    auto forged = forge(mailbox, *genuine);
    if (!forged) continue;
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(i), QueueItem{0, 0, std::move(*forged)});
    ++i;
  }
}

std::optional<relay::Position> HostileStore::findPosition(const DeviceAddress& mailbox) {
  auto position = inner_->findPosition(mailbox);
  if (position) {
    position->acknowledged *= kSpread;
    position->last *= kSpread;
  }
  if (position && mischief_.plays(Trick::kNumbers)) {
    onMisnumbered(mailbox);
    position->last += mischief_.random().below(1000) * kSpread;
    if (mischief_.random().below(2) == 0) position->acknowledged /= 2;
  }
  return position;
}

std::optional<relay::HeldManifest> HostileStore::findManifest(const AccountId& account) {
  auto held = inner_->findManifest(account);
  if (held) held->bytes = manifestInstead(account, std::move(held->bytes));
  return held;
}

}  // namespace waxwing::testing
