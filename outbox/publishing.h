#pragma once

#include "outbox/access_keys.h"
#include "outbox/anchor_flush.h"
#include "outbox/context.h"
#include "outbox/manifests.h"
#include "outbox/network.h"
#include "outbox/retry.h"

namespace waxwing {

// What the own relay must hold for others to reach this device: the manifest, the hashes of access keys, the device's
// keys. One request at a time; what is due stands in the tables, so that a crash anywhere resumes.
class Publishing {
 public:
  Publishing(Context& context, Network& network, Manifests& manifests, AccessKeys& keys, const AnchorFlush& flush)
      : context_(context), network_(network), manifests_(manifests), keys_(keys), flush_(flush) {}

  void onAttached();
  void onRegistered();
  // A one-time key was used, or the time to rotate has come: look at what the relay holds.
  void checkKeys() { keysChecked_ = false; }
  void checkManifest() { manifestChecked_ = false; }
  void pump();
  bool idle();
  std::optional<WallTime> nextDeadline();
  void retryNow() { retryAt_ = {}; }

 private:
  enum class Duty { kNone, kFetchManifest, kPublishManifest, kAccessKeys, kKeyStatus };
  Duty next();
  WallTime manifestDue();
  void refreshManifest();
  void fetchManifest();
  void publishManifest();
  void setAccessKeys(std::int64_t change);
  void askKeyStatus();
  void publishKeys(const KeyStatusAnswer& status);
  void failed();
  template <typename Kind, typename Use>
  Ticket expect(Use use);

  Context& context_;
  Network& network_;
  Manifests& manifests_;
  AccessKeys& keys_;
  const AnchorFlush& flush_;
  bool busy_ = false;
  bool manifestChecked_ = false;
  bool keysChecked_ = false;
  std::uint64_t relayManifest_ = 0;  // the version that the relay is known to hold
  Backoff backoff_;
  WallTime retryAt_;
};

}  // namespace waxwing
