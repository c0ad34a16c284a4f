#pragma once

#include "rpc/relay/peer.h"
#include "rpc/wire/relay.capnp.h"
#include "session/published_keys.h"

namespace waxwing::relay {

// One device's own mailbox, as long as its link is in charge: after that every call answers `replaced` or fails, here
// at once and in the store by its login number. Contracts in rpc/wire/relay.capnp.
class MailboxService final : public wire::Mailbox::Server {
 public:
  MailboxService(kj::Own<Peer> peer, Peer::Grant grant, kj::Own<DeviceLink> link)
      : peer_(kj::mv(peer)), grant_(kj::mv(grant)), link_(kj::mv(link)) {}

 protected:
  kj::Promise<void> attach(AttachContext context) override;
  kj::Promise<void> acknowledge(AcknowledgeContext context) override;
  kj::Promise<void> swapAnchor(SwapAnchorContext context) override;
  kj::Promise<void> publishKeys(PublishKeysContext context) override;
  kj::Promise<void> keyStatus(KeyStatusContext context) override;
  kj::Promise<void> publishManifest(PublishManifestContext context) override;
  kj::Promise<void> setAccessKeys(SetAccessKeysContext context) override;
  kj::Promise<void> submitToOwn(SubmitToOwnContext context) override;
  kj::Promise<void> ownManifest(OwnManifestContext context) override;
  kj::Promise<void> ownBundles(OwnBundlesContext context) override;
  kj::Promise<void> ping(PingContext context) override;
  kj::Promise<void> setAside(SetAsideContext context) override;

 private:
  // Runs a call whose results have an outcome; a link that is not in charge answers `replaced`.
  template <typename Context, typename Func>
  kj::Promise<void> callInCharge(Context& context, Func&& func) {
    return peer_->call([&]() -> kj::Promise<void> {
      if (link_->inCharge()) return func();
      context.getResults().setOutcome(wire::MailboxOutcome::REPLACED);
      return kj::READY_NOW;
    });
  }
  // The same for calls without an outcome, which fail.
  void requireInCharge() const;

  const LoginRef& login() const { return link_->login(); }
  CommitQueue& queue() { return peer_->core().queue(); }

  kj::Own<Peer> peer_;
  Peer::Grant grant_;
  kj::Own<DeviceLink> link_;
};

}  // namespace waxwing::relay
