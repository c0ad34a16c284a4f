#include "outbox/manifests.h"

#include <gmock/gmock.h>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ManifestsTest : public ::testing::Test {
 protected:
  void SetUp() override { world_.meet(alice_, bob_); }

  // Bob's relay answers every submission with these bytes while Alice tries to send.
  void submitAgainst(Bytes answer) {
    world_.relay().staleAnswer = std::move(answer);
    ASSERT_TRUE(alice_.outbox().send(bob_.account(), "for bob"));
    world_.runFor(std::chrono::seconds(30));
  }
  void relayIsHonestAgain() {
    world_.relay().staleAnswer.clear();
    world_.runFor(std::chrono::minutes(2));
    world_.settle();
  }
  // A list of Bob's that his own key signed, changed by `change`.
  Bytes signedByBob(const std::function<void(Manifest&)>& change) {
    const OwnDevice bob = OwnDevice::load(bob_.database()).value();
    ManifestBook book(bob_.database(), world_.clock);
    Manifest manifest = book.find(bob_.account())->manifest();
    change(manifest);
    return toBytes(SignedManifest::sign(manifest, *bob.accountKey()).value().bytes());
  }
  // Into the client's book, as if it had come by another way than its relay.
  ManifestOrder givenTo(WorldClient& client, ByteView list) {
    ManifestOrder order{};
    client.goOffline();
    {
      Transaction transaction(client.database(), CommitPoint::kDevices);
      ManifestBook book(client.database(), world_.clock);
      order = book.adopt(transaction, SignedManifest::parse(list).value()).order;
      transaction.commit();
    }
    client.restart();
    client.goOnline();
    return order;
  }

  World world_{21};
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
};

TEST_F(ManifestsTest, AStaleListIsIgnored) {
  const Bytes old = signedByBob([](Manifest& manifest) { manifest.version = manifest.issuedAt -= 100; });
  submitAgainst(old);
  EXPECT_THAT(bob_.received(alice_.account()), IsEmpty());
  EXPECT_FALSE(alice_.outbox().findContact("bob")->equivocates);
  relayIsHonestAgain();
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
}

TEST_F(ManifestsTest, AForgedListIsRefused) {
  Bytes forged = signedByBob([](Manifest& manifest) { manifest.version += 100; });
  forged.back() ^= 1;
  submitAgainst(forged);
  relayIsHonestAgain();
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
  EXPECT_EQ(alice_.count(bob_.account(), TimelineItem::Kind::kDeviceAdded), 0u);
}

TEST_F(ManifestsTest, AnotherAccountsListIsRefused) {
  ManifestBook book(alice_.database(), world_.clock);
  submitAgainst(toBytes(book.find(alice_.account())->bytes()));
  relayIsHonestAgain();
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
}

TEST_F(ManifestsTest, TwoListsOfOneVersionStopEverythingUntilTheUserDecides) {
  const Bytes twin = signedByBob([](Manifest& manifest) { manifest.issuedAt -= 1; });
  submitAgainst(twin);
  EXPECT_TRUE(alice_.outbox().findContact("bob")->equivocates);
  EXPECT_EQ(alice_.count(bob_.account(), TimelineItem::Kind::kEquivocation), 1u);
  EXPECT_EQ(alice_.outbox().message(bob_.account(), alice_.outbox().messages(bob_.account(), {}).front().id)->pending,
            PendingReason::kEquivocation);
  relayIsHonestAgain();
  EXPECT_THAT(bob_.received(alice_.account()), IsEmpty());

  const auto between = alice_.outbox().equivocation(bob_.account());
  ASSERT_TRUE(between);
  EXPECT_FALSE(alice_.outbox().trustManifest(bob_.account(), Hash{}));
  ASSERT_TRUE(alice_.outbox().trustManifest(bob_.account(), between->first));
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(alice_.outbox().findContact("bob")->equivocates);
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
}

// Both of Alice's devices held the list without Bob's tablet and were shown the one with it.
TEST_F(ManifestsTest, WhatTheUserDecidedOnOneDeviceIsFollowedOnTheOther) {
  WorldClient& phone = world_.addDevice(alice_, "alice-phone");
  ASSERT_TRUE(world_.settle());
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  ASSERT_TRUE(world_.settle());
  const Bytes without = signedByBob([&](Manifest& manifest) {
    std::erase_if(manifest.devices, [&](const ManifestDevice& one) { return one.id == tablet.address().device; });
  });
  world_.relay().staleAnswer = without;
  for (WorldClient* device : {&alice_, &phone}) ASSERT_TRUE(device->outbox().send(bob_.account(), device->name()));
  world_.runFor(std::chrono::seconds(30));
  world_.relay().staleAnswer = signedByBob([](Manifest&) {});
  world_.runFor(std::chrono::minutes(5));
  relayIsHonestAgain();
  for (WorldClient* device : {&alice_, &phone}) ASSERT_TRUE(device->outbox().findContact("bob")->equivocates);
  EXPECT_THAT(bob_.received(alice_.account()), IsEmpty());

  ASSERT_TRUE(alice_.outbox().trustManifest(bob_.account(), bob_.outbox().ownManifest()));
  ASSERT_TRUE(world_.settle());
  EXPECT_FALSE(phone.outbox().findContact("bob")->equivocates);
  EXPECT_THAT(bob_.received(alice_.account()), UnorderedElementsAre("alice", "alice-phone"));
  EXPECT_THAT(tablet.received(alice_.account()), UnorderedElementsAre("alice", "alice-phone"));
}

// Her messages name it as the one that she holds; he sees that it is not his, and his next envelope brings his own.
TEST_F(ManifestsTest, WhoHoldsATwinOfOursIsShownOurs) {
  const auto twin = [&](int age) {
    return signedByBob([&](Manifest& manifest) {
      manifest.version += 1;
      manifest.issuedAt -= static_cast<unsigned>(age);
    });
  };
  const Bytes hers = twin(1);
  ASSERT_EQ(givenTo(bob_, twin(0)), ManifestOrder::kNewer);
  ASSERT_EQ(givenTo(alice_, hers), ManifestOrder::kNewer);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "for bob"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
  EXPECT_TRUE(alice_.outbox().findContact("bob")->equivocates);
}

TEST_F(ManifestsTest, AListThatBringsBackARetiredDeviceIsRefusedAndReported) {
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "first"));
  ASSERT_TRUE(world_.settle());
  const Bytes before = signedByBob([](Manifest& manifest) { manifest.version += 1'000'000; });
  ASSERT_TRUE(bob_.outbox().retireDevice(tablet.address().device));
  ASSERT_TRUE(world_.settle());
  const std::size_t shown = alice_.count(bob_.account(), TimelineItem::Kind::kEquivocation);
  submitAgainst(before);
  EXPECT_EQ(alice_.count(bob_.account(), TimelineItem::Kind::kEquivocation), shown + 1) << "however often it comes";
  relayIsHonestAgain();
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("first", "for bob"));
  EXPECT_THAT(tablet.received(alice_.account()), ElementsAre("first"));
}

// The relay was restored to before a retirement, and has taken a newer list without it: of a copy of the primary, say.
TEST_F(ManifestsTest, AListOfOnesOwnThatBringsBackARetiredDeviceIsSuperseded) {
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  ASSERT_TRUE(world_.settle());
  const DeviceId retired = tablet.address().device;
  const Bytes without = signedByBob([](Manifest& manifest) { manifest.version += 1'000'000; });
  for (WorldClient* client : {&alice_, &bob_, &tablet}) client->goOffline();
  world_.relay().copyAside();
  bob_.goOnline();
  ASSERT_TRUE(bob_.outbox().retireDevice(retired));
  world_.runFor(std::chrono::minutes(1));
  bob_.goOffline();
  world_.relay().putBack();
  const relay::LoginRef login = world_.relay().login(bob_.address()).login;
  ASSERT_EQ(world_.relay().publishManifest(login, without).outcome, MailboxAnswer::Outcome::kOk);

  bob_.goOnline();
  world_.runFor(std::chrono::minutes(5));
  const auto held = SignedManifest::parse(world_.relay().ownManifest(bob_.account()).manifest);
  ASSERT_TRUE(held);
  EXPECT_TRUE((*held)->isRetired(retired));
  EXPECT_EQ((*held)->find(retired), nullptr);
  alice_.goOnline();
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "for bob"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
}

// A copy of the primary signed a list by the same number.
TEST_F(ManifestsTest, AnotherListOfTheVersionOfOnesOwnIsSuperseded) {
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  ASSERT_TRUE(world_.settle());
  const DeviceId retired = tablet.address().device;
  std::uint64_t version = 0;
  bob_.goOffline();
  tablet.goOffline();
  const Bytes before = signedByBob([](Manifest& manifest) { manifest.version += 1; });
  ASSERT_TRUE(bob_.outbox().retireDevice(retired));
  signedByBob([&](Manifest& manifest) { version = manifest.version; });
  const Bytes twin = signedByBob([&](Manifest& manifest) {
    manifest = SignedManifest::parse(before).value().manifest();
    manifest.version = version;
  });
  const relay::LoginRef login = world_.relay().login(bob_.address()).login;
  ASSERT_EQ(world_.relay().publishManifest(login, twin).outcome, MailboxAnswer::Outcome::kOk);

  bob_.goOnline();
  world_.runFor(std::chrono::minutes(5));
  EXPECT_FALSE(bob_.outbox().equivocation(bob_.account()));
  const auto held = SignedManifest::parse(world_.relay().ownManifest(bob_.account()).manifest);
  ASSERT_TRUE(held);
  EXPECT_GT((*held)->version, version);
  EXPECT_TRUE((*held)->isRetired(retired));
  EXPECT_EQ(bob_.count(bob_.account(), TimelineItem::Kind::kEquivocation), 1u);
  ASSERT_TRUE(alice_.outbox().send(bob_.account(), "for bob"));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.received(alice_.account()), ElementsAre("for bob"));
}

TEST_F(ManifestsTest, TwoListsOfOnesOwnDevicesAreSettledByTheUserOfEach) {
  WorldClient& tablet = world_.addDevice(bob_, "bob-tablet");
  ASSERT_TRUE(world_.settle());
  const Bytes twin = signedByBob([](Manifest& manifest) { manifest.issuedAt -= 1; });
  ASSERT_EQ(givenTo(tablet, twin), ManifestOrder::kEquivocation);
  ASSERT_TRUE(tablet.outbox().send(alice_.account(), "to all"));
  world_.runFor(std::chrono::minutes(5));
  EXPECT_THAT(alice_.received(bob_.account()), ElementsAre("to all"));
  EXPECT_THAT(bob_.texts(alice_.account()), IsEmpty());
  const auto owed = tablet.outbox().outbox();
  ASSERT_FALSE(owed.empty());
  EXPECT_EQ(owed.front().reason, PendingReason::kEquivocation);

  const auto between = tablet.outbox().equivocation(bob_.account());
  ASSERT_TRUE(between);
  ASSERT_TRUE(tablet.outbox().trustManifest(bob_.account(), between->first));
  ASSERT_TRUE(world_.settle());
  EXPECT_THAT(bob_.texts(alice_.account()), ElementsAre("to all"));
}

}  // namespace
}  // namespace waxwing::testing
