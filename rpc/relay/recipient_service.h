#pragma once

#include "rpc/relay/peer.h"
#include "rpc/wire/relay.capnp.h"

namespace waxwing::relay {

// The right to reach one account, as far as its access key goes: every call asks the store anew. Contracts in
// rpc/wire/relay.capnp.
class RecipientService final : public wire::Recipient::Server {
 public:
  RecipientService(kj::Own<Peer> peer, AccountId account, KeyHolder holder)
      : peer_(kj::mv(peer)), grant_(peer_->grant()), account_(account), holder_(holder) {}

 protected:
  kj::Promise<void> manifest(ManifestContext context) override;
  kj::Promise<void> publishedKeys(PublishedKeysContext context) override;
  kj::Promise<void> preKeyBundles(PreKeyBundlesContext context) override;
  kj::Promise<void> submit(SubmitContext context) override;

 private:
  kj::Own<Peer> peer_;
  Peer::Grant grant_;
  AccountId account_;
  KeyHolder holder_;
};

}  // namespace waxwing::relay
