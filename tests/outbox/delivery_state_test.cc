#include "outbox/delivery_state.h"

#include <gtest/gtest.h>

#include <vector>

namespace waxwing {
namespace {

using S = DeviceStanding;
using D = DeliveryState;

TEST(DeliveryStateRule, SentWhenEveryDeviceWasTriedAndOneAccepted) {
  EXPECT_EQ(stateOf(std::vector{S::kAccepted}), D::kSent);
  EXPECT_EQ(stateOf(std::vector{S::kAccepted, S::kAccepted}), D::kSent);
  EXPECT_EQ(stateOf(std::vector{S::kAccepted, S::kObstructed}), D::kSent);
}

TEST(DeliveryStateRule, PendingWhileADeviceIsOwedOrNoneAccepted) {
  EXPECT_EQ(stateOf(std::vector<S>{}), D::kPending);
  EXPECT_EQ(stateOf(std::vector{S::kOwed}), D::kPending);
  EXPECT_EQ(stateOf(std::vector{S::kAccepted, S::kOwed}), D::kPending);
  EXPECT_EQ(stateOf(std::vector{S::kObstructed, S::kObstructed}), D::kPending);
}

TEST(DeliveryStateRule, StatesOnlyMoveForward) {
  const std::vector order = {D::kPending, D::kSent, D::kDelivered, D::kRead};
  for (std::size_t held = 0; held < order.size(); ++held) {
    for (std::size_t heard = 0; heard < order.size(); ++heard) {
      EXPECT_EQ(later(order[held], order[heard]), order[std::max(held, heard)]);
    }
  }
}

TEST(DeliveryStateRule, FailedYieldsToReceiptsAndOnlyPendingFails) {
  EXPECT_EQ(later(D::kPending, D::kFailed), D::kFailed);
  EXPECT_EQ(later(D::kSent, D::kFailed), D::kSent);
  EXPECT_EQ(later(D::kRead, D::kFailed), D::kRead);
  EXPECT_EQ(later(D::kFailed, D::kSent), D::kFailed);
  EXPECT_EQ(later(D::kFailed, D::kDelivered), D::kDelivered);
  EXPECT_EQ(later(D::kFailed, D::kRead), D::kRead);
}

}  // namespace
}  // namespace waxwing
