#pragma once

#include <map>
#include <optional>
#include <vector>

#include "session/manifest_book.h"

namespace waxwing {

// The newest held manifests, decoded once: compose and the lanes ask for them all the time. Forgets whatever a
// transaction that was rolled back may have changed.
class Roster {
 public:
  explicit Roster(ManifestBook& book) : book_(book) {}

  // nullptr: none is held. Valid until the account is forgotten.
  const SignedManifest* find(const AccountId& account);
  // {0, zeros} if none is held.
  ManifestRef ref(const AccountId& account);
  bool equivocates(const AccountId& account);
  // All devices of an account but `except`, ascending; empty if no manifest is held.
  std::vector<DeviceAddress> devices(const AccountId& account, const DeviceAddress& except);

  void forget(const AccountId& account) { entries_.erase(account); }
  void forgetAll() { entries_.clear(); }

 private:
  struct Entry {
    std::optional<SignedManifest> manifest;
    bool equivocates = false;
  };
  const Entry& entry(const AccountId& account);

  ManifestBook& book_;
  std::map<AccountId, Entry> entries_;
};

}  // namespace waxwing
