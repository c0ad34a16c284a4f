#include <gtest/gtest.h>
#include <kj/debug.h>

#include "rpc/link/retry_policy.h"

namespace waxwing {
namespace {

using Pace = Consequence::Pace;
using Stop = LinkState::Stop;

TEST(RetryPolicyTest, ThePhaseDecidesBeforeTheCause) {
  for (const Cause cause : {Cause::kTimedOut, Cause::kDisconnected, Cause::kFailed, Cause::kUnimplemented}) {
    EXPECT_EQ(consequenceOf({LinkPhase::kResolve, cause}).code, Errc::kOffline);
    EXPECT_EQ(consequenceOf({LinkPhase::kConnect, cause}).code, Errc::kOffline);
    EXPECT_EQ(consequenceOf({LinkPhase::kConnect, cause}).pace, Pace::kBackoff);
  }
}

TEST(RetryPolicyTest, AFailedHandshakeIsDistrustAndRetriedSlowly) {
  const Consequence consequence = consequenceOf({LinkPhase::kTls, Cause::kFailed});
  EXPECT_EQ(consequence.stop, Stop::kRelayUntrusted);
  EXPECT_EQ(consequence.pace, Pace::kSlow);
  EXPECT_EQ(consequence.code, Errc::kRelayUntrusted);
}

TEST(RetryPolicyTest, ACutHandshakeSaysNothingAboutTrust) {
  EXPECT_EQ(consequenceOf({LinkPhase::kTls, Cause::kDisconnected}).stop, Stop::kNone);
  EXPECT_EQ(consequenceOf({LinkPhase::kTls, Cause::kTimedOut}).code, Errc::kTimedOut);
}

TEST(RetryPolicyTest, OnlyAnotherVersionIsFinal) {
  EXPECT_EQ(consequenceOf({LinkPhase::kLogin, Cause::kUnimplemented}).pace, Pace::kNever);
  for (const LinkPhase phase : {LinkPhase::kLogin, LinkPhase::kUp}) {
    for (const Cause cause : {Cause::kTimedOut, Cause::kDisconnected, Cause::kOverloaded, Cause::kDraining,
                              Cause::kMisbehaving, Cause::kFailed}) {
      EXPECT_EQ(consequenceOf({phase, cause}).pace, Pace::kBackoff);
      EXPECT_EQ(consequenceOf({phase, cause}).stop, Stop::kNone);
    }
  }
}

TEST(RetryPolicyTest, NothingThatARelaySaysIsInTheText) {
  const kj::Exception exception = KJ_EXCEPTION(FAILED, "remote words");
  const Error error = errorOf({LinkPhase::kUp, causeOf(exception)});
  EXPECT_EQ(error.message.find("remote"), std::string::npos);
  EXPECT_FALSE(error.message.empty());
}

TEST(BackoffTest, CeilingsDoubleToAMinuteAndEachDelayIsAnywhereBelow) {
  SeededRandom random(3);
  limits::milliseconds seen{0};
  limits::milliseconds most{0};
  for (int run = 0; run < 200; ++run) {
    Backoff backoff(random);
    limits::milliseconds ceiling = limits::kBackoffFirst;
    for (int i = 0; i < 10; ++i) {
      const auto delay = backoff.next();
      ASSERT_LE(delay, ceiling);
      if (i == 0) seen = std::max(seen, delay);
      most = std::max(most, delay);
      ceiling = std::min(ceiling * 2, limits::kBackoffMost);
    }
  }
  EXPECT_GT(seen, limits::kBackoffFirst * 9 / 10);
  EXPECT_GT(most, limits::kBackoffMost * 9 / 10);
}

TEST(BackoffTest, ResetBeginsAnew) {
  SeededRandom random(4);
  Backoff backoff(random);
  for (int i = 0; i < 9; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), limits::kBackoffFirst);
}

}  // namespace
}  // namespace waxwing
