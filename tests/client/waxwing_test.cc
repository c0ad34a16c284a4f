#include "client/waxwing.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "tests/client/client_fixture.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

class WaxwingTest : public ClientTest {};

TEST_F(WaxwingTest, WhatWasSentOfflineIsThereAfterOpeningAnew) {
  auto bob = create("bob");
  auto alice = create("alice");
  const AccountId bobId = introduce(*alice, *bob, "Bob");
  const MessageId sent = alice->send(bobId, "written without a network").value();
  const DeviceAddress self = alice->self();
  alice = nullptr;

  alice = open("alice");
  EXPECT_EQ(alice->self(), self);
  EXPECT_EQ(alice->relay(), relay_);
  const auto messages = alice->messages(bobId, {}).value();
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages.back().id, sent);
  EXPECT_EQ(messages.back().text, "written without a network");
  EXPECT_EQ(messages.back().state, DeliveryState::kPending);
  EXPECT_FALSE(alice->outbox().value().empty());
  EXPECT_EQ(alice->findContact("Bob").value().account, bobId);
  EXPECT_EQ(alice->findContact(bobId.text()).value().name, "Bob");
}

TEST_F(WaxwingTest, OpeningFailsClearly) {
  EXPECT_EQ(Client::open(options("absent")).error().code, Errc::kNoSuchProfile);
  auto client = create("one");
  EXPECT_EQ(Client::open(options("one")).error().code, Errc::kStoreLocked);
  client = nullptr;
  EXPECT_EQ(Client::create(options("one"), relay_).error().code, Errc::kProfileExists);
  key_ = Bytes(32, 8);
  EXPECT_EQ(Client::open(options("one")).error().code, Errc::kWrongKey);
  EXPECT_EQ(Client::create(options("two"), RelayAddress{}).error().code, Errc::kBadAddress);
  EXPECT_EQ(Client::open(options("two")).error().code, Errc::kNoSuchProfile);
}

// With one more file allowed at each try, opening runs dry in another place.
TEST_F(WaxwingTest, OpeningWithoutFilesToSpareIsAnError) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer opens files of its own when it looks at an exception";
#endif
  create("one");
  const int lowest = ::dup(STDIN_FILENO);
  ::close(lowest);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  int refused = 0;
  for (int spare = 0; spare < 24; ++spare) {
    const rlimit scarce{.rlim_cur = static_cast<rlim_t>(lowest + spare), .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &scarce), 0);
    const auto opened = Client::open(options("one"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    refused += opened ? 0 : 1;
  }
  EXPECT_GT(refused, 3);
  EXPECT_TRUE(Client::open(options("one")).has_value());
}

TEST_F(WaxwingTest, CallsThatCannotBeSaySo) {
  auto client = create("one");
  const AccountId stranger = create("two")->self().account;
  EXPECT_EQ(client->send(stranger, "hello").error().code, Errc::kUnknownContact);
  EXPECT_EQ(client->addContact("A", "no invite").error().code, Errc::kBadInvite);
  EXPECT_EQ(client->addContact("A", client->createInvite().value()).error().code, Errc::kBadInvite);
  EXPECT_EQ(client->findContact("A").error().code, Errc::kUnknownContact);
  EXPECT_EQ(client->cancel(1).error().code, Errc::kNotFound);
}

TEST_F(WaxwingTest, SafetyNumbersAreTheSameOnBothSides) {
  auto alice = create("alice");
  auto bob = create("bob");
  const std::string number = alice->safetyNumber(bob->self().account);
  EXPECT_EQ(number, bob->safetyNumber(alice->self().account));
  EXPECT_EQ(number.size(), 60u);
}

TEST_F(WaxwingTest, ManyThreadsMayCallAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kEach = 15;
  auto bob = create("bob");
  auto alice = create("alice");
  const AccountId bobId = introduce(*alice, *bob, "Bob");
  alice->goOnline();
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        failures += !alice->send(bobId, std::to_string(thread) + ":" + std::to_string(i)).has_value();
        failures += !alice->messages(bobId, {}).has_value();
        failures += !alice->outbox().has_value();
        alice->networkChanged();
        alice->linkState();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  std::set<std::string> texts;
  const auto messages = alice->messages(bobId, {.most = 1000}).value();
  for (const TimelineItem& item : messages) {
    if (item.kind == TimelineItem::Kind::kText) texts.insert(item.text);
  }
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST_F(WaxwingTest, AnEventHandlerMayCallEverythingButWait) {
  auto bob = create("bob");
  std::atomic<Client*> client{nullptr};
  std::atomic<bool> called{false};
  AccountId bobId;
  onEvent_ = [&](const Event& event) {
    Client* self = client;
    if (self == nullptr || !std::holds_alternative<event::LinkChanged>(event) || called) return;
    EXPECT_TRUE(self->send(bobId, "from the handler").has_value());
    EXPECT_TRUE(self->messages(bobId, {}).has_value());
    EXPECT_EQ(self->waitUntilSettled(1s).error().code, Errc::kNotAllowed);
    self->goOffline();
    called = true;
    happenings_.note();
  };
  auto alice = create("alice");
  bobId = introduce(*alice, *bob, "Bob");
  client = alice.get();
  alice->goOnline();
  happenings_.waitUntil([&] { return called.load(); });
  EXPECT_EQ(alice->messages(bobId, {}).value().back().text, "from the handler");
  client = nullptr;
}

TEST_F(WaxwingTest, WithoutARelaySettlingEndsAndSaysSo) {
  auto client = create("one");
  EXPECT_EQ(client->waitUntilSettled(1min).value(), Client::Settled::kUnreachable);
  client->goOnline();
  EXPECT_EQ(client->waitUntilSettled(1min).value(), Client::Settled::kUnreachable);
  client->goOffline();
  happenings_.waitUntil([&] { return client->linkState().kind == LinkState::Kind::kOffline; });
}

TEST_F(WaxwingTest, AClientMayGoWhileItIsBusy) {
  auto client = create("one");
  client->goOnline();
  client->networkChanged();
  client = nullptr;
  EXPECT_TRUE(Client::open(options("one")).has_value());
}

}  // namespace
}  // namespace waxwing::testing
