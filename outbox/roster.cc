#include "outbox/roster.h"

namespace waxwing {

const Roster::Entry& Roster::entry(const AccountId& account) {
  const auto found = entries_.find(account);
  if (found != entries_.end()) return found->second;
  return entries_.emplace(account, Entry{book_.find(account), book_.equivocates(account)}).first->second;
}

const SignedManifest* Roster::find(const AccountId& account) {
  const Entry& held = entry(account);
  return held.manifest ? &*held.manifest : nullptr;
}

ManifestRef Roster::ref(const AccountId& account) {
  const SignedManifest* manifest = find(account);
  return manifest != nullptr ? manifest->ref() : ManifestRef{};
}

bool Roster::equivocates(const AccountId& account) { return entry(account).equivocates; }

std::vector<DeviceAddress> Roster::devices(const AccountId& account, const DeviceAddress& except) {
  std::vector<DeviceAddress> found;
  const SignedManifest* manifest = find(account);
  if (manifest == nullptr) return found;
  for (const ManifestDevice& device : (*manifest)->devices) {
    const DeviceAddress address{account, device.id};
    if (address != except) found.push_back(address);
  }
  return found;
}

}  // namespace waxwing
