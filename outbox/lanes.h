#pragma once

#include <map>
#include <set>

#include "outbox/anchor_flush.h"
#include "outbox/compose.h"
#include "outbox/context.h"
#include "outbox/manifests.h"
#include "outbox/message_states.h"
#include "outbox/network.h"
#include "outbox/retry.h"

namespace waxwing {

// One lane per account, this one included: what is owed leaves in order, one request in flight. Each `pump` looks at
// the tables for what is needed next – the device list, sessions, encryption that had to wait, seal keys, submission –
// so that a crash anywhere resumes.
class Lanes {
 public:
  struct Parts {
    Context& context;
    Network& network;
    Composer& composer;
    Manifests& manifests;
    MessageStates& states;
    AnchorFlush& flush;
  };
  explicit Lanes(Parts parts) : parts_(parts), context_(parts.context), network_(parts.network) {}

  void pump(const AccountId& account);
  void pumpAll();
  std::optional<WallTime> nextDeadline();
  // Every lane may try at once, whatever it waited for; sessions are opened ahead of need.
  void retryAll();
  // Retries at once what failed for want of a network.
  void retryNow();
  // A session that works is to be opened anew, where its relay has a bundle.
  void wantFresh(const DeviceAddress& device, Ratchet::Ageing why);
  // The own link came; the mailbox was read to its fence.
  void onAttached();
  void onFence();
  bool isSubmitting(const AccountId& account);

 private:
  struct Lane {
    bool busy = false;
    bool submitting = false;
    bool openAhead = true;  // look for devices without a session once
    bool askManifest = false;
    Backoff backoff;
    WallTime retryAt;
    std::map<DeviceId, Backoff> deviceBackoff;
    std::map<DeviceId, WallTime> heldUntil;
    std::map<DeviceId, std::size_t> offer;       // the most envelopes at once for a device that refused some
    std::map<DeviceId, Ratchet::Ageing> ageing;  // whose session is to be opened anew
    std::map<DeviceId, WallTime> freshAfter;     // and not before: there was no bundle
    AccessKeyHash askedWith;                     // the key in the last request
    std::uint64_t ownManifest = 0;               // the version of ours in the last batch
    std::set<AccessKeyHash> deniedKeys;          // of those that are held
    WallTime deniedUntil;                        // then they are tried again: the other side may have changed
    unsigned denials = 0;                        // in a row, of the key that stands
    bool deniedForGood = false;                  // the mailbox was read since, and brought no newer key
  };
  struct Batch {
    std::vector<DeliveryTable::Row> rows;
    std::vector<DeviceId> wantSealKey;
    std::vector<DeviceId> wantFresh;  // pre-key messages that grew too old before they were submitted
    bool wantsAnchor = false;
  };

  // The key that stands, then the other one that the contact named.
  static std::vector<AccessKey> keysOf(const ContactTable::Row& contact);
  std::optional<RecipientRef> recipient(const AccountId& account, Lane& lane);
  // The same for a request that is made now. There must be one.
  RecipientRef addressed(const AccountId& account, Lane& lane);
  bool isOwn(const AccountId& account) const { return account == context_.selfAccount(); }
  bool mayTry(const AccountId& account, Lane& lane);
  // Whether anything is to go there at all: not to a stranger, nor to who is blocked.
  bool isWanted(const AccountId& account);
  bool prepare(const AccountId& account, Lane& lane, std::vector<DeviceId>& wantSession);
  void addWanted(const AccountId& account, Lane& lane, DeviceId device, std::vector<DeviceId>& wantSession);
  Batch collect(const AccountId& account, Lane& lane);
  bool isOld(const DeliveryTable::Row& row) const;
  static std::size_t mostAtOnce(Lane& lane, DeviceId device, const PeerDeviceTable::Row& peer);

  void fetchManifest(const AccountId& account, Lane& lane);
  void fetchBundles(const AccountId& account, Lane& lane, std::vector<DeviceId> devices);
  void fetchKeys(const AccountId& account, Lane& lane, std::vector<DeviceId> devices);
  void submit(const AccountId& account, Lane& lane, std::vector<DeliveryTable::Row> rows);

  void onManifest(const AccountId& account, tl::expected<ManifestAnswer, Error> answer);
  // Records the refusal of one that is not taken. Outcomes as Manifests::take.
  Result<ManifestOrder> takeManifest(Step& step, const AccountId& account, const Bytes& manifest);
  // Whether the answer holds what was asked for; where not, the lane has been told why.
  bool granted(const AccountId& account, Lane& lane, const tl::expected<BundlesAnswer, Error>& answer);
  void onBundles(const AccountId& account, const std::vector<DeviceId>& asked,
                 tl::expected<BundlesAnswer, Error> answer);
  void onKeys(const AccountId& account, const std::vector<DeviceId>& asked, tl::expected<BundlesAnswer, Error> answer);
  void onSubmitted(const AccountId& account, const std::vector<DeliveryTable::Row>& rows,
                   tl::expected<SubmitAnswer, Error> answer);
  void refuse(const std::vector<DeliveryTable::Row>& rows);
  void putRefused(Transaction& transaction, const DeliveryTable::Row& row);
  void onItems(const AccountId& account, Lane& lane, const std::vector<DeliveryTable::Row>& rows,
               const std::vector<ItemOutcome>& items);

  // The seal key of a bundle that verifies against the manifest. Outcomes as Ratchet::acceptKeys, kUnsupportedSuite.
  Result<PeerDeviceTable::SealKey> sealKeyOf(Transaction& transaction, const DeviceAddress& device,
                                             const PreKeyBundle& bundle);
  void useSession(Transaction& transaction, const DeviceAddress& device);
  void noteReopened(Transaction& transaction, Lane& lane, const DeviceAddress& device, Ratchet::Readiness before);
  Result<OutgoingEnvelope> seal(const DeliveryTable::Row& row);
  static void noteRoom(Lane& lane, const std::set<DeviceId>& taking, const std::set<DeviceId>& obstructed);
  void hold(Transaction& transaction, Lane& lane, const DeviceAddress& device, PeerDeviceTable::Obstacle obstacle,
            std::chrono::milliseconds atLeast);
  void clearObstacle(Transaction& transaction, Lane& lane, const DeviceAddress& device);
  void failed(const AccountId& account, Lane& lane, PendingReason reason, const std::string& answer,
              std::chrono::milliseconds atLeast);
  void denied(const AccountId& account, Lane& lane);
  void succeeded(Transaction& transaction, const AccountId& account, Lane& lane, const std::string& answer);

  Parts parts_;
  Context& context_;
  Network& network_;
  std::map<AccountId, Lane> lanes_;
};

}  // namespace waxwing
