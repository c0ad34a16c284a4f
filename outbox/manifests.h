#pragma once

#include <bitset>
#include <map>

#include "outbox/access_keys.h"
#include "outbox/compose.h"
#include "outbox/context.h"
#include "outbox/message_states.h"

namespace waxwing {

// Ends this device's part for good (retired, cloned), durably with the transaction. What a retired device still owed
// has failed.
void stop(Context& context, Transaction& transaction, MessageStates& states, LinkState::Stop reason);

// What follows when a device list changes: retired devices lose sessions and what was owed to them, added ones are
// shown and get what is still on its way, a conflict stops everything to that account until the user decides.
class Manifests {
 public:
  Manifests(Context& context, Composer& composer, AccessKeys& keys, MessageStates& states)
      : context_(context), composer_(composer), keys_(keys), states_(states) {}

  // A manifest that someone carried or a relay answered with. Verifies it; that it is old or known is no error.
  // kMalformed … kBadSignature, kUntrustedIdentity if it is another account's.
  Result<ManifestOrder> take(Transaction& transaction, const AccountId& account, ByteView signedManifest);
  // One that verified.
  ManifestOrder adopt(Transaction& transaction, const SignedManifest& manifest);
  // On the primary: signs this account's list anew. The errors of ManifestBook::reissue.
  Result<void> reissue(Transaction& transaction, Manifest manifest);
  // The user's decision between two.
  Result<void> settle(Transaction& transaction, const AccountId& account, const Hash& hash);

 private:
  void followChange(Transaction& transaction, const AccountId& account, const ManifestBook::Adoption& adoption);
  void followOwn(Transaction& transaction);
  void supersede(Transaction& transaction, const SignedManifest& other);
  std::bitset<128> retiredOf(const AccountId& account);
  void shutOutRetired(Transaction& transaction);
  // The devices that a list dropped or added against `before`.
  void followDevices(Transaction& transaction, const AccountId& account, const std::vector<DeviceAddress>& before);
  void addDevice(Transaction& transaction, const DeviceAddress& device);
  void dropDevice(Transaction& transaction, const DeviceAddress& device);
  void noteDevice(Transaction& transaction, const DeviceAddress& device, TimelineItem::Kind kind);
  std::string lineOf(const AccountId& account, ManifestOrder order);
  void reportTrouble(Transaction& transaction, const AccountId& account, ManifestOrder order);
  void stopRetired(Transaction& transaction);

  Context& context_;
  Composer& composer_;
  AccessKeys& keys_;
  MessageStates& states_;
  std::map<AccountId, Hash> unretiring_;  // the last of each that brought back a retired device
};

}  // namespace waxwing
