#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "store/relay/mailbox_store.h"

namespace waxwing::testing {

// What a relay may do to those who trust it with their mail (docs: hardening).
enum class Trick : std::uint8_t {
  kDrop,            // says accepted, and keeps nothing
  kDuplicate,       // stores an envelope twice, the second time under an id of its own
  kDelay,           // says accepted, and stores it later
  kSwap,            // delivers two items in each other's place
  kReplay,          // delivers an old envelope again
  kCrossReplay,     // delivers an envelope of another mailbox
  kTruncate,        // of a payload
  kExtend,          // of a payload
  kFlip,            // one bit of a payload
  kOldManifest,     // serves a manifest that was replaced
  kForgedManifest,  // serves a manifest that its account did not sign
  kSameKey,         // hands one one-time key to two senders
  kRefuse,          // answers denied, mailboxFull or noSuchDevice without reason
  kNumbers,         // lies about sequence numbers
  kForge,           // delivers envelopes that somebody forged, before the genuine ones
};
inline constexpr std::size_t kTricks = 15;

// How often a relay will still play each trick, and what it remembers for them. Outlives its store.
class Mischief {
 public:
  explicit Mischief(Random& random) : random_(random) {}

  // Plays the trick on that many of the next occasions.
  void allow(Trick trick, std::uint32_t times) { left_[static_cast<std::size_t>(trick)] += times; }
  // Honest from now on; what was held back is stored with the next commit.
  void stop() { left_ = {}; }
  // Whether it is to be done now; one time less then.
  bool plays(Trick trick);
  std::uint64_t played() const { return played_; }
  std::uint64_t playedOf(Trick trick) const { return playedOf_[static_cast<std::size_t>(trick)]; }
  bool stopped() const;
  Random& random() { return random_; }

  static constexpr std::size_t kRemembered = 32;
  std::vector<relay::Submit> held;
  std::map<DeviceAddress, std::vector<relay::QueuedEnvelope>> delivered;
  std::map<AccountId, std::vector<relay::HeldManifest>> manifests;
  std::map<DeviceAddress, relay::OneTimeKey> handedOut;

 private:
  Random& random_;
  std::array<std::uint32_t, kTricks> left_{};
  std::array<std::uint64_t, kTricks> playedOf_{};
  std::uint64_t played_ = 0;
};

// A relay's store, honest as long as no trick is allowed, with an eye on what is submitted. The numbers that it tells are
// kSpread times those of the store inside: between them is room for what it slips in.
class HostileStore final : public relay::MailboxStore {
 public:
  // Sees every batch before it is judged, or meddled with.
  using Tap = std::function<void(const relay::Submit&)>;

  ~HostileStore() override { onGone(); }
  HostileStore(Mischief& mischief, std::unique_ptr<MailboxStore> inner, Tap tap)
      : mischief_(mischief), inner_(std::move(inner)), tap_(std::move(tap)) {}

  std::vector<relay::Outcome> commit(std::span<const relay::Operation> operations) override;
  std::vector<relay::QueueItem> readPage(const DeviceAddress& mailbox, std::uint64_t after,
                                         const relay::PageLimits& bounds) override;
  std::vector<relay::QueueItem> readSetAside(const DeviceAddress& mailbox, std::uint64_t after,
                                             const relay::PageLimits& bounds) override {
    return inner_->readSetAside(mailbox, after, bounds);
  }
  std::optional<relay::Position> findPosition(const DeviceAddress& mailbox) override;
  std::optional<relay::HeldManifest> findManifest(const AccountId& account) override;
  std::optional<relay::DeviceRecord> findDevice(const DeviceAddress& device) override {
    return inner_->findDevice(device);
  }
  std::optional<relay::KeyStatus> findKeyStatus(const DeviceAddress& device) override {
    return inner_->findKeyStatus(device);
  }
  std::optional<relay::KeyClass> findAccess(const AccountId& account, const AccessKeyHash& key) override {
    return inner_->findAccess(account, key);
  }
  std::vector<relay::Bundle> readPublishedKeys(const AccountId& account, std::span<const DeviceId> devices) override {
    return inner_->readPublishedKeys(account, devices);
  }
  void checkpointIfDue() override { inner_->checkpointIfDue(); }

  std::function<void()> onGone = [] {};
  // Makes an envelope for that mailbox out of one that waits there, or cannot.
  using Forgery =
      std::function<std::optional<relay::QueuedEnvelope>(const DeviceAddress&, const relay::QueuedEnvelope&)>;
  Forgery forge = [](const DeviceAddress&, const relay::QueuedEnvelope&) { return std::nullopt; };
  // What the honest store did, before any answer is spoilt.
  std::function<void(std::span<const relay::Operation>, std::span<const relay::Outcome>)> onCommitted =
      [](std::span<const relay::Operation>, std::span<const relay::Outcome>) {};
  std::function<void(const DeviceAddress&, std::span<const relay::QueueItem>)> onRead =
      [](const DeviceAddress&, std::span<const relay::QueueItem>) {};
  // Numbers of that mailbox are about to be told falsely.
  std::function<void(const DeviceAddress&)> onMisnumbered = [](const DeviceAddress&) {};
  // Whether what is submitted to that mailbox now is dropped, beside all tricks.
  std::function<bool(const DeviceAddress&)> loses = [](const DeviceAddress&) { return false; };
  // Without tricks, to look at.
  MailboxStore& honest() { return *inner_; }

 private:
  static constexpr std::uint64_t kSpread = 64;

  // What became of a batch's envelopes on the way to the store: the places that were kept back from it.
  struct Meddled {
    std::vector<std::size_t> keptBack;
    bool refused = false;
  };
  Meddled meddle(relay::Submit& submit);
  void makeGood(relay::SubmitOutcome& outcome, const Meddled& meddled);
  void refuseSome(relay::SubmitOutcome& outcome);
  void meddle(const relay::TakePreKeyBundles& asked, relay::TakePreKeyBundlesOutcome& outcome);
  void remember(const relay::Operation& operation);
  Bytes manifestInstead(const AccountId& account, Bytes manifest);
  void spoil(relay::QueuedEnvelope& envelope);
  void insertOld(const DeviceAddress& mailbox, std::vector<relay::QueueItem>& items);
  void insertForged(const DeviceAddress& mailbox, std::vector<relay::QueueItem>& items);
  static void takeNumbers(relay::Operation& operation);
  static std::vector<relay::QueueItem> tellNumbers(std::vector<relay::QueueItem> items);

  Mischief& mischief_;
  std::unique_ptr<MailboxStore> inner_;
  Tap tap_;
};

}  // namespace waxwing::testing
