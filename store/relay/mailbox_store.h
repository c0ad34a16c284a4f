#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/ids.h"
#include "crypto/limits.h"
#include "crypto/ports.h"

// What a relay keeps, behind one port: accounts, mailboxes, published keys. Synchronous, used by one thread, and
// without knowledge of Cap'n Proto or of which database stands behind it. What is kept here shows addresses, sizes and
// times only.
namespace waxwing::relay {

// What stands between a mailbox and abuse; the defaults are the product's, tests choose smaller ones.
struct StoreLimits {
  std::uint64_t mailboxEnvelopes = limits::kMailboxEnvelopes;
  std::uint64_t mailboxBytes = limits::kMailboxBytes;
  std::uint64_t inviteEnvelopesWaiting = limits::kInviteEnvelopesWaiting;
  std::size_t batchEnvelopes = limits::kBatchEnvelopes;
  std::size_t envelopeBytes = limits::kEnvelopeBytes;
  std::size_t contactKeys = 2;  // the current one, and one that is being replaced
  std::size_t inviteKeys = limits::kInviteKeys;
  std::size_t oneTimeKeysPerCall = limits::kOneTimeKeysPublished;
  std::size_t oneTimeKeysHeld = 2 * limits::kOneTimeKeysPublished;
  std::chrono::milliseconds envelopeIdRemembered = limits::kEnvelopeIdRemembered;
  std::uint32_t attemptsAlone = 3;  // from this attempt on, an item is handed over by itself
  std::uint32_t attemptsMost = 8;   // and from this one on, once they took so long, it is set aside
  std::chrono::milliseconds attemptsOver = std::chrono::hours(24);
  std::chrono::milliseconds setAsideKept = limits::kSetAsideKept;
  std::size_t foldAfter = 16 * 1024;  // envelopes whose place is known in memory alone

  // One-time keys: so many at once, then one per span of service time (hardening.md "Abuse").
  struct Budget {
    std::uint32_t atOnce;
    std::chrono::milliseconds oneEvery;
  };
  Budget bundlesPerHolder = {
      6, std::chrono::minutes(10)};  // per device and invite key, or connection with the contact key
  Budget bundlesPerDevice = {20, std::chrono::minutes(5)};  // for all who are not the account's own
};

// The facts of a manifest that the caller has verified; `bytes` are kept verbatim.
struct ManifestFacts {
  struct Device {
    DeviceId id;
    SigningKey signingKey;
  };

  AccountId account;
  std::uint64_t version = 0;
  Hash hash;
  std::vector<Device> devices;
  std::vector<DeviceId> retired;
  Bytes bytes;
};

// A device's link: its address and the login number that `Login` drew. A newer login of the same device voids it.
struct LoginRef {
  DeviceAddress address;
  std::uint64_t number = 0;
};

// The right to reach an account: an access key's hash and the connection that it came over, or a login of an own
// device.
struct KeyHolder {
  AccessKeyHash key;
  std::uint64_t connection = 0;  // tells connections apart in budgets; not stored
};
using Access = std::variant<KeyHolder, LoginRef>;

// How an envelope came in. The numbers are stored.
enum class KeyClass : std::uint8_t { kContact = 0, kInvite = 1, kOwn = 2 };

struct OneTimeKey {
  std::uint32_t id = 0;
  CurveKey key;
};

struct Envelope {
  EnvelopeId id;
  DeviceId device;
  Bytes payload;
};

// ---- Operations. Each owns its bytes and is judged before it writes.

// Registers an account, or brings a newer manifest of a registered one. The caller has verified the account key's
// signature.
struct Register {
  ManifestFacts manifest;
};

// The same by a device that is logged in.
struct PublishManifest {
  LoginRef login;
  ManifestFacts manifest;
};

// Draws a login number. `verifiedWith` is the signing key that the caller checked the login's signature with.
struct Login {
  DeviceAddress address;
  SigningKey verifiedWith;
};

// Deletes the items up to and including `upTo`. Idempotent.
struct Acknowledge {
  LoginRef login;
  std::uint64_t upTo = 0;
};

// Sets the mailbox's anchor to `next` if it is `expected`. A new mailbox holds 32 zero bytes.
struct SwapAnchor {
  LoginRef login;
  Anchor expected;
  Anchor next;
};

// Replaces the device's signed keys if `counter` is higher than the one held, and adds or replaces its one-time keys.
struct PublishKeys {
  enum class Mode { kRefill, kReplaceAll };

  LoginRef login;
  Bytes signedKeys;  // verified by the caller
  std::uint64_t counter = 0;
  Mode mode = Mode::kRefill;
  std::vector<OneTimeKey> oneTime;
};

// The newest signed keys of these devices, each with a one-time key while the budget lasts: handed out at most once,
// whatever crashes.
struct TakePreKeyBundles {
  AccountId account;
  Access access;
  std::vector<DeviceId> devices;
};

// Replaces the hashes of all access keys of the account.
struct SetAccessKeys {
  LoginRef login;
  std::vector<AccessKeyHash> contact;
  std::vector<AccessKeyHash> invites;
};

// Judged in this order: access, manifest version, then per item: known already, no such device, quota.
struct Submit {
  AccountId account;
  Access access;
  std::uint64_t manifestVersion = 0;
  std::vector<Envelope> envelopes;
};

// The heartbeat: advances service time by the wall clock's step, clamped to 0…5 min, and forgets old EnvelopeIds, a
// bounded number of mailboxes at a time. To be committed every minute or so.
struct Upkeep {
  WallTime wallNow;
};

// A link ended, and the first item that waits in `mailbox`, `number`, was handed over it and not acknowledged. What
// was handed over too often for too long may be what ends its reader: it is set aside, and a gap takes its place.
struct NoteAttempt {
  DeviceAddress mailbox;
  std::uint64_t number = 0;
};

using Operation = std::variant<Register, PublishManifest, Login, Acknowledge, SwapAnchor, PublishKeys,
                               TakePreKeyBundles, SetAccessKeys, Submit, Upkeep, NoteAttempt>;

// ---- Outcomes, at the same place of the variant.

// Of Register and PublishManifest. The manifest that is held already is `kOk`.
struct ManifestOutcome {
  enum class Verdict {
    kOk,
    kReplaced,      // PublishManifest: a newer login of this device is in charge, or it was retired
    kStale,         // a newer one is held
    kEquivocation,  // another one of the same version is held
    kUnretires,     // lists a device that was retired, or forgets that it was
    kOtherAccount,  // PublishManifest: not this account's
  };
  Verdict verdict = Verdict::kOk;
  std::vector<DeviceAddress> cut;  // devices that lost mailbox and keys, or their place in the list: cut their links
};
struct RegisterOutcome : ManifestOutcome {};
struct PublishManifestOutcome : ManifestOutcome {};

struct LoginOutcome {
  enum class Verdict { kOk, kNotRegistered, kNotListed, kRetired, kOtherKey };
  Verdict verdict = Verdict::kOk;
  LoginRef login;  // kOk
};

struct AcknowledgeOutcome {
  enum class Verdict { kOk, kReplaced, kNeverDelivered };
  Verdict verdict = Verdict::kOk;
};

struct SwapAnchorOutcome {
  enum class Verdict { kOk, kReplaced, kMismatch };
  Verdict verdict = Verdict::kOk;
  Anchor current;  // what the mailbox holds now; zeros for kReplaced
};

struct PublishKeysOutcome {
  enum class Verdict { kOk, kReplaced, kStale, kOverLimit };
  Verdict verdict = Verdict::kOk;
  std::uint64_t counter = 0;  // held now
};

struct Bundle {
  DeviceId device;
  Bytes signedKeys;
  std::optional<OneTimeKey> oneTime;
};

struct TakePreKeyBundlesOutcome {
  enum class Verdict { kOk, kDenied, kReplaced };
  Verdict verdict = Verdict::kOk;
  std::vector<Bundle> bundles;  // of the devices that have published keys, in the order asked for
};

struct SetAccessKeysOutcome {
  enum class Verdict { kOk, kReplaced, kOverLimit };
  Verdict verdict = Verdict::kOk;
};

struct SubmitOutcome {
  enum class Verdict { kItems, kDenied, kReplaced, kStaleManifest, kOverLimit };
  enum class Item { kAccepted, kMailboxFull, kNoSuchDevice };

  Verdict verdict = Verdict::kItems;
  std::vector<Item> items;             // kItems: one per envelope, in order
  Bytes newerManifest;                 // kStaleManifest
  std::vector<DeviceAddress> arrived;  // mailboxes that got something new: tell their links
};

struct UpkeepOutcome {
  WallTime serviceTime;
  std::uint64_t forgotten = 0;  // EnvelopeIds
};

struct NoteAttemptOutcome {
  enum class Verdict {
    kCounted,
    kGone,  // it was acknowledged after all, or is a gap already
    kSetAside,
  };
  Verdict verdict = Verdict::kCounted;
};

using Outcome = std::variant<RegisterOutcome, PublishManifestOutcome, LoginOutcome, AcknowledgeOutcome,
                             SwapAnchorOutcome, PublishKeysOutcome, TakePreKeyBundlesOutcome, SetAccessKeysOutcome,
                             SubmitOutcome, UpkeepOutcome, NoteAttemptOutcome>;

// ---- Reads

struct QueuedEnvelope {
  EnvelopeId id;
  KeyClass keyClass = KeyClass::kContact;
  Bytes payload;
};

// What was lost, at its place in the queue; acknowledged like an envelope.
struct Gap {
  enum class Reason : std::uint8_t { kExpired = 0, kSetAside = 1, kOperator = 2 };

  std::uint64_t last = 0;  // stands for the numbers from the item's own to this one
  std::uint64_t count = 0;
  Reason reason = Reason::kExpired;
  WallTime firstAt;
  WallTime lastAt;
};

struct QueueItem {
  std::uint64_t number = 0;
  std::uint32_t attempts = 0;  // links that ended with it handed over and not acknowledged; of the first waiting item
  std::variant<QueuedEnvelope, Gap> content;
};

struct PageLimits {
  std::size_t items = limits::kPageEnvelopes;
  std::size_t bytes = limits::kWindowBytes;  // of payload; the first item is always given
};

// Where a mailbox stands: `last` is the newest number given out, `acknowledged` the cursor.
struct Position {
  std::uint64_t acknowledged = 0;
  std::uint64_t last = 0;
  std::uint64_t envelopes = 0;
  std::uint64_t bytes = 0;  // of payload
};

struct KeyStatus {
  std::uint64_t counter = 0;  // 0: never published
  std::uint32_t oneTimeKeys = 0;
};

struct HeldManifest {
  std::uint64_t version = 0;
  Hash hash;
  Bytes bytes;
};

// What a device is to the relay.
struct DeviceRecord {
  enum class State { kListed, kUnlisted, kRetired };
  State state = State::kUnlisted;
  SigningKey signingKey;    // kListed; else zeros
  std::uint64_t login = 0;  // kListed: the newest login number
};

// Every member throws StoreFailure (store/statement.h) if the disk fails; after an I/O error every call does, until the
// store is opened anew.
class MailboxStore {
 public:
  virtual ~MailboxStore() = default;

  // ONE durable transaction for all operations, in order, each seeing those before it; one outcome each. An operation
  // that is refused changes nothing and does not disturb the others. If it throws, nothing of any operation is kept.
  virtual std::vector<Outcome> commit(std::span<const Operation> operations) = 0;

  // Items with numbers above `after`, in order of number; empty at the end, or if there is no such mailbox. An item
  // with StoreLimits::attemptsAlone attempts comes by itself. Reads see what was committed.
  virtual std::vector<QueueItem> readPage(const DeviceAddress& mailbox, std::uint64_t after,
                                          const PageLimits& limits) = 0;
  // Envelopes that were set aside, with numbers above `after`, in order of number.
  virtual std::vector<QueueItem> readSetAside(const DeviceAddress& mailbox, std::uint64_t after,
                                              const PageLimits& limits) = 0;
  // nullopt: no such mailbox.
  virtual std::optional<Position> findPosition(const DeviceAddress& mailbox) = 0;
  // nullopt: no such account.
  virtual std::optional<HeldManifest> findManifest(const AccountId& account) = 0;
  // nullopt: no such account.
  virtual std::optional<DeviceRecord> findDevice(const DeviceAddress& device) = 0;
  // nullopt: no such mailbox.
  virtual std::optional<KeyStatus> findKeyStatus(const DeviceAddress& device) = 0;
  // nullopt alike for an unknown account and a wrong key.
  virtual std::optional<KeyClass> findAccess(const AccountId& account, const AccessKeyHash& key) = 0;
  // The newest signed keys of these devices, without one-time keys, in the order asked for.
  virtual std::vector<Bundle> readPublishedKeys(const AccountId& account, std::span<const DeviceId> devices) = 0;

  // Housekeeping that must not stand in a commit's way: to be called after one.
  virtual void checkpointIfDue() = 0;
};

}  // namespace waxwing::relay
