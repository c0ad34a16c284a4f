#pragma once

#include "rpc/relay/peer.h"
#include "rpc/wire/relay.capnp.h"
#include "session/manifest.h"

namespace waxwing::relay {

// The bootstrap capability of one connection: what anybody may ask. Contracts in rpc/wire/relay.capnp.
class RelayService final : public wire::Relay::Server {
 public:
  explicit RelayService(kj::Own<Peer> peer) : peer_(kj::mv(peer)) {}

 protected:
  kj::Promise<void> describe(DescribeContext context) override;
  kj::Promise<void> register_(RegisterContext context) override;
  kj::Promise<void> login(LoginContext context) override;
  kj::Promise<void> recipient(RecipientContext context) override;

 private:
  struct LoginClaim {
    Nonce nonce;
    DeviceAddress device;
    Anchor anchor;
    Signature signature;
  };

  void writeInfo(wire::Info::Builder info);
  // nullopt: all is well so far, `manifest` is set.
  std::optional<wire::RegisterOutcome> judgeRegistration(wire::Relay::RegisterParams::Reader params,
                                                         std::optional<SignedManifest>& manifest);
  bool verifyForAnyName(const SigningKey& key, SignatureUse use, const Signature& signature,
                        const std::function<Bytes(std::string_view name)>& body);
  // The device's signing key if the claim is proven.
  tl::expected<SigningKey, wire::LoginOutcome> judgeLogin(const LoginClaim& claim,
                                                          const Result<std::optional<DeviceRecord>>& record);
  kj::Promise<void> finishLogin(LoginContext context, Peer::Grant grant, DeviceAddress device, SigningKey verifiedWith);

  kj::Own<Peer> peer_;
};

}  // namespace waxwing::relay
