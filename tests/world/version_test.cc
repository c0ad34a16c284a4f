#include <capnp/rpc-twoparty.h>

#include "rpc/wire/relay.capnp.h"
#include "tests/world/world_test.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

// Says which version it speaks, and nothing else.
class RelayOfTomorrow final : public wire::Relay::Server {
 protected:
  kj::Promise<void> describe(DescribeContext context) override {
    context.getResults().initInfo().setProtocolVersion(wire::PROTOCOL_VERSION + 1);
    return kj::READY_NOW;
  }
};

TEST_F(Meeting, ARelayOfAnotherVersionStopsTheLinkAndLosesNothing) {
  aliceRelay.kill();
  std::vector<kj::Own<capnp::TwoPartyServer>> served;
  world.network().listen(aliceRelay.address(), [&](kj::Own<kj::AsyncIoStream> stream) {
    served.push_back(kj::heap<capnp::TwoPartyServer>(kj::heap<RelayOfTomorrow>()));
    served.back()->accept(kj::mv(stream));
  });
  EXPECT_TRUE(world.runUntil([&] { return alice.link().kind == LinkState::Kind::kStopped; }, 10min));
  EXPECT_EQ(alice.link().stop, LinkState::Stop::kWrongVersion);
  world.send(alice, bob.account());
  world.run(10min);
  world.network().cutAll("alice");
  world.run(1s);
  served.clear();

  aliceRelay.start();
  alice.goOffline();
  endWell();
  EXPECT_EQ(textsOf(bob, alice.account()).size(), 1u);
}

}  // namespace
}  // namespace waxwing::testing
