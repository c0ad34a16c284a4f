#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "outbox/link.h"
#include "store/relay/sqlcipher_mailbox_store.h"

namespace waxwing::testing {

// The relay's semantics over the real MailboxStore, without RPC: what it answers, whom it tells of arrivals, whose
// link it cuts. In one thread, at once; delays and losses are the link's.
class WorldRelay {
 public:
  // One logged-in link, as the relay sees it.
  class Session {
   public:
    virtual ~Session() = default;
    virtual void onArrival() = 0;
    virtual void onClosing(LinkState::Stop reason) = 0;
  };
  // What went over the wire to a mailbox.
  struct Submitted {
    AccountId to;
    OutgoingEnvelope envelope;
  };

  WorldRelay(const std::filesystem::path& path, RelayAddress address, relay::StoreLimits limits);

  const RelayAddress& address() const { return address_; }
  relay::MailboxStore& store() { return *store_; }

  SubmitAnswer submit(const AccountId& to, const relay::Access& access, const Submission& batch);
  ManifestAnswer manifest(const AccountId& account, const AccessKeyHash& key);
  ManifestAnswer ownManifest(const AccountId& account);
  BundlesAnswer keys(const AccountId& account, const AccessKeyHash& key, const std::vector<DeviceId>& devices);
  BundlesAnswer bundles(const AccountId& account, const relay::Access& access, const std::vector<DeviceId>& devices);
  MailboxAnswer publishKeys(const relay::LoginRef& login, const KeyPublication& keys);
  KeyStatusAnswer keyStatus(const relay::LoginRef& login);
  MailboxAnswer publishManifest(const relay::LoginRef& login, ByteView manifest);
  MailboxAnswer setAccessKeys(const relay::LoginRef& login, const AccessKeyHashes& hashes);
  tl::expected<Answer, Error> swapAnchor(const relay::LoginRef& login, const Anchor& expected, const Anchor& next);
  MailboxAnswer acknowledge(const relay::LoginRef& login, std::uint64_t upTo);

  relay::RegisterOutcome::Verdict registerAccount(ByteView manifest);
  relay::LoginOutcome login(const DeviceAddress& device);
  void attach(const DeviceAddress& device, Session* session);
  void detach(const DeviceAddress& device, const Session* session);

  // Interference of tests.
  bool isUp = true;
  bool isBusy = false;
  bool deniesAll = false;
  std::chrono::milliseconds answersLateBy{0};       // but on own links
  std::chrono::milliseconds anchorsLateBy{0};       // answers to swaps: what is asked later is answered before
  std::function<bool(const DeviceAddress&)> loses;  // whether an envelope to that device is accepted and forgotten
  Bytes staleAnswer;              // not empty: every submission is answered `staleManifest` with these bytes
  bool withholdsBundles = false;  // it has none of any device
  std::vector<Submitted> wire;
  std::size_t largestBatch = 0;
  std::size_t bundlesTaken = 0;  // requests for them

  // A copy of all files, and putting it back. No device may be attached while that happens.
  void copyAside();
  void putBack();

 private:
  template <typename Outcome, typename Operation>
  Outcome commit(Operation operation);
  void cut(const std::vector<DeviceAddress>& devices);

  void open(Database::Existing existing);

  std::filesystem::path path_;
  RelayAddress address_;
  relay::StoreLimits limits_;
  Bytes key_;
  std::unique_ptr<relay::MailboxStore> store_;
  std::map<DeviceAddress, Session*> sessions_;
};

}  // namespace waxwing::testing
