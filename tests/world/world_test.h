#pragma once

#include <gtest/gtest.h>

#include "tests/sim/rpc_world.h"

namespace waxwing::testing {

inline ::testing::AssertionResult isSound(const RpcWorld& world) {
  if (world.offences().empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << world.report();
}

inline std::vector<std::string> textsOf(SimDevice& device, const AccountId& conversation) {
  std::vector<std::string> texts;
  const auto items = device.perform([&](Outbox& outbox) { return outbox.messages(conversation, {.most = 100'000}); });
  for (const TimelineItem& item : items.value()) {
    if (item.kind == TimelineItem::Kind::kText) texts.push_back(item.text);
  }
  return texts;
}

inline DeliveryState stateOf(SimDevice& device, const AccountId& conversation, const MessageId& id) {
  const auto item = device.perform([&](Outbox& outbox) { return outbox.message(conversation, id); });
  return item.value().value().state;
}

// What `of` is to `at`; nothing: no contact.
inline std::optional<ContactState> stateAt(SimDevice& at, const SimDevice& of) {
  const auto contact = at.perform([&](Outbox& outbox) { return outbox.findContact(of.account()); }).value();
  return contact ? std::optional(contact->state) : std::nullopt;
}

// Alice and Bob, accepted contacts with sessions, each at a relay of their own, all at rest.
class Meeting : public ::testing::Test {
 protected:
  Meeting() : Meeting(1) {}
  explicit Meeting(std::uint64_t seed)
      : world(seed),
        aliceRelay(world.addRelay("one.example")),
        bobRelay(world.addRelay("two.example")),
        alice(world.addAccount("alice", aliceRelay)),
        bob(world.addAccount("bob", bobRelay)) {
    world.introduce(alice, bob);
    EXPECT_TRUE(world.comeToRest()) << world.report();
  }
  ~Meeting() noexcept override = default;

  // Everything owed is delivered, and nothing is wrong.
  void endWell() {
    world.comeToRest();
    world.checkAtRest();
    EXPECT_TRUE(isSound(world));
    EXPECT_GT(world.tap().opened(), 0u);
  }

  RpcWorld world;
  SimRelay& aliceRelay;
  SimRelay& bobRelay;
  SimDevice& alice;
  SimDevice& bob;
};

}  // namespace waxwing::testing
