#include <gmock/gmock.h>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(Exchange, TextsWrittenOfflineAreDeliveredOnceAndRead) {
  World world;
  WorldClient& alice = world.addAccount("alice");
  WorldClient& bob = world.addAccount("bob");
  world.meet(alice, bob);

  alice.goOffline();
  for (const char* text : {"one", "two", "three"}) ASSERT_TRUE(alice.outbox().send(bob.account(), text));
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kPending));
  EXPECT_EQ(alice.outbox().messages(bob.account(), {}).back().pending, PendingReason::kNoNetwork);

  alice.goOnline();
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(bob.received(alice.account()), ElementsAre("one", "two", "three"));
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kDelivered));
  bob.readAll(alice.account());
  ASSERT_TRUE(world.settle());
  EXPECT_THAT(alice.states(bob.account()), Each(DeliveryState::kRead));
  EXPECT_EQ(world.findKeyReuse(), "");
}

}  // namespace
}  // namespace waxwing::testing
