#pragma once

#include <optional>
#include <vector>

#include "crypto/ids.h"
#include "session/manifest.h"
#include "session/own_device.h"
#include "store/client/manifest_table.h"

namespace waxwing {

// The newest manifest that this device holds of each account, and the manifest rule (docs/protocol.md §1).
class ManifestBook {
 public:
  ManifestBook(Database& db, const Clock& clock);

  std::optional<SignedManifest> find(const AccountId& account);
  ManifestRef ref(const AccountId& account);

  struct Adoption {
    ManifestOrder order = ManifestOrder::kSame;
    bool first = false;                // nothing was held before
    bool unconfirmed = false;          // first, and older than limits::kManifestUnconfirmedAge
    bool diverges = false;             // not newer, and yet no forerunner of the one that is held
    std::vector<DeviceId> added = {};  // told to the user and to own devices; empty on the first manifest of an account
    // No longer listed with that key: their sessions are wiped by the caller (Ratchet::wipe).
    std::vector<DeviceId> retired = {};
  };
  // Newer: stored. Stale, same, un-retiring: ignored. Same version with other bytes: both are kept and the account
  // equivocates until `settle`, also if newer manifests come meanwhile. What the user decided against is stale from
  // then on.
  Adoption adopt(Transaction& transaction, const SignedManifest& candidate);

  // Encrypting to that account has stopped until the user decides.
  bool equivocates(const AccountId& account);
  struct Equivocation {
    Hash held;
    Hash other;
  };
  std::optional<Equivocation> equivocation(const AccountId& account);
  // The user's decision: the manifest with that hash is the one. kNotFound if it is neither of the two.
  Result<void> settle(Transaction& transaction, const AccountId& account, const Hash& hash);

  // The entry of a device in the newest held manifest, whose messages may be read: kUnlistedDevice, kRetiredDevice.
  Result<ManifestDevice> listed(const DeviceAddress& address);
  // The same for a device that may be encrypted to: kEquivocation besides.
  Result<ManifestDevice> vouched(const DeviceAddress& address);

  // On the primary: signs `manifest` with the next version after its own and the held one's, and the previous hash, and
  // adopts it. kNotAllowed on another device, kUnretires, and the errors of SignedManifest::parse.
  Result<SignedManifest> reissue(Transaction& transaction, const OwnDevice& self, Manifest manifest);

 private:
  Adoption adoptNewer(const SignedManifest& held, const SignedManifest& candidate);

  const Clock& clock_;
  ManifestTable table_;
};

}  // namespace waxwing
