#include "rpc/wire/patience.h"
#include "tests/rpc/link_fixture.h"

namespace waxwing::testing {
namespace {

class RecipientsTest : public LinkTest {
 protected:
  // The own relay stays out of it: it cannot be resolved, so that every connection below is an anonymous one.
  void SetUp() override {
    relay_.dialFailures = {{LinkPhase::kTls, Cause::kFailed}};
    link([](Link& link) { link.goOnline(); });
    settle();
    ASSERT_EQ(relay_.dials, 1u);
  }
  std::size_t anonymousDials() const { return relay_.dials - 1; }
  void submit(Ticket ticket, Submission submission = batch(), std::string host = "other.example") {
    link([&](Link& link) { link.submit(recipient(std::move(host)), std::move(submission), ticket); });
  }
};

TEST_F(RecipientsTest, SubmitsWithoutALoginWhetherOrNotTheOwnRelayIsThere) {
  submit(1, batch(3));
  settle();
  EXPECT_EQ(std::get<0>(host_.answer<SubmitAnswer>(1).outcome).size(), 3u);
  EXPECT_EQ(relay_.asked, (std::vector<std::string>{"recipient", "submit"}));
}

TEST_F(RecipientsTest, FetchesManifestKeysAndBundles) {
  link([this](Link& link) {
    link.fetchManifest(recipient(), 1);
    link.fetchKeys(recipient(), {someDevice()}, 2);
    link.fetchBundles(recipient(), {someDevice()}, 3);
  });
  settle();
  EXPECT_EQ(host_.answer<ManifestAnswer>(1).manifest, toBytes(asBytes("manifest")));
  EXPECT_EQ(host_.answer<BundlesAnswer>(2).bundles.at(0).signedKeys, toBytes(asBytes("signed")));
  EXPECT_EQ(host_.answer<BundlesAnswer>(3).bundles.size(), 1u);
  EXPECT_EQ(anonymousDials(), 1u);
}

TEST_F(RecipientsTest, ACallIsPipelinedBehindItsRecipient) {
  relay_.silent = {"recipient"};
  submit(1);
  settle();
  EXPECT_EQ(relay_.count("recipient"), 1u);
  EXPECT_TRUE(host_.answers.empty());
}

TEST_F(RecipientsTest, ALargeBatchWaitsUntilTheRelayHasAnsweredOnce) {
  submit(1, batch(10, 100'000));
  settle();
  EXPECT_EQ(std::get<0>(host_.answer<SubmitAnswer>(1).outcome).size(), 10u);
  EXPECT_GT(relay_.largestBatch, 1'000'000u);
  relay_.silent = {"recipient"};
  submit(2, batch(10, 100'000), "third.example");
  settle();
  EXPECT_EQ(relay_.count("submit"), 1u);
}

TEST_F(RecipientsTest, CallsBeyondTheRelaysLimitWaitInLine) {
  relay_.silent = {"submit"};
  for (Ticket ticket = 1; ticket <= 40; ++ticket) submit(ticket);
  settle();
  EXPECT_EQ(relay_.count("submit"), limits::kAnonymousCallsInFlight);
  relay_.cutAll();
  settle();
  EXPECT_EQ(host_.answers.size(), 40u);
  EXPECT_EQ(host_.errorOf(1), Errc::kDisconnected) << "it may have arrived";
  EXPECT_EQ(host_.errorOf(40), Errc::kOffline) << "it has not left";
}

TEST_F(RecipientsTest, AllCallsInLineAreServedInTheEnd) {
  for (Ticket ticket = 1; ticket <= 40; ++ticket) submit(ticket);
  settle();
  for (Ticket ticket = 1; ticket <= 40; ++ticket) EXPECT_TRUE(host_.answers.at(ticket).at(0).has_value());
}

TEST_F(RecipientsTest, EachPhaseOfAFailedDialHasItsError) {
  relay_.dialFailures = {
      {LinkPhase::kResolve, Cause::kFailed}, {LinkPhase::kTls, Cause::kFailed}, {LinkPhase::kTls, Cause::kTimedOut}};
  for (Ticket ticket = 1; ticket <= 3; ++ticket) {
    submit(ticket);
    settle();
  }
  EXPECT_EQ(host_.errorOf(1), Errc::kOffline);
  EXPECT_EQ(host_.errorOf(2), Errc::kRelayUntrusted);
  EXPECT_EQ(host_.errorOf(3), Errc::kOffline);
}

TEST_F(RecipientsTest, AnIdleConnectionIsKeptForAWhileAndThenEnded) {
  submit(1);
  pass(limits::kAnonymousIdle - limits::milliseconds(1));
  submit(2);
  pass(limits::kAnonymousIdle - limits::milliseconds(1));
  submit(3);
  settle();
  EXPECT_EQ(anonymousDials(), 1u);
  pass(limits::kAnonymousIdle);
  submit(4);
  settle();
  EXPECT_EQ(anonymousDials(), 2u);
}

TEST_F(RecipientsTest, OneConnectionPerRelayAndABoundOnAll) {
  relay_.silent = {"submit"};
  for (Ticket ticket = 1; ticket <= limits::kAnonymousConnections; ++ticket) {
    submit(ticket, batch(), std::to_string(ticket) + ".example");
  }
  settle();
  EXPECT_EQ(anonymousDials(), limits::kAnonymousConnections);
  submit(100, batch(), "one.too.many");
  settle();
  EXPECT_EQ(host_.errorOf(100), Errc::kOffline);
}

TEST_F(RecipientsTest, AnIdleConnectionMakesRoomForANewOne) {
  for (Ticket ticket = 1; ticket <= limits::kAnonymousConnections + 5; ++ticket) {
    submit(ticket, batch(), std::to_string(ticket) + ".example");
    settle();
    EXPECT_TRUE(host_.answers.at(ticket).at(0).has_value());
  }
}

TEST_F(RecipientsTest, ATimeoutEndsTheConnection) {
  relay_.silent = {"submit"};
  submit(1);
  submit(2);
  pass(limits::kCallTimeout);
  EXPECT_EQ(host_.errorOf(1), Errc::kTimedOut);
  EXPECT_EQ(host_.errorOf(2), Errc::kTimedOut);
  relay_.silent.clear();
  submit(3);
  settle();
  EXPECT_EQ(anonymousDials(), 2u);
  EXPECT_TRUE(host_.answers.at(3).at(0).has_value());
}

TEST_F(RecipientsTest, ALargeBatchHasTheTimeThatASlowLinkTakes) {
  relay_.silent = {"submit"};
  submit(1, batch(10, 100'000));
  pass(limits::kCallTimeout * 2);
  EXPECT_FALSE(host_.answers.contains(1));
  pass(std::chrono::seconds(1'200'000 / kSlowestBytesPerSecond));
  EXPECT_EQ(host_.errorOf(1), Errc::kTimedOut);
}

TEST_F(RecipientsTest, AFailedCallEndsTheConnectionAndIsNeverFinal) {
  relay_.failing = {"submit"};
  submit(1);
  settle();
  EXPECT_EQ(host_.errorOf(1), Errc::kDisconnected);
  relay_.failing.clear();
  submit(2);
  settle();
  EXPECT_TRUE(host_.answers.at(2).at(0).has_value());
}

TEST_F(RecipientsTest, AChangedNetworkMeansNewConnectionsForNewCalls) {
  relay_.silent = {"submit"};
  submit(1);
  settle();
  const std::size_t before = relay_.dials;
  link([](Link& link) { link.networkChanged(); });
  settle();
  relay_.silent.clear();
  const std::size_t afterOwn = relay_.dials;  // the own link tries again as well
  EXPECT_EQ(afterOwn, before + 1);
  submit(2);
  settle();
  EXPECT_EQ(relay_.dials, afterOwn + 1);
  EXPECT_TRUE(host_.answers.at(2).at(0).has_value());
  EXPECT_FALSE(host_.answers.contains(1));
}

TEST_F(RecipientsTest, NothingIsSubmittedWhileTheAppIsOffline) {
  link([](Link& link) { link.goOffline(); });
  submit(1);
  settle();
  EXPECT_EQ(host_.errorOf(1), Errc::kOffline);
  EXPECT_EQ(anonymousDials(), 0u);
}

}  // namespace
}  // namespace waxwing::testing
