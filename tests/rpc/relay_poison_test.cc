#include "tests/rpc/relay_fixture.h"

namespace waxwing::testing {
namespace {

using Event = relay::RelayObserver::Event;

// Relay rule 9 over the wire: a device that takes an envelope over and never acknowledges it.
class RelayPoisonTest : public RelayTest {
 protected:
  ~RelayPoisonTest() noexcept override = default;
  void meet(std::size_t envelopes) {
    auto& client = connect();
    ASSERT_EQ(registerAccount(client, alice_), wire::RegisterOutcome::OK);
    auto mailbox = mailboxOf(client, alice_);
    setContactKey(mailbox, aliceKey_);
    submit(recipient(client, alice_.id(), aliceKey_), alice_, envelopes);
  }
  // A link that takes over what comes and is replaced by the next, or cut with `hangUp`.
  Delivered visit(std::uint64_t acknowledged = 0) {
    Delivered seen;
    const std::size_t before = clientCount();
    auto mailbox = mailboxOf(connect(), alice_);
    attach(mailbox, seen);
    settle();
    if (acknowledged > 0) acknowledge(mailbox, acknowledged);
    hangUp(before);
    settle();
    return seen;
  }
};

TEST_F(RelayPoisonTest, EachLinkThatEndsWithoutAcknowledgementIsAnAttempt) {
  meet(3);
  EXPECT_EQ(visit().attempts, std::vector<std::uint32_t>{0});
  EXPECT_EQ(visit().attempts, std::vector<std::uint32_t>{1});
  EXPECT_EQ(visit(1).attempts, std::vector<std::uint32_t>{2}) << "acknowledged at last";
  EXPECT_EQ(visit().attempts, std::vector<std::uint32_t>{1}) << "the next one: its own count";
}

TEST_F(RelayPoisonTest, ASinkThatDidNotAnswerIsNoAttempt) {
  meet(1);
  for (int i = 0; i < 2; ++i) {
    const std::size_t before = clientCount();
    Delivered seen;
    auto mailbox = mailboxOf(connect(), alice_);
    attach(loop_.waitScope(), mailbox, kj::heap<TestSink>(seen, TestSink::Answering::kNever));
    settle();
    EXPECT_EQ(seen.attempts, std::vector<std::uint32_t>{0});
    hangUp(before);
    settle();
  }
}

TEST_F(RelayPoisonTest, ASuspectComesByItselfAndTheRestBehindIt) {
  meet(3);
  for (int i = 0; i < 3; ++i) visit();
  const auto seen = visit();
  EXPECT_EQ(seen.attempts, (std::vector<std::uint32_t>{3, 0})) << "two pages";
  EXPECT_EQ(seen.numbers, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(RelayPoisonTest, AtEightOverADayItIsSetAsideAndCanBeFetched) {
  meet(2);
  for (int i = 0; i < 7; ++i) visit();
  passADay();
  EXPECT_TRUE(visit().gaps.empty());
  EXPECT_EQ(observer_.counts[Event::kSetAside], 1u);
  const auto seen = visit();
  EXPECT_EQ(seen.numbers, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(seen.gaps, std::vector<std::uint64_t>{1});
  EXPECT_EQ(seen.attempts, std::vector<std::uint32_t>{0});

  auto mailbox = mailboxOf(connect(), alice_);
  const auto kept = wait(mailbox.setAsideRequest().send());
  EXPECT_EQ(kept.getOutcome(), wire::MailboxOutcome::OK);
  ASSERT_EQ(kept.getItems().size(), 1u);
  EXPECT_EQ(kept.getItems()[0].getNumber(), 1u);
  EXPECT_EQ(kept.getItems()[0].getEnvelope().getPayload().size(), 300u);
  auto after = mailbox.setAsideRequest();
  after.setAfter(1);
  EXPECT_EQ(wait(after.send()).getItems().size(), 0u);
}

TEST_F(RelayPoisonTest, ARelayThatGoesDownIsNoAttempt) {
  meet(1);
  Delivered seen;
  attach(mailboxOf(connect(), alice_), seen);
  settle();
  wait(server().drain());
  restart();
  EXPECT_EQ(visit().attempts, std::vector<std::uint32_t>{0});
}

}  // namespace
}  // namespace waxwing::testing
