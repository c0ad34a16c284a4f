#include "outbox/manifests.h"

#include <utility>

#include "crypto/hash.h"
#include "outbox/timeline.h"

namespace waxwing {

Result<ManifestOrder> Manifests::take(Transaction& transaction, const AccountId& account, ByteView signedManifest) {
  const SignedManifest* held = context_.roster.find(account);
  if (held != nullptr && equal(held->bytes(), signedManifest)) return ManifestOrder::kSame;
  auto manifest = SignedManifest::parse(signedManifest);
  if (!manifest) return tl::unexpected(manifest.error());
  if ((*manifest)->account != account) return fail(Errc::kUntrustedIdentity, "the manifest is another account's");
  return adopt(transaction, *manifest);
}

ManifestOrder Manifests::adopt(Transaction& transaction, const SignedManifest& manifest) {
  const AccountId account = manifest->account;
  const bool equivocated = context_.roster.equivocates(account);
  const auto retired = retiredOf(account);
  const auto adoption = context_.book.adopt(transaction, manifest);
  context_.roster.forget(account);
  switch (adoption.order) {
    case ManifestOrder::kNewer:
      followChange(transaction, account, adoption);
      if (account == context_.selfAccount() && (retiredOf(account) & ~retired).any()) shutOutRetired(transaction);
      break;
    case ManifestOrder::kEquivocation:
      if (!equivocated) reportTrouble(transaction, account, adoption.order);
      break;
    case ManifestOrder::kUnretires:
      // It comes again with every answer of a relay that holds it.
      if (std::exchange(unretiring_[account], manifest.hash()) != manifest.hash())
        reportTrouble(transaction, account, adoption.order);
      break;
    case ManifestOrder::kSame:
      if (adoption.first) followChange(transaction, account, adoption);
      break;
    case ManifestOrder::kStale:
      break;
  }
  if (adoption.diverges && account == context_.selfAccount() && context_.self.isPrimary())
    supersede(transaction, manifest);
  return adoption.first ? ManifestOrder::kNewer : adoption.order;
}

// Two lists that grew out of one: a copy was restored, and signed before it heard what it had lost. Nobody who knows
// one of them takes the other; both are taken up by one that retires whatever either does.
void Manifests::supersede(Transaction& transaction, const SignedManifest& other) {
  Manifest merged = context_.roster.find(context_.selfAccount())->manifest();
  merged.version = std::max(merged.version, other->version);
  merged.retired |= other->retired;
  std::erase_if(merged.devices, [&](const ManifestDevice& device) { return merged.isRetired(device.id); });
  if (merged.find(context_.selfAddress().device) == nullptr) return;
  // This device has signed one of the two, and nobody knows better which.
  if (const auto between = context_.book.equivocation(merged.account))
    settle(transaction, merged.account, between->held);
  // None is above the highest version that there is, which no clock of ours has made.
  if (!reissue(transaction, std::move(merged)))
    reportTrouble(transaction, context_.selfAccount(), ManifestOrder::kUnretires);
}

void Manifests::followChange(Transaction& transaction, const AccountId& account,
                             const ManifestBook::Adoption& adoption) {
  const bool own = account == context_.selfAccount();
  context_.owing.insert(account);
  context_.manifestsNew.insert(account);
  if (adoption.first) {
    auto row = context_.contacts.find(account);
    if (row && adoption.unconfirmed) {
      row->unconfirmed = true;
      context_.contacts.put(transaction, *row);
      context_.events.add(event::ContactChanged{account});
    }
    return;
  }
  for (const DeviceId device : adoption.retired) dropDevice(transaction, {account, device});
  for (const DeviceId device : adoption.added) addDevice(transaction, {account, device});
  if (!own) return;
  if (!adoption.added.empty() || !adoption.retired.empty()) context_.events.add(event::OwnDevicesChanged{});
  followOwn(transaction);
}

void Manifests::followOwn(Transaction& transaction) {
  context_.publishingDue = true;
  const SignedManifest* manifest = context_.roster.find(context_.selfAccount());
  if (manifest != nullptr && (*manifest)->find(context_.selfAddress().device) == nullptr) stopRetired(transaction);
}

std::bitset<128> Manifests::retiredOf(const AccountId& account) {
  const SignedManifest* held = context_.roster.find(account);
  return held != nullptr ? (*held)->retired : std::bitset<128>();
}

// What they knew opens no more than an invite does (access_keys.h). The primary sees to it, which also hears of a
// retirement that it made if it was restored since.
void Manifests::shutOutRetired(Transaction& transaction) {
  if (!context_.self.isPrimary()) return;
  keys_.dropInvites(transaction);
  keys_.rotateContactKey(transaction, AccessKeys::Former::kPast);
}

// What a sibling was granted may have changed before it was listed here.
void Manifests::addDevice(Transaction& transaction, const DeviceAddress& device) {
  composer_.addDevice(transaction, device);
  if (device.account == context_.selfAccount()) keys_.tell(transaction, device);
  noteDevice(transaction, device, TimelineItem::Kind::kDeviceAdded);
}

void Manifests::dropDevice(Transaction& transaction, const DeviceAddress& device) {
  if (device == context_.selfAddress()) return;
  const auto affected = context_.deliveries.messages(device);
  context_.deliveries.removeDevice(transaction, device);
  context_.devices.remove(transaction, device);
  context_.ratchet.wipe(transaction, device);
  context_.sent.removeDevice(transaction, device);
  context_.gone.removeDevice(transaction, device);
  for (const std::int64_t message : affected) states_.settle(transaction, device.account, message);
  noteDevice(transaction, device, TimelineItem::Kind::kDeviceRetired);
}

void Manifests::noteDevice(Transaction& transaction, const DeviceAddress& device, TimelineItem::Kind kind) {
  const bool own = device.account == context_.selfAccount();
  if (!own && context_.contactState(device.account) == ContactState{}) return;
  const std::string number = std::to_string(device.device.value());
  addNote(context_, transaction, device.account, device, kind,
          (kind == TimelineItem::Kind::kDeviceAdded ? "device added: " : "device retired: ") + number);
}

std::string Manifests::lineOf(const AccountId& account, ManifestOrder order) {
  if (order != ManifestOrder::kEquivocation) return "a device list that brings back a retired device was refused";
  if (account == context_.selfAccount() && context_.self.isPrimary())
    return "another device list of this account claims to be the newest: one above both is signed";
  return "two different device lists claim to be the newest: nothing is sent until you decide";
}

void Manifests::reportTrouble(Transaction& transaction, const AccountId& account, ManifestOrder order) {
  const bool equivocation = order == ManifestOrder::kEquivocation;
  context_.refusals.add(transaction, {.at = context_.now(),
                                      .envelope = {},
                                      .code = equivocation ? Errc::kEquivocation : Errc::kUnretires,
                                      .reason = equivocation ? "two device lists of the same version"
                                                             : "a device list un-retires a device",
                                      .payload = {}});
  if (account != context_.selfAccount() && context_.contactState(account) == ContactState{}) return;
  const DeviceAddress about{account, context_.selfAddress().device};
  addNote(context_, transaction, account, about, TimelineItem::Kind::kEquivocation, lineOf(account, order));
  context_.events.add(event::ContactChanged{account});
}

void Manifests::followDevices(Transaction& transaction, const AccountId& account,
                              const std::vector<DeviceAddress>& before) {
  const auto after = context_.roster.devices(account, context_.selfAddress());
  for (const DeviceAddress& device : before) {
    if (std::ranges::find(after, device) == after.end()) dropDevice(transaction, device);
  }
  for (const DeviceAddress& device : after) {
    if (std::ranges::find(before, device) != before.end()) continue;
    addDevice(transaction, device);
  }
}

Result<void> Manifests::reissue(Transaction& transaction, Manifest manifest) {
  const AccountId& self = context_.selfAccount();
  const auto before = context_.roster.devices(self, context_.selfAddress());
  const bool retires = (manifest.retired & ~retiredOf(self)).any();
  const auto issued = context_.book.reissue(transaction, context_.self, std::move(manifest));
  if (!issued) return tl::unexpected(issued.error());
  context_.roster.forget(self);
  followDevices(transaction, self, before);
  if (retires) shutOutRetired(transaction);
  context_.owing.insert(self);
  context_.publishingDue = true;
  context_.events.add(event::OwnDevicesChanged{});
  return {};
}

Result<void> Manifests::settle(Transaction& transaction, const AccountId& account, const Hash& hash) {
  auto before = context_.roster.devices(account, context_.selfAddress());
  const SignedManifest* held = context_.roster.find(account);
  const auto former = held != nullptr ? (*held)->devices : std::vector<ManifestDevice>();
  if (auto settled = context_.book.settle(transaction, account, hash); !settled) return settled;
  context_.roster.forget(account);
  for (const ManifestDevice& device : former) {
    const ManifestDevice* now = (*context_.roster.find(account))->find(device.id);
    if (now == nullptr || now->identityKey == device.identityKey) continue;
    dropDevice(transaction, {account, device.id});
    std::erase(before, DeviceAddress{account, device.id});
  }
  followDevices(transaction, account, before);
  context_.owing.insert(account);
  context_.manifestsNew.insert(account);
  if (account != context_.selfAccount()) {
    context_.events.add(event::ContactChanged{account});
    return {};
  }
  context_.events.add(event::OwnDevicesChanged{});
  followOwn(transaction);
  return {};
}

void Manifests::stopRetired(Transaction& transaction) {
  stop(context_, transaction, states_, LinkState::Stop::kRetired);
}

void stop(Context& context, Transaction& transaction, MessageStates& states, LinkState::Stop reason) {
  context.stopped = reason;
  context.settings.putInteger(transaction, setting::kStopped, static_cast<std::int64_t>(reason));
  if (reason != LinkState::Stop::kRetired) return;
  for (const AccountId& account : context.deliveries.accounts()) {
    for (const std::int64_t message : context.deliveries.messages(account)) {
      if (const auto row = context.messages.find(message)) {
        states.fail(transaction, *row, FailedReason::kThisDeviceRetired);
      }
    }
  }
}

}  // namespace waxwing
