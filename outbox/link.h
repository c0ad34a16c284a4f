#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ids.h"
#include "crypto/ports.h"
#include "session/access_key.h"
#include "session/manifest.h"
#include "session/published_keys.h"
#include "session/relay_address.h"

// The port between what a device owes (outbox/) and the network (rpc/link), without I/O and without futures: requests
// go down with a ticket and are answered once, later, from the event loop. No call on either side re-enters the other:
// an implementation of Link never calls its LinkHost from inside a Link member. Tickets live in memory only; when the
// process ends, so do they.
namespace waxwing {

using Ticket = std::uint64_t;

// An account at its relay, with the key that lets us in.
struct RecipientRef {
  AccountId account;
  RelayAddress relay;
  AccessKey accessKey;  // secret
};

struct OutgoingEnvelope {
  EnvelopeId id;
  DeviceId device;
  Bytes payload;  // sealed
};

struct Submission {
  std::uint64_t manifestVersion = 0;
  std::vector<OutgoingEnvelope> envelopes;  // ≤ limits::kBatchEnvelopes and kBatchBytes
};

// What the device publishes to its own relay. `counter` as in PublishedKeys.
struct KeyPublication {
  Bytes signedKeys;
  std::vector<OneTimeKey> oneTime;
  enum class Mode { kRefill, kReplaceAll } mode = Mode::kRefill;
};

struct AccessKeyHashes {
  std::vector<AccessKeyHash> contact;  // the current one, and one being replaced
  std::vector<AccessKeyHash> invites;
};

// Answers. An Error in place of one means that the call did not come to an end. With kOffline and kRelayUntrusted it
// did not begin; after any other the relay may have done what was asked.
inline bool mayHaveArrived(const Error& error) {
  return error.code != Errc::kOffline && error.code != Errc::kRelayUntrusted;
}

struct ItemOutcome {
  enum class Kind { kAccepted, kMailboxFull, kNoSuchDevice } kind = Kind::kAccepted;
  std::chrono::milliseconds retryAfter{0};
};
struct SubmitAnswer {
  struct Denied {};
  struct Busy {
    std::chrono::milliseconds retryAfter{0};
  };
  struct StaleManifest {
    Bytes newer;  // unverified
  };
  std::variant<std::vector<ItemOutcome>, Denied, Busy, StaleManifest> outcome;
};
struct ManifestAnswer {
  Bytes manifest;  // unverified; empty: denied
};
struct BundlesAnswer {
  enum class Outcome { kOk, kDenied, kBusy } outcome = Outcome::kOk;
  std::vector<PreKeyBundle> bundles;  // unverified; from fetchKeys without one-time keys
};
// publishKeys, publishManifest, setAccessKeys, acknowledge
struct MailboxAnswer {
  enum class Outcome { kOk, kStale, kRefused, kBusy, kReplaced } outcome = Outcome::kOk;
  std::uint64_t counter = 0;  // publishKeys: what the relay holds now
};
struct KeyStatusAnswer {
  std::uint64_t counter = 0;
  std::uint32_t oneTimeKeys = 0;
};
struct AnchorAnswer {
  std::optional<Anchor> mismatch;  // what the relay holds instead; nullopt: swapped
};

using Answer = std::variant<SubmitAnswer, ManifestAnswer, BundlesAnswer, MailboxAnswer, KeyStatusAnswer, AnchorAnswer>;

class Link {
 public:
  virtual ~Link() = default;

  // To a contact, over a connection that is not logged in: works whether or not the own relay is reachable.
  virtual void submit(RecipientRef to, Submission batch, Ticket ticket) = 0;
  virtual void fetchManifest(RecipientRef of, Ticket ticket) = 0;
  virtual void fetchKeys(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) = 0;
  virtual void fetchBundles(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) = 0;

  // To the own relay, over the logged-in link; an Error(kOffline) at once where it is not up.
  virtual void submitToOwn(Submission batch, Ticket ticket) = 0;
  virtual void fetchOwnManifest(Ticket ticket) = 0;
  virtual void fetchOwnBundles(std::vector<DeviceId> devices, Ticket ticket) = 0;
  virtual void publishKeys(KeyPublication keys, Ticket ticket) = 0;
  virtual void keyStatus(Ticket ticket) = 0;
  virtual void publishManifest(Bytes signedManifest, Ticket ticket) = 0;
  virtual void setAccessKeys(AccessKeyHashes hashes, Ticket ticket) = 0;
  virtual void swapAnchor(Anchor expected, Anchor next, Ticket ticket) = 0;
  virtual void acknowledge(std::uint64_t upTo, Ticket ticket) = 0;

  // The app's wishes.
  virtual void goOnline() = 0;
  virtual void goOffline() = 0;
  // Retry at once: the network changed.
  virtual void networkChanged() = 0;
};

// One item of a mailbox, as the relay numbers it.
struct IncomingEnvelope {
  std::uint64_t number = 0;
  EnvelopeId id;
  enum class KeyClass { kContact, kInvite, kOwn } keyClass = KeyClass::kContact;
  Bytes payload;
};
struct IncomingGap {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  enum class Reason { kExpired, kSetAside, kOperator } reason = Reason::kExpired;
  WallTime firstAt;
  WallTime lastAt;
};
using IncomingItem = std::variant<IncomingEnvelope, IncomingGap>;
struct Page {
  std::uint32_t attempts = 0;
  std::vector<IncomingItem> items;
};

// What a person is shown of the link (docs/protocol.md §5).
struct LinkState {
  enum class Kind { kOffline, kWaitingForNetwork, kConnecting, kSyncing, kOnline, kStopped } kind = Kind::kOffline;
  enum class Stop {
    kNone,
    kReplaced,
    kCloned,
    kRetired,
    kRelayUntrusted,
    kWrongVersion,
    kNotRegistered
  } stop = Stop::kNone;
  std::optional<WallTime> retryAt;  // kWaitingForNetwork
  std::uint64_t left = 0;           // kSyncing: items still to come
  std::string detail;               // one line, for a person: why the last attempt failed
};

// What the link needs to log in, and where it reports. Implemented by outbox/outbox.h.
class LinkHost {
 public:
  virtual ~LinkHost() = default;

  struct Login {
    RelayAddress relay;
    DeviceAddress device;
    Anchor anchor;  // the newest confirmed
  };
  virtual Login login() = 0;
  virtual Signature signLogin(ByteView body) = 0;

  // What to register with where the relay does not know the account; nullopt on a device without the account key.
  struct Registration {
    Bytes manifest;
    std::string token;  // secret towards third parties; empty: none
  };
  virtual std::optional<Registration> registration() = 0;
  virtual Signature signRegistration(ByteView body) = 0;
  // The relay has just registered this account: access keys and pre-keys must be published.
  virtual void onRegistered() = 0;

  // Attached: `acknowledged` and `last` as the relay has them.
  virtual void onAttached(std::uint64_t acknowledged, std::uint64_t last) = 0;
  virtual void onPage(Page page) = 0;
  virtual void onFence() = 0;
  virtual void onLinkState(const LinkState& state) = 0;
  virtual void onAnswer(Ticket ticket, tl::expected<Answer, Error> answer) = 0;
};

}  // namespace waxwing
