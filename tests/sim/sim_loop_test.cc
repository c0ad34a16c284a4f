#include "tests/sim/sim_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

TEST(SimLoop, TimeJumpsToTheNextTimer) {
  SimLoop loop;
  loop.timer().afterDelay(3 * kj::HOURS).wait(loop.waitScope());
  EXPECT_EQ(loop.elapsed(), 3h);
}

TEST(SimLoop, TimersFireInOrderAndTimeEndsWhereAsked) {
  SimLoop loop;
  std::vector<int> fired;
  auto late = loop.timer().afterDelay(2 * kj::SECONDS).then([&] { fired.push_back(2); }).eagerlyEvaluate(nullptr);
  auto early = loop.timer().afterDelay(1 * kj::SECONDS).then([&] { fired.push_back(1); }).eagerlyEvaluate(nullptr);
  loop.runFor(1500ms);
  EXPECT_EQ(fired, std::vector<int>{1});
  EXPECT_EQ(loop.elapsed(), 1500ms);
  loop.runFor(1s);
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
}

TEST(SimLoop, NothingLeftIsToldAndDoesNotHang) {
  SimLoop loop;
  EXPECT_TRUE(loop.runUntilQuiescent(1h));
  EXPECT_FALSE(loop.runUntil([] { return false; }, 1h));
  EXPECT_THROW(kj::Promise<void>(kj::NEVER_DONE).wait(loop.waitScope()), std::logic_error);
}

TEST(SimLoop, ATimerBeyondTheBoundIsNotQuiescence) {
  SimLoop loop;
  auto timer = loop.timer().afterDelay(2 * kj::HOURS).eagerlyEvaluate(nullptr);
  EXPECT_FALSE(loop.runUntilQuiescent(1h));
  EXPECT_TRUE(loop.runUntilQuiescent(2h));
}

TEST(SimLoop, RunUntilStopsAtThePredicate) {
  SimLoop loop;
  int fired = 0;
  auto first = loop.timer().afterDelay(1 * kj::SECONDS).then([&] { ++fired; }).eagerlyEvaluate(nullptr);
  auto second = loop.timer().afterDelay(2 * kj::SECONDS).then([&] { ++fired; }).eagerlyEvaluate(nullptr);
  EXPECT_TRUE(loop.runUntil([&] { return fired == 1; }, 1h));
  EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(SimLoop, ADevicesClockGoesWithTimeFromWhereItWasSet) {
  SimLoop loop;
  SimClock clock(loop);
  const WallTime start = clock.now();
  loop.runFor(5s);
  clock.jump(-24h);
  EXPECT_EQ(clock.now() - start, 5s - 24h);
  loop.runFor(1s);
  EXPECT_EQ(clock.now() - start, 6s - 24h);
}

}  // namespace
}  // namespace waxwing::testing
