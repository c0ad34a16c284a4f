#include "rpc/wire/patience.h"
#include "tests/rpc/link_fixture.h"

namespace waxwing::testing {
namespace {

using Log = std::vector<std::string>;

class OwnLinkTest : public LinkTest {
 protected:
  void goOnline() {
    link([](Link& link) { link.goOnline(); });
    settle();
  }
  LinkState state() const { return host_.states.back(); }
};

TEST_F(OwnLinkTest, LogsInAttachesReceivesAndReachesTheFence) {
  relay_.acknowledged = 4;
  relay_.last = 7;
  goOnline();
  deliver({5, 6});
  settle();
  deliver({7});
  settle();
  tellFence();
  settle();
  EXPECT_EQ(host_.log, (Log{"connecting", "syncing 3", "attached 4 7", "page 2", "syncing 1", "page 1", "syncing 0",
                            "online", "fence"}));
  EXPECT_EQ(host_.signedLogin,
            loginBody(*Nonce::from(relay_.loginNonce), "relay.example:7077", {someAccount(), someDevice()}, Anchor{}));
  EXPECT_EQ(std::get<IncomingEnvelope>(host_.pages[0].items[1]).number, 6u);
}

TEST_F(OwnLinkTest, NothingHappensBeforeTheAppWishesIt) {
  pass(limits::kBackoffMost);
  EXPECT_EQ(relay_.dials, 0u);
  EXPECT_TRUE(host_.log.empty());
}

TEST_F(OwnLinkTest, RegistersWhereTheRelayDoesNotKnowTheAccountAndLogsInAgain) {
  relay_.logins = {wire::LoginOutcome::NOT_REGISTERED};
  host_.toRegister = LinkHost::Registration{toBytes(asBytes("manifest")), "token"};
  goOnline();
  EXPECT_EQ(relay_.asked, (Log{"describe", "login", "describe", "register", "describe", "login", "attach"}));
  EXPECT_EQ(host_.log, (Log{"connecting", "syncing 0", "registered", "attached 0 0"}));
  EXPECT_EQ(host_.signedRegistration,
            registerBody(*Nonce::from(Bytes(32, 2)), "relay.example:7077", blake2b(asBytes("manifest"))));
}

TEST_F(OwnLinkTest, ARefusedTokenStopsUntilTheAppAsksAgain) {
  relay_.logins = {wire::LoginOutcome::NOT_REGISTERED};
  relay_.registration = wire::RegisterOutcome::TOKEN_REFUSED;
  host_.toRegister = LinkHost::Registration{toBytes(asBytes("manifest")), ""};
  goOnline();
  EXPECT_EQ(describe(state()), "stopped notRegistered");
  pass(limits::kUntrustedRetry * 2);
  EXPECT_EQ(relay_.dials, 1u);
  goOnline();
  EXPECT_EQ(relay_.dials, 2u);
}

TEST_F(OwnLinkTest, ADeviceWithoutTheAccountKeyWaitsForItsPrimary) {
  relay_.logins = {wire::LoginOutcome::NOT_LISTED};
  goOnline();
  EXPECT_EQ(describe(state()), "waiting");
  pass(limits::kBackoffFirst);
  EXPECT_EQ(host_.log.back(), "attached 0 0");
}

TEST_F(OwnLinkTest, ARelayThatNeverLearnsIsNotAskedInALoop) {
  relay_.logins = {wire::LoginOutcome::NOT_REGISTERED, wire::LoginOutcome::NOT_REGISTERED};
  host_.toRegister = LinkHost::Registration{toBytes(asBytes("manifest")), ""};
  goOnline();
  EXPECT_EQ(describe(state()), "waiting");
  EXPECT_EQ(relay_.count("register"), 1u);
}

TEST_F(OwnLinkTest, AnotherVersionStops) {
  relay_.version = 2;
  goOnline();
  EXPECT_EQ(describe(state()), "stopped wrongVersion");
  EXPECT_EQ(relay_.count("login"), 0u);
}

TEST_F(OwnLinkTest, NoLoginIsSignedForARelayThatGoesByAnotherName) {
  relay_.names = {"elsewhere.example:7077"};
  goOnline();
  EXPECT_EQ(describe(state()), "waiting");
  EXPECT_TRUE(host_.signedLogin.empty());
}

TEST_F(OwnLinkTest, AnUntrustedRelayIsToldAndTriedAgainSlowly) {
  relay_.dialFailures = {{LinkPhase::kTls, Cause::kFailed}};
  goOnline();
  EXPECT_EQ(describe(state()), "stopped untrusted");
  pass(limits::kUntrustedRetry - limits::milliseconds(1));
  EXPECT_EQ(relay_.dials, 1u);
  pass(limits::milliseconds(1));
  EXPECT_EQ(relay_.dials, 2u);
}

TEST_F(OwnLinkTest, ReplacedIsFinalUntilTheAppAsksAgain) {
  comeOnline();
  tellClosing(wire::Sink::Reason::REPLACED);
  settle();
  EXPECT_EQ(describe(state()), "stopped replaced");
  link([](Link& link) { link.networkChanged(); });
  pass(limits::kUntrustedRetry);
  EXPECT_EQ(relay_.dials, 1u);
  goOnline();
  EXPECT_EQ(host_.log.back(), "attached 0 0");
}

TEST_F(OwnLinkTest, TheReasonIsHeardThoughTheConnectionEndsWithIt) {
  comeOnline();
  tellClosing(wire::Sink::Reason::RETIRED);
  send(kj::evalLast([this] { relay_.cutAll(); }));
  settle();
  EXPECT_EQ(describe(state()), "stopped retired");
}

TEST_F(OwnLinkTest, ACallAnsweredReplacedEndsTheLinkToo) {
  comeOnline();
  relay_.mailbox = wire::MailboxOutcome::REPLACED;
  link([](Link& link) { link.keyStatus(1); });
  settle();
  EXPECT_EQ(host_.errorOf(1), Errc::kReplaced);
  EXPECT_EQ(describe(state()), "stopped replaced");
}

TEST_F(OwnLinkTest, AnAcknowledgementThatTheRelayCannotTakeBeginsANewSession) {
  comeOnline();
  relay_.mailbox = wire::MailboxOutcome::BUSY;
  link([](Link& link) { link.acknowledge(1, 1); });
  settle();
  EXPECT_EQ(describe(state()), "waiting");
  EXPECT_EQ(state().detail, "the relay is busy");
  relay_.mailbox = wire::MailboxOutcome::OK;
  pass(limits::kBackoffFirst);
  EXPECT_EQ(relay_.dials, 2u);
  EXPECT_EQ(describe(state()), "syncing 0");
}

TEST_F(OwnLinkTest, ADrainingRelayIsTriedAgain) {
  comeOnline();
  tellClosing(wire::Sink::Reason::DRAINING);
  settle();
  EXPECT_EQ(describe(state()), "waiting");
  pass(limits::kBackoffFirst);
  EXPECT_EQ(relay_.dials, 2u);
}

TEST_F(OwnLinkTest, AHalfOpenConnectionIsNoticedByItsPing) {
  comeOnline();
  pass(limits::kPingEvery);
  EXPECT_EQ(relay_.count("ping"), 1u);
  relay_.silent = {"ping"};
  pass(limits::kPingEvery + limits::kPingAnswer - limits::milliseconds(1));
  EXPECT_EQ(describe(state()), "online");
  pass(limits::milliseconds(1));
  EXPECT_EQ(describe(state()), "waiting");
  pass(limits::kBackoffFirst);
  EXPECT_EQ(relay_.dials, 2u);
}

TEST_F(OwnLinkTest, ALoginThatHangsIsGivenUp) {
  relay_.silent = {"login"};
  goOnline();
  pass(limits::kLoginTimeout - limits::milliseconds(1));
  EXPECT_EQ(describe(state()), "connecting");
  pass(limits::milliseconds(1));
  EXPECT_EQ(describe(state()), "waiting");
}

TEST_F(OwnLinkTest, DelaysGrowFromFailureToFailureAndBeginAnewAfterHealth) {
  relay_.dialFailures.assign(20, {LinkPhase::kConnect, Cause::kDisconnected});
  goOnline();
  limits::milliseconds ceiling = limits::kBackoffFirst;
  for (std::size_t attempt = 1; attempt <= 20; ++attempt) {
    ASSERT_EQ(relay_.dials, attempt);
    ASSERT_EQ(describe(state()), "waiting");
    const auto delay = *state().retryAt - clock_.now();
    ASSERT_LE(delay, ceiling);
    ceiling = std::min(ceiling * 2, limits::kBackoffMost);
    pass(delay);
  }
  EXPECT_EQ(host_.log.back(), "attached 0 0");
  pass(limits::kBackoffResetAfter);
  relay_.cutAll();
  settle();
  EXPECT_LE(*state().retryAt - clock_.now(), limits::kBackoffFirst);
}

TEST_F(OwnLinkTest, AChangedNetworkIsTriedAtOnce) {
  relay_.dialFailures.assign(12, {LinkPhase::kResolve, Cause::kFailed});
  goOnline();
  while (relay_.dials < 12) pass(limits::kBackoffMost);
  relay_.dialFailures = {{LinkPhase::kResolve, Cause::kFailed}};
  const std::size_t before = relay_.dials;
  link([](Link& link) { link.networkChanged(); });
  settle();
  EXPECT_EQ(relay_.dials, before + 1);
  EXPECT_LE(*state().retryAt - clock_.now(), limits::kBackoffFirst);
}

TEST_F(OwnLinkTest, AChangedNetworkMakesALiveLinkProveItself) {
  comeOnline();
  relay_.silent = {"ping"};
  link([](Link& link) { link.networkChanged(); });
  pass(limits::kPingAnswer);
  EXPECT_EQ(describe(state()), "waiting");
}

TEST_F(OwnLinkTest, GoingOfflineAnswersWhatIsOpenAndStaysOffline) {
  comeOnline();
  relay_.silent = {"keyStatus", "submit"};
  link([this](Link& link) {
    link.keyStatus(1);
    link.submit(recipient(), batch(), 2);
  });
  settle();
  link([](Link& link) { link.goOffline(); });
  settle();
  EXPECT_TRUE(mayHaveArrived({host_.errorOf(1), {}}));
  EXPECT_TRUE(mayHaveArrived({host_.errorOf(2), {}}));
  EXPECT_EQ(describe(state()), "offline");
  pass(limits::kUntrustedRetry);
  EXPECT_EQ(relay_.dials, 2u);
}

TEST_F(OwnLinkTest, OfflineAndOnlineAgainInOneBreathIsANewAttempt) {
  relay_.dialFailures = {{LinkPhase::kTls, Cause::kFailed}};
  goOnline();
  link([](Link& link) {
    link.goOffline();
    link.goOnline();
  });
  settle();
  EXPECT_EQ(relay_.dials, 2u);
  EXPECT_EQ(host_.log.back(), "attached 0 0");
}

TEST_F(OwnLinkTest, MailboxCallsAreAnsweredInTheirOwnTerms) {
  comeOnline();
  link([](Link& link) {
    link.publishKeys({toBytes(asBytes("keys")), {OneTimeKey{1, {}}}, KeyPublication::Mode::kRefill}, 1);
    link.keyStatus(2);
    link.publishManifest(toBytes(asBytes("manifest")), 3);
    link.setAccessKeys({{AccessKeyHash{}}, {AccessKeyHash{}}}, 4);
    link.swapAnchor(Anchor{}, Anchor{}, 5);
    link.acknowledge(0, 6);
    link.submitToOwn(batch(2), 7);
    link.fetchOwnManifest(8);
    link.fetchOwnBundles({someDevice()}, 9);
  });
  settle();
  EXPECT_EQ(host_.answer<MailboxAnswer>(1).counter, 7u);
  EXPECT_EQ(host_.answer<KeyStatusAnswer>(2).oneTimeKeys, 42u);
  EXPECT_EQ(host_.answer<MailboxAnswer>(3).outcome, MailboxAnswer::Outcome::kOk);
  EXPECT_EQ(host_.answer<MailboxAnswer>(4).outcome, MailboxAnswer::Outcome::kOk);
  EXPECT_FALSE(host_.answer<AnchorAnswer>(5).mismatch.has_value());
  EXPECT_EQ(host_.answer<MailboxAnswer>(6).outcome, MailboxAnswer::Outcome::kOk);
  EXPECT_EQ(std::get<0>(host_.answer<SubmitAnswer>(7).outcome).size(), 2u);
  EXPECT_EQ(host_.answer<ManifestAnswer>(8).manifest, toBytes(asBytes("manifest")));
  EXPECT_EQ(host_.answer<BundlesAnswer>(9).bundles.size(), 1u);
}

TEST_F(OwnLinkTest, AnAnchorMismatchTellsWhatTheRelayHolds) {
  comeOnline();
  relay_.mailbox = wire::MailboxOutcome::MISMATCH;
  link([](Link& link) { link.swapAnchor(*Anchor::from(Bytes(32, 6)), Anchor{}, 1); });
  settle();
  EXPECT_EQ(host_.answer<AnchorAnswer>(1).mismatch, Anchor::from(Bytes(32, 6)));
}

TEST_F(OwnLinkTest, ACallThatIsNotAnsweredTimesOutAndEndsTheConnection) {
  comeOnline();
  relay_.silent = {"keyStatus"};
  link([](Link& link) { link.keyStatus(1); });
  pass(limits::kCallTimeout);
  EXPECT_EQ(host_.errorOf(1), Errc::kTimedOut);
  EXPECT_EQ(describe(state()), "waiting");
}

TEST_F(OwnLinkTest, ACallWhoseAnswerStandsBehindPagesHasTheTimeThatTheyTakeOverASlowLink) {
  comeOnline();
  relay_.silent = {"keyStatus"};
  link([](Link& link) { link.keyStatus(1); });
  deliver({1, 2, 3, 4}, 50'000);
  pass(limits::kCallTimeout);
  EXPECT_FALSE(host_.answers.contains(1));
  deliver({5}, 50'000);
  pass(std::chrono::seconds(250'000 / kSlowestBytesPerSecond) - limits::kCallTimeout - std::chrono::seconds(1));
  EXPECT_FALSE(host_.answers.contains(1));
  pass(std::chrono::seconds(2));
  EXPECT_EQ(host_.errorOf(1), Errc::kTimedOut) << "nothing arrived any more";
}

TEST_F(OwnLinkTest, APingBehindWhatStillArrivesIsNotLate) {
  comeOnline();
  relay_.silent = {"ping"};
  pass(limits::kPingEvery);
  for (std::uint64_t number = 1; number <= 10; ++number) {
    deliver({number});
    pass(limits::kPingAnswer - std::chrono::seconds(1));
  }
  EXPECT_EQ(relay_.dials, 1u);
  pass(limits::kPingAnswer * 2);
  EXPECT_EQ(relay_.dials, 2u) << "nothing arrived any more";
}

TEST_F(OwnLinkTest, ARelayThatSendsNeitherMailNorThatThereIsNoneIsGivenUp) {
  constexpr std::chrono::seconds kMost(limits::kWindowBytes / kSlowestBytesPerSecond);
  relay_.last = 2;
  link([](Link& link) { link.goOnline(); });
  settle();
  pass(kMost - std::chrono::seconds(1));
  deliver({1});
  pass(kMost * 3);
  EXPECT_EQ(relay_.dials, 1u) << "it waits for the acknowledgement";
  link([](Link& link) { link.acknowledge(1, 1); });
  pass(kMost);
  EXPECT_EQ(describe(state()), "syncing 1");
  pass(kMost);
  EXPECT_EQ(relay_.dials, 2u);
}

TEST_F(OwnLinkTest, ARelayThatHasSentAllMayBeSilent) {
  comeOnline();
  pass(std::chrono::hours(1));
  EXPECT_EQ(relay_.dials, 1u);
  EXPECT_EQ(describe(state()), "online");
}

TEST_F(OwnLinkTest, CallsAreRefusedWhileThereIsNoLink) {
  link([](Link& link) {
    link.keyStatus(1);
    link.acknowledge(1, 2);
  });
  settle();
  EXPECT_EQ(host_.errorOf(1), Errc::kOffline);
  EXPECT_EQ(host_.errorOf(2), Errc::kOffline);
}

TEST_F(OwnLinkTest, PagesOutOfOrderEndTheLink) {
  comeOnline();
  deliver({2, 1});
  settle();
  EXPECT_EQ(describe(state()), "waiting");
  EXPECT_TRUE(host_.pages.empty());
}

TEST_F(OwnLinkTest, ARelayThatOverrunsTheWindowIsCutOff) {
  comeOnline();
  std::uint64_t number = 0;
  for (int page = 0; page < 6; ++page) {
    std::vector<std::uint64_t> numbers(limits::kPageEnvelopes);
    for (auto& one : numbers) one = ++number;
    deliver(numbers);
    settle();
  }
  EXPECT_EQ(host_.pages.size(), 5u);
  EXPECT_EQ(describe(state()), "waiting");
}

TEST_F(OwnLinkTest, AcknowledgingMakesRoomInTheWindow) {
  comeOnline();
  std::uint64_t number = 0;
  for (int page = 0; page < 12; ++page) {
    std::vector<std::uint64_t> numbers(limits::kPageEnvelopes);
    for (auto& one : numbers) one = ++number;
    deliver(numbers);
    settle();
    link([number](Link& link) { link.acknowledge(number, number); });
    settle();
  }
  EXPECT_EQ(host_.pages.size(), 12u);
  EXPECT_EQ(describe(state()), "online");
}

TEST_F(OwnLinkTest, APageThatCrossesTheAnswerToAttachWaitsForIt) {
  relay_.silent = {"attach"};
  relay_.last = 1;
  goOnline();
  deliver({1});
  settle();
  EXPECT_TRUE(host_.pages.empty());
}

// Whatever is lost, wherever: each ticket has one answer, and the link recovers.
class CutTest : public OwnLinkTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void callEverything() {
    link([this](Link& link) {
      Ticket ticket = first_;
      link.publishKeys({{}, {}, KeyPublication::Mode::kRefill}, ticket++);
      link.keyStatus(ticket++);
      link.publishManifest({}, ticket++);
      link.setAccessKeys({}, ticket++);
      link.swapAnchor({}, {}, ticket++);
      link.acknowledge(0, ticket++);
      link.submitToOwn(batch(), ticket++);
      link.fetchOwnManifest(ticket++);
      link.fetchOwnBundles({}, ticket++);
      link.submit(recipient(), batch(3, 30'000), ticket++);
      link.fetchManifest(recipient(), ticket++);
      link.fetchKeys(recipient(), {someDevice()}, ticket++);
      link.fetchBundles(recipient(), {someDevice()}, ticket++);
      first_ = ticket;
    });
  }
  void expectOneAnswerEach() {
    EXPECT_EQ(host_.answers.size(), first_ - 1);
    for (const auto& [ticket, answers] : host_.answers) EXPECT_EQ(answers.size(), 1u) << ticket;
  }
  void runThrough() {
    goOnline();
    callEverything();
    pass(limits::kCallTimeout * 2);
    relay_.cutAfterWrites.reset();
    relay_.cutAtCall.reset();
    relay_.cutAll();
    pass(limits::kBackoffMost * 2);
    callEverything();
    pass(limits::kCallTimeout * 2);
    expectOneAnswerEach();
    EXPECT_TRUE(host_.answers.at(first_ - 1).at(0).has_value());
    EXPECT_TRUE(host_.answers.at(first_ - 5).at(0).has_value());
  }

  Ticket first_ = 1;
};

TEST_P(CutTest, WhatTheRelaySends) {
  relay_.cutAfterWrites = GetParam();
  runThrough();
}

TEST_P(CutTest, WhatTheRelayHears) {
  relay_.cutAtCall = GetParam();
  runThrough();
}

INSTANTIATE_TEST_SUITE_P(EveryMessage, CutTest, ::testing::Range<std::size_t>(0, 40));

TEST_F(OwnLinkTest, AHostThatCallsBackFromItsAnswersIsAnswered) {
  comeOnline();
  Ticket next = 2;
  host_.onceAnswered = [&] {
    if (next < 50) link_->keyStatus(next++);
  };
  link([](Link& link) { link.keyStatus(1); });
  settle();
  EXPECT_EQ(host_.answers.size(), 49u);
}

TEST_F(OwnLinkTest, AHostMayGoOfflineFromWhereverItIsCalled) {
  host_.onceAttached = [this] { link_->goOffline(); };
  goOnline();
  EXPECT_EQ(describe(state()), "offline");
}

TEST_F(OwnLinkTest, TheLinkMayGoWithCallsOpen) {
  comeOnline();
  relay_.silent = {"keyStatus", "submit"};
  link([this](Link& link) {
    link.keyStatus(1);
    link.submit(recipient(), batch(), 2);
  });
  settle();
  link_ = nullptr;
  settle();
  EXPECT_TRUE(host_.answers.empty());
}

}  // namespace
}  // namespace waxwing::testing
