#include <numeric>

#include "tests/rpc/relay_fixture.h"

namespace waxwing::testing {
namespace {

using wire::AccessOutcome;
using wire::MailboxOutcome;

// Alice is registered, reachable by her contact key, and logged in.
class RelayQueueTest : public RelayTest {
 protected:
  ~RelayQueueTest() noexcept override = default;
  void SetUp() override {
    RelayTest::SetUp();
    options.windowEnvelopes = 8;
  }
  void meet() {
    auto& client = connect();
    ASSERT_EQ(registerAccount(client, alice_), wire::RegisterOutcome::OK);
    mailbox_ = mailboxOf(client, alice_);
    setContactKey(mailbox_, aliceKey_);
    sender_ = &connect();
  }
  wire::Recipient::Client toAlice() { return recipient(*sender_, alice_.id(), aliceKey_); }
  static std::vector<std::uint64_t> upTo(std::uint64_t last) {
    std::vector<std::uint64_t> numbers(last);
    std::iota(numbers.begin(), numbers.end(), 1);
    return numbers;
  }

  wire::Mailbox::Client mailbox_{nullptr};
  TestClient* sender_ = nullptr;
};

TEST_F(RelayQueueTest, DeliversWhatWaitsInOrderThenFencesAfterItWasAcknowledged) {
  meet();
  submit(toAlice(), alice_, 5);
  Delivered seen;
  EXPECT_EQ(attach(mailbox_, seen), 5u);
  settle();
  EXPECT_EQ(seen.numbers, upTo(5));
  EXPECT_EQ(seen.keyClasses.front(), wire::Item::KeyClass::CONTACT);
  EXPECT_EQ(seen.fences, 0);
  acknowledge(mailbox_, 4);
  settle();
  EXPECT_EQ(seen.fences, 0);
  acknowledge(mailbox_, 5);
  settle();
  EXPECT_EQ(seen.fences, 1);
  submit(toAlice(), alice_, 1);
  settle();
  EXPECT_EQ(seen.numbers, upTo(6)) << "an attached mailbox is woken";
  EXPECT_EQ(seen.fences, 1);
}

TEST_F(RelayQueueTest, FencesAtOnceWhereNothingWaits) {
  meet();
  Delivered seen;
  attach(mailbox_, seen);
  settle();
  EXPECT_EQ(seen.fences, 1);
}

TEST_F(RelayQueueTest, NeverHasMoreThanTheWindowOutstanding) {
  meet();
  submit(toAlice(), alice_, 30);
  Delivered seen;
  attach(mailbox_, seen);
  settle();
  EXPECT_EQ(seen.numbers, upTo(8));
  acknowledge(mailbox_, 3);
  settle();
  EXPECT_EQ(seen.numbers, upTo(11));
  for (const std::uint64_t mark : {11, 19, 27, 30}) {
    acknowledge(mailbox_, mark);
    settle();
  }
  EXPECT_EQ(seen.numbers, upTo(30));
  EXPECT_EQ(seen.fences, 1);
}

TEST_F(RelayQueueTest, TheWindowIsBoundInBytesToo) {
  options.windowBytes = 200'000;
  meet();
  for (int i = 0; i < 4; ++i) submit(toAlice(), alice_, 1, 100'000);
  Delivered seen;
  attach(mailbox_, seen);
  settle();
  EXPECT_EQ(seen.numbers, upTo(2));
  EXPECT_LE(seen.largestPage, 200'000u);
  acknowledge(mailbox_, 2);
  settle();
  EXPECT_EQ(seen.numbers, upTo(4));
}

TEST_F(RelayQueueTest, WhatWasNotAcknowledgedComesAgain) {
  meet();
  submit(toAlice(), alice_, 3);
  Delivered first;
  attach(mailbox_, first);
  settle();
  acknowledge(mailbox_, 1);
  Delivered second;
  attach(mailboxOf(connect(), alice_), second);
  settle();
  EXPECT_EQ(second.numbers, (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(RelayQueueTest, ANumberThatWasNeverDeliveredCannotBeAcknowledged) {
  meet();
  auto request = mailbox_.acknowledgeRequest();
  request.setUpTo(1);
  EXPECT_EQ(failure(request.send()), kj::Exception::Type::FAILED);
  EXPECT_EQ(acknowledge(mailbox_, 0), MailboxOutcome::OK);
}

TEST_F(RelayQueueTest, ASinkIsAttachedOnce) {
  meet();
  Delivered seen;
  attach(mailbox_, seen);
  auto request = mailbox_.attachRequest();
  request.setSink(kj::heap<TestSink>(seen));
  EXPECT_EQ(failure(request.send()), kj::Exception::Type::FAILED);
}

TEST_F(RelayQueueTest, TheSameEnvelopeIsAcceptedAgainAndKeptOnce) {
  meet();
  const auto id = random_.fixed<EnvelopeId>();
  for (int i = 0; i < 2; ++i) {
    auto request = toAlice().submitRequest();
    request.setManifestVersion(alice_.version());
    fill(request.initEnvelopes(1)[0], id, 300, 1);
    EXPECT_TRUE(wait(request.send()).getItems()[0].isAccepted());
  }
  Delivered seen;
  EXPECT_EQ(attach(mailbox_, seen), 1u);
}

TEST_F(RelayQueueTest, AnOldManifestVersionGetsTheNewerManifest) {
  meet();
  alice_.addDevice(random_);
  auto publish = mailbox_.publishManifestRequest();
  const auto newer = alice_.manifest();
  publish.setManifest(toData(newer.bytes()));
  ASSERT_EQ(wait(publish.send()).getOutcome(), MailboxOutcome::OK);
  auto request = toAlice().submitRequest();
  request.setManifestVersion(alice_.version() - 1);
  fill(request.initEnvelopes(1)[0], random_.fixed<EnvelopeId>(), 300, 1);
  const auto response = wait(request.send());
  ASSERT_TRUE(response.isStaleManifest());
  EXPECT_EQ(bytesOf(response.getStaleManifest()), toBytes(newer.bytes()));
}

TEST_F(RelayQueueTest, EachItemIsJudgedOnItsOwn) {
  meet();
  auto request = toAlice().submitRequest();
  request.setManifestVersion(alice_.version());
  auto envelopes = request.initEnvelopes(2);
  fill(envelopes[0], random_.fixed<EnvelopeId>(), 300, 7);
  fill(envelopes[1], random_.fixed<EnvelopeId>(), 300, 1);
  const auto response = wait(request.send());
  EXPECT_TRUE(response.getItems()[0].isNoSuchDevice());
  EXPECT_TRUE(response.getItems()[1].isAccepted());
}

TEST_F(RelayQueueTest, AnUnknownAccountAndAWrongKeyAreDeniedAlike) {
  meet();
  auto wrongKey = recipient(*sender_, alice_.id(), Bytes(32, 'b'));
  auto unknown = recipient(*sender_, bob_.id(), aliceKey_);
  for (auto* to : {&wrongKey, &unknown}) {
    EXPECT_TRUE(submit(*to, alice_, 1).isDenied());
    const auto manifest = wait(to->manifestRequest().send());
    EXPECT_EQ(manifest.getOutcome(), AccessOutcome::DENIED);
    EXPECT_EQ(manifest.getManifest().size(), 0u);
    EXPECT_EQ(wait(to->publishedKeysRequest().send()).getOutcome(), AccessOutcome::DENIED);
    EXPECT_EQ(wait(to->preKeyBundlesRequest().send()).getOutcome(), AccessOutcome::DENIED);
  }
}

TEST_F(RelayQueueTest, HandsOutKeysWithAndWithoutOneTimeKeys) {
  meet();
  auto publish = mailbox_.publishKeysRequest();
  const auto keys = alice_.keys(5);
  publish.setSigned(toData(keys.bytes()));
  auto oneTime = publish.initOneTime(1)[0];
  oneTime.setId(9);
  oneTime.setKey(toData(random_.fixed<CurveKey>().view()));
  const auto published = wait(publish.send());
  EXPECT_EQ(published.getOutcome(), MailboxOutcome::OK);
  EXPECT_EQ(published.getCounter(), 5u);

  auto list = toAlice().publishedKeysRequest();
  list.initDevices(1).set(0, 1);
  EXPECT_EQ(wait(list.send()).getKeys()[0].getOneTimeKeyId(), 0u);
  for (const capnp::uint expected : {9u, 0u}) {
    auto bundles = toAlice().preKeyBundlesRequest();
    bundles.initDevices(1).set(0, 1);
    const auto response = wait(bundles.send());
    ASSERT_EQ(response.getBundles().size(), 1u);
    EXPECT_EQ(bytesOf(response.getBundles()[0].getSignedKeys()), toBytes(keys.bytes()));
    EXPECT_EQ(response.getBundles()[0].getOneTimeKeyId(), expected) << "handed out once";
  }
  const auto status = wait(mailbox_.keyStatusRequest().send());
  EXPECT_EQ(status.getCounter(), 5u);
  EXPECT_EQ(status.getOneTimeKeys(), 0u);
}

TEST_F(RelayQueueTest, RefusesKeysThatAreStaleOrNotTheDevicesOwn) {
  meet();
  const auto publish = [&](const SignedKeys& keys) {
    auto request = mailbox_.publishKeysRequest();
    request.setSigned(toData(keys.bytes()));
    return wait(request.send());
  };
  EXPECT_EQ(publish(alice_.keys(5)).getOutcome(), MailboxOutcome::OK);
  const auto stale = publish(alice_.keys(5));
  EXPECT_EQ(stale.getOutcome(), MailboxOutcome::STALE);
  EXPECT_EQ(stale.getCounter(), 5u);
  EXPECT_EQ(publish(bob_.keys(6)).getOutcome(), MailboxOutcome::REFUSED);
}

TEST_F(RelayQueueTest, OwnDevicesReachEachOther) {
  alice_.addDevice(random_);
  meet();
  auto& second = connect();
  auto other = mailboxOf(second, alice_, 2);
  auto request = other.submitToOwnRequest();
  request.setManifestVersion(alice_.version());
  fill(request.initEnvelopes(1)[0], random_.fixed<EnvelopeId>(), 300, 1);
  EXPECT_TRUE(wait(request.send()).getItems()[0].isAccepted());
  Delivered seen;
  attach(mailbox_, seen);
  settle();
  EXPECT_EQ(seen.keyClasses, std::vector{wire::Item::KeyClass::OWN});
  const auto manifest = alice_.manifest();
  EXPECT_EQ(bytesOf(wait(other.ownManifestRequest().send()).getManifest()), toBytes(manifest.bytes()));
}

TEST_F(RelayQueueTest, CallsOfOneTurnShareOneCommit) {
  meet();
  auto to = toAlice();
  submit(to, alice_, 1);
  const auto before = observer_.commits;
  kj::Vector<kj::Promise<void>> answers;
  for (int i = 0; i < 10; ++i) {
    auto request = to.submitRequest();
    request.setManifestVersion(alice_.version());
    fill(request.initEnvelopes(1)[0], random_.fixed<EnvelopeId>(), 300, 1);
    answers.add(request.send().ignoreResult());
  }
  wait(kj::joinPromises(answers.releaseAsArray()));
  EXPECT_LE(observer_.commits - before, 2u);
  EXPECT_GE(observer_.largestCommit, 5u);
}

TEST_F(RelayQueueTest, DrainingAnswersTellsTheSinksAndCloses) {
  meet();
  Delivered seen;
  attach(mailbox_, seen);
  settle();
  auto last = toAlice().submitRequest();
  last.setManifestVersion(alice_.version());
  fill(last.initEnvelopes(1)[0], random_.fixed<EnvelopeId>(), 300, 1);
  auto answer = last.send();
  loop_.settle();
  wait(server().drain());
  EXPECT_TRUE(wait(kj::mv(answer)).getItems()[0].isAccepted());
  EXPECT_EQ(seen.closings, std::vector{wire::Sink::Reason::DRAINING});
  EXPECT_TRUE(sender_->disconnected(loop_.waitScope()));
  EXPECT_EQ(server().connections(), 0u);
  connectRaw();
  EXPECT_EQ(server().connections(), 0u);
}

}  // namespace
}  // namespace waxwing::testing
