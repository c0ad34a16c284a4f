#pragma once

#include "rpc/link/own_link.h"
#include "rpc/link/recipients.h"

namespace waxwing {

// The Link over Cap'n Proto RPC, on the event loop of the thread that made it. Switched off until `goOnline`.
//
// Every ticket is answered once, from the event loop and never from inside a Link member, whatever happens to the
// connections – unless the link itself goes first. A ticket is used once.
class RpcLink final : public Link {
 public:
  // All must outlive the link.
  RpcLink(LinkHost& host, Dialer& dialer, kj::Timer& timer, const Clock& clock, Random& random);
  ~RpcLink() noexcept override;
  KJ_DISALLOW_COPY(RpcLink);

  void submit(RecipientRef to, Submission batch, Ticket ticket) override;
  void fetchManifest(RecipientRef of, Ticket ticket) override;
  void fetchKeys(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) override;
  void fetchBundles(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) override;

  void submitToOwn(Submission batch, Ticket ticket) override;
  void fetchOwnManifest(Ticket ticket) override;
  void fetchOwnBundles(std::vector<DeviceId> devices, Ticket ticket) override;
  void publishKeys(KeyPublication keys, Ticket ticket) override;
  void keyStatus(Ticket ticket) override;
  void publishManifest(Bytes signedManifest, Ticket ticket) override;
  void setAccessKeys(AccessKeyHashes hashes, Ticket ticket) override;
  void swapAnchor(Anchor expected, Anchor next, Ticket ticket) override;
  void acknowledge(std::uint64_t upTo, Ticket ticket) override;

  void goOnline() override;
  void goOffline() override;
  void networkChanged() override;

 private:
  using Perform = kj::Function<kj::Promise<CallOutcome>(wire::Recipient::Client)>;
  void callRecipient(RecipientRef to, std::size_t bytes, Perform perform, Ticket ticket);

  LateAnswers answers_;
  OwnLink own_;
  Recipients recipients_;
  enum class Wish { kOffline, kOnline } wish_ = Wish::kOffline;
};

}  // namespace waxwing
