#include <cstdlib>
#include <string>
#include <vector>

#include "tests/client/client_fixture.h"
#include "tests/client/loopback_relay.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

// Clients and a relay over TLS on loopback: everything real but the person.
class EndToEndTest : public ClientTest {
 protected:
  EndToEndTest() { relay_ = server_.address(); }

  static std::vector<TimelineItem> texts(Client& client, const AccountId& with) {
    auto items = client.messages(with, {.most = 1000}).value();
    std::erase_if(items, [](const TimelineItem& item) { return item.kind != TimelineItem::Kind::kText; });
    return items;
  }
  static Texts received(Client& client, const AccountId& from) {
    Texts lines;
    for (const TimelineItem& item : texts(client, from)) {
      if (!item.mine) lines.push_back(item.text);
    }
    return lines;
  }
  // The least state of what `client` sent.
  static DeliveryState least(Client& client, const AccountId& to) {
    DeliveryState state = DeliveryState::kRead;
    for (const TimelineItem& item : texts(client, to)) {
      if (item.mine) state = std::min(state, item.state);
    }
    return state;
  }
  // Registered, caught up, keys and invites published.
  static void online(Client& client) {
    client.goOnline();
    ASSERT_EQ(client.waitUntilSettled(1min).value(), Client::Settled::kYes);
  }
  // Two accepted contacts, on line.
  void meet(Client& alice, Client& bob) {
    introduce(alice, bob, "Bob");
    online(bob);
    online(alice);
    happenings_.waitUntil([&] { return bob.findContact(alice.self().account.text()).has_value(); });
    ASSERT_TRUE(bob.acceptContact(alice.self().account, "Alice").has_value());
    happenings_.waitUntil([&] { return alice.findContact("Bob").value().state == ContactState::kAccepted; });
  }

  LoopbackRelay server_{directory_.path()};
};

TEST_F(EndToEndTest, WhatWasWrittenOfflineIsDeliveredReadAndAcknowledged) {
  auto alice = create("alice");
  auto bob = create("bob");
  const AccountId aliceId = alice->self().account;
  const AccountId bobId = introduce(*alice, *bob, "Bob");
  Texts lines;
  for (int i = 0; i < 20; ++i) {
    lines.push_back("line " + std::to_string(i));
    ASSERT_TRUE(alice->send(bobId, lines.back()).has_value());
  }
  EXPECT_EQ(least(*alice, bobId), DeliveryState::kPending);

  online(*bob);
  online(*alice);
  happenings_.waitUntil([&] { return bob->findContact(aliceId.text()).has_value(); });
  ASSERT_TRUE(bob->acceptContact(aliceId, "Alice").has_value());
  happenings_.waitUntil([&] { return received(*bob, aliceId).size() == lines.size(); });
  EXPECT_EQ(received(*bob, aliceId), lines);
  happenings_.waitUntil([&] { return least(*alice, bobId) == DeliveryState::kDelivered; });

  ASSERT_TRUE(bob->markRead(aliceId, texts(*bob, aliceId).back().position).has_value());
  EXPECT_EQ(bob->waitUntilSettled(1min).value(), Client::Settled::kYes);
  happenings_.waitUntil([&] { return least(*alice, bobId) == DeliveryState::kRead; });
  EXPECT_EQ(alice->waitUntilSettled(1min).value(), Client::Settled::kYes);
  EXPECT_TRUE(alice->outbox().value().empty());
}

TEST_F(EndToEndTest, ARelayThatIsAwayForAWhileIsCaughtUpWith) {
  auto alice = create("alice");
  auto bob = create("bob");
  meet(*alice, *bob);
  const AccountId aliceId = alice->self().account;
  const AccountId bobId = bob->self().account;
  server_.stop();
  happenings_.waitUntil([&] { return alice->linkState().kind == LinkState::Kind::kWaitingForNetwork; });
  ASSERT_TRUE(alice->send(bobId, "from alice").has_value());
  ASSERT_TRUE(bob->send(aliceId, "from bob").has_value());
  EXPECT_EQ(least(*alice, bobId), DeliveryState::kPending);

  server_.start();
  alice->networkChanged();
  bob->networkChanged();
  happenings_.waitUntil([&] { return least(*alice, bobId) == DeliveryState::kDelivered; });
  happenings_.waitUntil([&] { return least(*bob, aliceId) == DeliveryState::kDelivered; });
  EXPECT_EQ(received(*bob, aliceId), (Texts{"from alice"}));
  EXPECT_EQ(received(*alice, bobId), (Texts{"from bob"}));
}

TEST_F(EndToEndTest, AnotherRelayUnderTheSameAddressIsNotTrusted) {
  auto alice = Client::create(
                   options("alice"),
                   RelayAddress{relay_.host, relay_.port, *certificateDer(makeSelfSignedCertificate()->certificatePem)})
                   .value();
  alice->goOnline();
  EXPECT_EQ(alice->waitUntilSettled(1min).value(), Client::Settled::kStopped);
  EXPECT_EQ(alice->linkState().stop, LinkState::Stop::kRelayUntrusted);
}

TEST_F(EndToEndTest, TheEmbeddingExampleRuns) {
  const std::string program = WAXWING_BINARY_DIR "/bin/embedding";
  const std::string command = program + " '" + relay_.text() + "' '" + directory_.path().string() + "' > '" +
                              (directory_ / "output").string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  const Bytes output = readFile(directory_ / "output");
  EXPECT_NE(asText(output).find("Alice reads: Hello Alice"), std::string_view::npos);
  EXPECT_NE(asText(output).find("Bob knows that she has read it"), std::string_view::npos);
}

}  // namespace
}  // namespace waxwing::testing
