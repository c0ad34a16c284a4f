#include "store/relay/accounts.h"

#include <algorithm>

namespace waxwing::relay {
namespace {

constexpr std::size_t kAccountsInMemory = 1 << 16;

bool contains(const DeviceSet& set, DeviceId device) {
  return ((set.bytes[device.value() / 8] >> (device.value() % 8)) & 1) != 0;
}

DeviceSet toSet(const std::vector<DeviceId>& devices) {
  DeviceSet set;
  for (const DeviceId device : devices) {
    auto& byte = set.bytes[device.value() / 8];
    byte = static_cast<std::uint8_t>(byte | (1u << (device.value() % 8)));
  }
  return set;
}

bool isSubset(const DeviceSet& part, const DeviceSet& whole) {
  for (std::size_t i = 0; i < part.bytes.size(); ++i) {
    if ((part.bytes[i] & ~whole.bytes[i]) != 0) return false;
  }
  return true;
}

// The manifest rule (docs/protocol.md §1), as far as a relay is concerned.
ManifestOutcome::Verdict judge(const AccountEntry* held, const ManifestFacts& manifest) {
  using Verdict = ManifestOutcome::Verdict;
  const DeviceSet retired = toSet(manifest.retired);
  if (held != nullptr) {
    if (manifest.version < held->version) return Verdict::kStale;
    if (manifest.version == held->version) return manifest.hash == held->hash ? Verdict::kOk : Verdict::kEquivocation;
    if (!isSubset(held->retired, retired)) return Verdict::kUnretires;
  }
  const bool listsRetired =
      std::ranges::any_of(manifest.devices, [&](const auto& device) { return contains(retired, device.id); });
  return listsRetired ? Verdict::kUnretires : Verdict::kOk;
}

const DeviceEntry* findEntry(const AccountEntry* account, DeviceId device) {
  if (account == nullptr) return nullptr;
  const auto found = std::ranges::find(account->devices, device, &DeviceEntry::device);
  return found == account->devices.end() ? nullptr : &*found;
}

}  // namespace

const DeviceEntry* AccountEntry::findListed(DeviceId device) const {
  const DeviceEntry* entry = findEntry(this, device);
  return entry != nullptr && entry->isListed ? entry : nullptr;
}

bool AccountEntry::isRetired(DeviceId device) const { return contains(retired, device); }

std::optional<KeyClass> AccountEntry::classOf(const AccessKeyHash& key) const {
  std::optional<KeyClass> found;
  for (const auto& [held, keyClass] : accessKeys) {
    if (constantTimeEqual(held.view(), key.view())) found = keyClass;
  }
  return found;
}

const AccountEntry* Accounts::find(const AccountId& account) {
  if (const auto known = known_.find(account); known != known_.end()) return &known->second;
  auto entry = read(account);
  if (!entry) return nullptr;
  return &known_.emplace(account, std::move(*entry)).first->second;
}

const DeviceEntry* Accounts::findLoggedIn(const LoginRef& login) {
  const AccountEntry* account = find(login.address.account);
  const DeviceEntry* device = account == nullptr ? nullptr : account->findListed(login.address.device);
  return device != nullptr && login.number != 0 && device->login == login.number ? device : nullptr;
}

std::optional<AccountEntry> Accounts::read(const AccountId& account) {
  AccountEntry entry;
  {
    Rows rows = findAccount_.query(account);
    if (!rows.next()) return std::nullopt;
    entry.id = rows.integer(0);
    entry.version = static_cast<std::uint64_t>(rows.integer(1));
    entry.hash = rows.fixed<Hash>(2);
    entry.retired = rows.fixed<DeviceSet>(3);
  }
  Rows devices = findDevices_.query(entry.id);
  while (devices.next()) {
    entry.devices.push_back({devices.integer(0), devices.device(1), devices.integer(2) != 0,
                             devices.fixed<SigningKey>(3), static_cast<std::uint64_t>(devices.integer(4))});
  }
  Rows keys = findKeys_.query(entry.id);
  while (keys.next()) entry.accessKeys.emplace_back(keys.fixed<AccessKeyHash>(0), keys.as<KeyClass>(1));
  return entry;
}

Bytes Accounts::manifestOf(const AccountEntry& account) {
  Rows rows = readManifest_.query(account.id);
  if (!rows.next()) throw StoreFailure(Errc::kDamaged, "an account has no manifest");
  return rows.bytes(0);
}

ManifestChange Accounts::adopt(const ManifestFacts& manifest) {
  const AccountEntry* held = find(manifest.account);
  ManifestChange change;
  change.outcome.verdict = judge(held, manifest);
  const bool isHeld = held != nullptr && manifest.version == held->version;
  if (change.outcome.verdict != ManifestOutcome::Verdict::kOk || isHeld) return change;
  const std::int64_t account = writeAccount(manifest, held);
  writeListed(account, manifest, held, change);
  if (held != nullptr) writeMissing(manifest, *held, change);
  known_.erase(manifest.account);
  return change;
}

std::int64_t Accounts::writeAccount(const ManifestFacts& manifest, const AccountEntry* held) {
  Statement& write = held == nullptr ? addAccount_ : updateAccount_;
  write.run(manifest.account, manifest.version, manifest.hash, toSet(manifest.retired), manifest.bytes);
  return held == nullptr ? db_.lastInsertRowId() : held->id;
}

void Accounts::writeListed(std::int64_t account, const ManifestFacts& manifest, const AccountEntry* held,
                           ManifestChange& change) {
  for (const auto& device : manifest.devices) {
    const DeviceEntry* entry = findEntry(held, device.id);
    if (entry == nullptr) {
      addDevice_.run(account, device.id, device.signingKey, Anchor{});
      change.opened.push_back(db_.lastInsertRowId());
    } else if (!entry->isListed || entry->signingKey != device.signingKey) {
      // Whoever is logged in proved another key.
      relist_.run(entry->mailbox, device.signingKey);
      change.outcome.cut.push_back({manifest.account, device.id});
    }
  }
}

void Accounts::writeMissing(const ManifestFacts& manifest, const AccountEntry& held, ManifestChange& change) {
  const DeviceSet retired = toSet(manifest.retired);
  for (const DeviceEntry& entry : held.devices) {
    if (std::ranges::any_of(manifest.devices, [&](const auto& device) { return device.id == entry.device; })) continue;
    if (contains(retired, entry.device)) {
      removeDevice_.run(entry.mailbox);
      change.emptied.push_back(entry.mailbox);
    } else {
      if (!entry.isListed) continue;
      unlist_.run(entry.mailbox);  // not retired: it may be listed again, and keeps what waits for it
    }
    change.outcome.cut.push_back({manifest.account, entry.device});
  }
}

LoginOutcome Accounts::login(const Login& login) {
  using Verdict = LoginOutcome::Verdict;
  const AccountEntry* account = find(login.address.account);
  if (account == nullptr) return {Verdict::kNotRegistered, {}};
  if (account->isRetired(login.address.device)) return {Verdict::kRetired, {}};
  const DeviceEntry* device = account->findListed(login.address.device);
  if (device == nullptr) return {Verdict::kNotListed, {}};
  if (device->signingKey != login.verifiedWith) return {Verdict::kOtherKey, {}};
  const LoginRef drawn = {login.address, device->login + 1};
  drawLogin_.run(device->mailbox);
  known_.erase(login.address.account);
  return {Verdict::kOk, drawn};
}

void Accounts::setAccessKeys(const SetAccessKeys& keys) {
  const AccountId& account = keys.login.address.account;
  const std::int64_t id = find(account)->id;
  removeKeys_.run(id);
  for (const auto& hash : keys.contact) addKey_.run(id, hash, KeyClass::kContact);
  for (const auto& hash : keys.invites) addKey_.run(id, hash, KeyClass::kInvite);
  known_.erase(account);
}

SwapAnchorOutcome Accounts::swapAnchor(const SwapAnchor& swap) {
  using Verdict = SwapAnchorOutcome::Verdict;
  const DeviceEntry* device = findLoggedIn(swap.login);
  if (device == nullptr) return {Verdict::kReplaced, {}};
  Rows rows = readAnchor_.query(device->mailbox);
  if (!rows.next()) throw StoreFailure(Errc::kDamaged, "a device has no row");
  const auto current = rows.fixed<Anchor>(0);
  if (current != swap.expected) return {Verdict::kMismatch, current};
  writeAnchor_.run(device->mailbox, swap.next);
  return {Verdict::kOk, swap.next};
}

void Accounts::trim() {
  if (known_.size() > kAccountsInMemory) known_.clear();
}

}  // namespace waxwing::relay
