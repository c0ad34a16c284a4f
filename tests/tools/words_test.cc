#include "tools/waxwing/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waxwing::tool {
namespace {

using testing::EndsWith;

TEST(ShortTime, NamesTheYearOnlyWhereItIsAnother) {
  EXPECT_THAT(shortTime({0}), EndsWith(" 1970"));
  EXPECT_EQ(shortTime(systemClock().now())[9], ':');
}

TEST(StateText, NamesTheReason) {
  EXPECT_EQ(stateText(DeliveryState::kPending, PendingReason::kNoNetwork, FailedReason::kNone), "Pending (no network)");
  EXPECT_EQ(stateText(DeliveryState::kRead, PendingReason::kNone, FailedReason::kNone), "Read");
  EXPECT_EQ(stateText(DeliveryState::kFailed, PendingReason::kNone, FailedReason::kCancelled), "Failed (cancelled)");
}

TEST(ItemJson, HasAStateOnlyForOnesOwn) {
  TimelineItem item;
  item.text = "hello";
  item.pending = PendingReason::kNoNetwork;
  EXPECT_FALSE(toJson(item).contains("state"));
  EXPECT_EQ(toJson(item)["read"], false);
  item.mine = true;
  EXPECT_EQ(toJson(item)["state"], "pending");
  EXPECT_EQ(toJson(item)["reason"], "noNetwork");
  item.state = DeliveryState::kSent;
  EXPECT_FALSE(toJson(item).contains("reason"));
}

}  // namespace
}  // namespace waxwing::tool
