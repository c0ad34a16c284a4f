#include "outbox/contacts.h"

#include <gmock/gmock.h>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ContactsTest : public ::testing::Test {
 protected:
  void request() {
    invite_ = bob_.outbox().createInvite().value().text();
    world_.settle();
    ASSERT_TRUE(alice_.outbox().addContact("bob", Invite::parse(invite_).value()));
    world_.settle();
  }

  World world_;
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
  std::string invite_;
};

TEST_F(ContactsTest, ARequestWaitsAndNothingGoesOutBecauseOfIt) {
  request();
  const auto asked = bob_.outbox().findContact(alice_.account());
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->state, ContactState::kRequested);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "too early"));
  world_.settle();
  world_.runFor(std::chrono::minutes(5));

  EXPECT_EQ(alice_.outbox().messages(bob_.account(), {}).back().pending, PendingReason::kWaitingForAcceptance);
  EXPECT_THAT(bob_.received(alice_.account()), IsEmpty());
  for (const auto& submitted : world_.relay().wire) EXPECT_NE(submitted.to, alice_.account());
  EXPECT_FALSE(bob_.outbox().send(alice_.account(), "no"));
}

TEST_F(ContactsTest, AcceptingLetsEverythingThroughInOrder) {
  request();
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "one"));
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "two"));
  ASSERT_TRUE(bob_.outbox().acceptContact(alice_.account(), "alice"));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(alice_.outbox().findContact("bob")->state, ContactState::kAccepted);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two"));
  EXPECT_THAT(alice_.states(bob_.account()), Each(DeliveryState::kDelivered));
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
}

TEST_F(ContactsTest, TwoWhoInviteEachOtherHaveAcceptedEachOther) {
  const Invite toBob = bob_.outbox().createInvite().value();
  const Invite toAlice = alice_.outbox().createInvite().value();
  world_.settle();
  ASSERT_TRUE(alice_.outbox().addContact("bob", toBob));
  ASSERT_TRUE(bob_.outbox().addContact("alice", toAlice));
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(alice_.outbox().findContact("bob")->state, ContactState::kAccepted);
  EXPECT_EQ(bob_.outbox().findContact("alice")->state, ContactState::kAccepted);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "hello"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("hello"));
}

TEST_F(ContactsTest, NamesAreUniqueAndOnesOwnInviteIsRefused) {
  request();
  const Invite own = alice_.outbox().createInvite().value();
  EXPECT_EQ(alice_.outbox().addContact("me", own).error().code, Errc::kBadInvite);
  WorldClient& carol = world_.addAccount("carol");
  const Invite third = carol.outbox().createInvite().value();
  EXPECT_EQ(alice_.outbox().addContact("bob", third).error().code, Errc::kNameTaken);
  EXPECT_EQ(alice_.outbox().send(carol.account(), "who").error().code, Errc::kUnknownContact);
}

// What the relay accepts for `to` and forgets.
class LostContactsTest : public ContactsTest {
 protected:
  void loseTo(const WorldClient& to) {
    world_.relay().loses = [device = to.address()](const DeviceAddress& recipient) { return recipient == device; };
  }
  void loseNothing() { world_.relay().loses = nullptr; }
  std::size_t sentTo(const WorldClient& to) {
    return static_cast<std::size_t>(std::ranges::count(world_.relay().wire, to.account(), &WorldRelay::Submitted::to));
  }
  // Alice and Bob meet; then he replaces his contact key so many times, while all that goes to `lost` is lost.
  void meetAndRotate(std::size_t times, const WorldClient& lost) {
    world_.meet(alice_, bob_);
    std::vector<WorldClient*> others;
    for (std::size_t i = 0; i < times; ++i) {
      others.push_back(&world_.addAccount("other-" + std::to_string(i)));
      world_.meet(*others.back(), bob_);
    }
    loseTo(lost);
    for (const WorldClient* other : others) ASSERT_TRUE(bob_.outbox().blockContact(other->account()));
    ASSERT_TRUE(world_.settle());
    loseNothing();
  }
};

TEST_F(LostContactsTest, ARequestThatWasLostIsMadeAgainAheadOfTheTextsThatWait) {
  loseTo(bob_);
  request();
  loseNothing();
  ASSERT_FALSE(bob_.outbox().findContact(alice_.account()));
  for (const char* text : {"one", "two"}) ASSERT_TRUE(alice_.outbox().send(bob_.account(), text));
  world_.runFor(std::chrono::minutes(11));
  ASSERT_TRUE(bob_.outbox().findContact(alice_.account()));
  ASSERT_TRUE(bob_.outbox().acceptContact(alice_.account(), "alice"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one", "two"));
  EXPECT_EQ(bob_.count(alice_.account(), TimelineItem::Kind::kHole), 0u);
}

TEST_F(LostContactsTest, AnAcceptanceThatWasLostIsGivenAgain) {
  request();
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "one"));
  loseTo(alice_);
  ASSERT_TRUE(bob_.outbox().acceptContact(alice_.account(), "alice"));
  ASSERT_TRUE(bob_.outbox().send(alice_.account(), "and from me"));
  ASSERT_TRUE(world_.settle());
  loseNothing();
  ASSERT_EQ(alice_.outbox().findContact("bob")->state, ContactState::kInvited);
  world_.runFor(std::chrono::minutes(15));
  EXPECT_EQ(alice_.outbox().findContact("bob")->state, ContactState::kAccepted);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("one"));
  EXPECT_THAT(alice_.received(bob_.account()), ElementsAre("and from me"));
}

TEST_F(LostContactsTest, AKeyThatWasRotatedAndLostIsToldAgain) {
  meetAndRotate(limits::kPastContactKeys + 1, alice_);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "waits for the key"));
  ASSERT_TRUE(world_.settle());
  ASSERT_EQ(alice_.outbox().messages(bob_.account(), {}).back().pending, PendingReason::kAccessRenewal);
  world_.runFor(std::chrono::minutes(30));
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("waits for the key"));
  const auto sent = sentTo(alice_);
  world_.runFor(std::chrono::hours(48));
  EXPECT_LE(sentTo(alice_) - sent, 1u) << "it is known to have arrived";
}

TEST_F(LostContactsTest, AKeyThatWasRotatedStillOpens) {
  meetAndRotate(limits::kPastContactKeys, alice_);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "by the key of long ago"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("by the key of long ago"));
}

// It has the key, and what says so was lost.
TEST_F(LostContactsTest, AKeyThatIsToldInVainIsAnsweredAgain) {
  meetAndRotate(1, bob_);
  const auto sent = sentTo(alice_);
  world_.runFor(std::chrono::hours(48));
  EXPECT_LE(sentTo(alice_) - sent, 4u) << "it is known to have arrived";
}

TEST_F(LostContactsTest, WhoDoesNotAnswerIsAskedAFewTimesAndSeesOneRequest) {
  request();
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "too early"));
  const auto events = bob_.events.size();
  const auto before = sentTo(bob_);
  world_.runFor(std::chrono::hours(24 * 10));
  EXPECT_EQ(sentTo(bob_) - before, limits::kResendsMost);
  const auto told =
      std::count_if(bob_.events.begin() + static_cast<std::ptrdiff_t>(events), bob_.events.end(),
                    [](const Event& event) { return std::holds_alternative<event::ContactChanged>(event); });
  EXPECT_EQ(told, 0);
  EXPECT_EQ(sentTo(alice_), 0u) << "a stranger makes nothing go out";
}

TEST_F(ContactsTest, ABlockedContactReachesNobodyAndTheOthersStayConnected) {
  WorldClient& carol = world_.addAccount("carol");
  world_.meet(alice_, bob_);
  world_.meet(carol, bob_);
  ASSERT_TRUE(bob_.outbox().blockContact(alice_.account()));
  ASSERT_TRUE(world_.settle());
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "let me in"));
  ASSERT_TRUE(carol.outbox().send(bob_.account(), "still here"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), IsEmpty());
  EXPECT_THAT(bob_.received(carol.account()), ElementsAre("still here"));
  EXPECT_THAT(alice_.states(bob_.account()), ElementsAre(DeliveryState::kSent)) << "she does not learn of it";
  EXPECT_EQ(bob_.outbox().send(alice_.account(), "no").error().code, Errc::kNotAllowed);
}

TEST_F(ContactsTest, ReceiptsCanBeSwitchedOff) {
  world_.meet(alice_, bob_);
  bob_.outbox().switchDeliveredReceipts(Outbox::ReceiptSwitch::kOff);
  bob_.outbox().switchReadReceipts(Outbox::ReceiptSwitch::kOff);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "hello"));
  ASSERT_TRUE(world_.settle());
  bob_.readAll(alice_.account());
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(alice_.states(bob_.account()), ElementsAre(DeliveryState::kSent));
  bob_.outbox().switchReadReceipts(Outbox::ReceiptSwitch::kOn);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "again"));
  ASSERT_TRUE(world_.settle());
  bob_.readAll(alice_.account());
  ASSERT_TRUE(world_.settle());
  EXPECT_EQ(alice_.states(bob_.account()).back(), DeliveryState::kRead);
}

}  // namespace
}  // namespace waxwing::testing
