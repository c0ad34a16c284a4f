#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "crypto/bytes.h"
#include "rpc/wire/guarded_stream.h"
#include "rpc/wire/relay.capnp.h"
#include "rpc/wire/tls.h"

// waxwing-test-other-version-relay CERTIFICATE KEY PORT: answers as a relay whose protocol is of the next version, with
// another relay's certificate. Prints a line once it listens.
namespace {

class OtherVersion final : public waxwing::wire::Relay::Server {
 protected:
  kj::Promise<void> describe(DescribeContext context) override {
    auto results = context.getResults();
    results.initInfo().setProtocolVersion(waxwing::wire::PROTOCOL_VERSION + 1);
    results.initNonce(32);
    return kj::READY_NOW;
  }
};

std::string contentOf(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void serve(kj::Own<kj::AsyncIoStream> stream, kj::WaitScope& scope) {
  waxwing::GuardedStream messages(kj::mv(stream), 1 << 20);
  capnp::TwoPartyVatNetwork network(messages, capnp::rpc::twoparty::Side::SERVER);
  auto rpc = capnp::makeRpcServer(network, kj::heap<OtherVersion>());
  network.onDisconnect().wait(scope);
}

}  // namespace

int main(int count, char** values) {
  if (count != 4) return 2;
  auto io = kj::setupAsyncIo();
  const std::string key = contentOf(values[2]);
  waxwing::TlsServer tls(contentOf(values[1]), waxwing::asBytes(key));
  auto address = io.provider->getNetwork().parseAddress("127.0.0.1", static_cast<kj::uint>(std::atoi(values[3])));
  auto listener = address.wait(io.waitScope)->listen();
  std::puts("listening");
  std::fflush(stdout);
  for (;;) {
    auto stream = listener->accept().wait(io.waitScope);
    try {
      serve(tls.wrap(kj::mv(stream)).wait(io.waitScope), io.waitScope);
    } catch (const kj::Exception&) {  // the peer has gone
    }
  }
}
