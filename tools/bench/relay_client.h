#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <vector>

#include "crypto/limits.h"
#include "rpc/wire/guarded_stream.h"
#include "rpc/wire/relay.capnp.h"
#include "rpc/wire/tls.h"
#include "session/relay_address.h"
#include "tests/rpc/test_account.h"

namespace waxwing::bench {

// One connection to the relay over TLS, as a device makes it, without outbox and ratchet.
class RelayClient {
 public:
  static kj::Promise<kj::Own<RelayClient>> dial(kj::Network& network, TlsClient& tls, const RelayAddress& address);

  explicit RelayClient(kj::Own<kj::AsyncIoStream> stream);

  kj::Promise<void> registerAccount(const testing::TestAccount& account, const std::string& relayName);
  kj::Promise<wire::Mailbox::Client> login(const testing::TestAccount& account, const std::string& relayName);
  wire::Recipient::Client recipient(const AccountId& account, ByteView accessKey);

 private:
  GuardedStream stream_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  wire::Relay::Client relay_;
};

inline capnp::Data::Reader toData(ByteView bytes) { return kj::arrayPtr(bytes.data(), bytes.size()); }

}  // namespace waxwing::bench
