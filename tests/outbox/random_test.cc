#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/support/world.h"

namespace waxwing::testing {
namespace {

// How many seeds and steps: enough for every build by default, more by WAXWING_RANDOM_SEEDS and WAXWING_RANDOM_STEPS.
std::uint64_t fromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

class RandomExchange {
 public:
  explicit RandomExchange(std::uint64_t seed) : world_(seed), random_(seed * 7 + 1) {
    world_.meet(alice_, bob_);
    tablet_ = &world_.addDevice(bob_, "bob-tablet");
    clients_ = {&alice_, &bob_, tablet_};
  }

  void run(std::uint64_t steps) {
    world_.network.faults = {
        .requestLost = 40, .answerLost = 40, .cut = 40, .delayMost = std::chrono::milliseconds(300)};
    for (std::uint64_t i = 0; i < steps; ++i) step();
    world_.network.faults = {};
    for (WorldClient* client : clients_) {
      client->doNotCrash();
      if (!client->isRunning()) client->open();
      client->setNetwork(true);
      client->goOnline();
      client->outbox().tick();
    }
    for (int i = 0; i < 10 && !world_.settle(); ++i) {
    }
    world_.runFor(std::chrono::minutes(3));
    world_.settle();
  }

  void check() {
    EXPECT_EQ(bob_.writtenBy(alice_.address(), alice_.account()), said_[0]);
    EXPECT_EQ(tablet_->writtenBy(alice_.address(), alice_.account()), said_[0]);
    EXPECT_EQ(alice_.writtenBy(bob_.address(), bob_.account()), said_[1]);
    EXPECT_EQ(tablet_->writtenBy(bob_.address(), alice_.account()), said_[1]);
    EXPECT_EQ(alice_.writtenBy(tablet_->address(), bob_.account()), said_[2]);
    EXPECT_EQ(bob_.writtenBy(tablet_->address(), alice_.account()), said_[2]);
    for (const DeliveryState state : alice_.states(bob_.account())) EXPECT_GE(state, DeliveryState::kDelivered);
    for (WorldClient* client : clients_) {
      const AccountId& with = client == &alice_ ? bob_.account() : alice_.account();
      EXPECT_EQ(client->count(with, TimelineItem::Kind::kHole), 0u) << client->name();
      EXPECT_TRUE(client->outbox().outbox().empty()) << client->name();
    }
    EXPECT_EQ(world_.findKeyReuse(), "");
  }

 private:
  void step() {
    const std::size_t who = random_.below(clients_.size());
    WorldClient& client = *clients_[who];
    const AccountId& with = &client == &alice_ ? bob_.account() : alice_.account();
    if (!client.isRunning()) return client.open();
    switch (random_.below(12)) {
      case 0:
        return client.goOffline();
      case 1:
        return client.setNetwork(false);
      case 2:
      case 3:
        client.setNetwork(true);
        return client.goOnline();
      case 4:
        return client.crashAfterEdges(1 + static_cast<int>(random_.below(12)));
      case 5:
        client.attempt([&] { client.readAll(with); });
        return;
      case 6:
      case 7:
        return world_.runFor(std::chrono::milliseconds(random_.below(5000)));
      default:
        return say(client, who, with);
    }
  }

  void say(WorldClient& client, std::size_t who, const AccountId& with) {
    const std::string text = client.name() + " " + std::to_string(++number_);
    client.attempt([&] { EXPECT_TRUE(client.outbox().send(with, text)); });
    if (!client.isRunning()) client.open();
    const auto written = client.writtenBy(client.address(), with);
    if (!written.empty() && written.back() == text) said_[who].push_back(text);
  }

  World world_;
  SeededRandom random_;
  WorldClient& alice_ = world_.addAccount("alice");
  WorldClient& bob_ = world_.addAccount("bob");
  WorldClient* tablet_ = nullptr;
  std::vector<WorldClient*> clients_;
  std::vector<std::string> said_[3];
  int number_ = 0;
};

TEST(Random, EverythingArrivesOnceInOrderWhateverHappens) {
  const std::uint64_t first = fromEnvironment("WAXWING_RANDOM_FIRST", 100);
  const std::uint64_t seeds = fromEnvironment("WAXWING_RANDOM_SEEDS", 6);
  const std::uint64_t steps = fromEnvironment("WAXWING_RANDOM_STEPS", 120);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomExchange exchange(seed);
    exchange.run(steps);
    exchange.check();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace waxwing::testing
