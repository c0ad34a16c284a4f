#include "tools/bench/relay_client.h"

#include "session/login.h"

namespace waxwing::bench {
namespace {

Nonce nonceOf(capnp::Data::Reader data) { return Nonce::from({data.begin(), data.size()}).value(); }

}  // namespace

kj::Promise<kj::Own<RelayClient>> RelayClient::dial(kj::Network& network, TlsClient& tls, const RelayAddress& address) {
  return network.parseAddress(address.name().c_str())
      .then([](kj::Own<kj::NetworkAddress>&& at) { return at->connect().attach(kj::mv(at)); })
      .then([&tls](kj::Own<kj::AsyncIoStream>&& stream) { return tls.wrap(kj::mv(stream)); })
      .then([](kj::Own<kj::AsyncIoStream>&& stream) { return kj::heap<RelayClient>(kj::mv(stream)); });
}

RelayClient::RelayClient(kj::Own<kj::AsyncIoStream> stream)
    : stream_(kj::mv(stream), limits::kMessageBytes),
      network_(stream_, capnp::rpc::twoparty::Side::CLIENT),
      rpc_(capnp::makeRpcClient(network_)),
      relay_(nullptr) {
  capnp::MallocMessageBuilder message;
  auto vat = message.initRoot<capnp::rpc::twoparty::VatId>();
  vat.setSide(capnp::rpc::twoparty::Side::SERVER);
  relay_ = rpc_.bootstrap(vat).castAs<wire::Relay>();
}

kj::Promise<void> RelayClient::registerAccount(const testing::TestAccount& account, const std::string& relayName) {
  return relay_.describeRequest().send().then([this, &account, &relayName](auto&& described) {
    const auto manifest = account.manifest();
    const auto body = registerBody(nonceOf(described.getNonce()), relayName, manifest.hash());
    const auto signature = account.accountKey().sign(SignatureUse::kRegister, body);
    auto request = relay_.registerRequest();
    request.setManifest(toData(manifest.bytes()));
    request.setSignature(toData(signature.view()));
    return request.send().then(
        [](auto&& answer) { KJ_REQUIRE(answer.getOutcome() == wire::RegisterOutcome::OK, "registration"); });
  });
}

kj::Promise<wire::Mailbox::Client> RelayClient::login(const testing::TestAccount& account,
                                                      const std::string& relayName) {
  return relay_.describeRequest().send().then([this, &account, &relayName](auto&& described) {
    const auto body = loginBody(nonceOf(described.getNonce()), relayName, account.address(), Anchor{});
    const auto signature = account.deviceKey().sign(SignatureUse::kLogin, body);
    auto request = relay_.loginRequest();
    request.setAccount(toData(account.id().view()));
    request.setDevice(1);
    request.setAnchor(toData(Anchor{}.view()));
    request.setSignature(toData(signature.view()));
    return request.send().then([](auto&& answer) -> wire::Mailbox::Client {
      KJ_REQUIRE(answer.getOutcome() == wire::LoginOutcome::OK, "login");
      return answer.getMailbox();
    });
  });
}

wire::Recipient::Client RelayClient::recipient(const AccountId& account, ByteView accessKey) {
  auto request = relay_.recipientRequest();
  request.setAccount(toData(account.view()));
  request.setAccessKey(toData(accessKey));
  return request.send().getRecipient();
}

}  // namespace waxwing::bench
