#include "session/ratchet.h"

#include <gtest/gtest.h>

#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

class Conversation : public ::testing::Test {
 protected:
  void SetUp() override {
    alice_.adopt(bob_.manifest());
    bob_.adopt(alice_.manifest());
  }
  void expectArrives(TestDevice& from, TestDevice& to, const std::string& text) {
    const auto message = from.send(to, text);
    const auto read = to.receive(from, message);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, text);
  }

  ManualClock clock_{kTestStart};
  TestDevice alice_{1, clock_};
  TestDevice bob_{2, clock_};
};

TEST_F(Conversation, InOrder) {
  alice_.meet(bob_);
  for (int i = 0; i < 5; ++i) expectArrives(alice_, bob_, "message " + std::to_string(i));
}

TEST_F(Conversation, WithChangesOfDirection) {
  alice_.meet(bob_);
  for (int i = 0; i < 20; ++i) {
    expectArrives(alice_, bob_, "ping " + std::to_string(i));
    expectArrives(bob_, alice_, "pong " + std::to_string(i));
  }
}

TEST_F(Conversation, OutOfOrder) {
  alice_.meet(bob_);
  expectArrives(alice_, bob_, "first");
  expectArrives(bob_, alice_, "answer");
  std::vector<Ratchet::Encrypted> messages;
  for (int i = 0; i < 30; ++i) messages.push_back(alice_.send(bob_, std::to_string(i)));
  for (int i = 29; i >= 0; --i)
    EXPECT_EQ(must(bob_.receive(alice_, messages[static_cast<std::size_t>(i)])), std::to_string(i));
}

TEST_F(Conversation, AcrossRestarts) {
  alice_.meet(bob_);
  for (int i = 0; i < 4; ++i) {
    expectArrives(alice_, bob_, "over");
    alice_.restart();
    expectArrives(bob_, alice_, "back");
    bob_.restart();
  }
}

TEST_F(Conversation, BothBegin) {
  alice_.meet(bob_);
  bob_.meet(alice_);
  const auto fromAlice = alice_.send(bob_, "from Alice");
  const auto fromBob = bob_.send(alice_, "from Bob");
  EXPECT_EQ(must(bob_.receive(alice_, fromAlice)), "from Alice");
  EXPECT_EQ(must(alice_.receive(bob_, fromBob)), "from Bob");
  for (int i = 0; i < 5; ++i) {
    expectArrives(alice_, bob_, "ping");
    expectArrives(bob_, alice_, "pong");
  }
}

TEST_F(Conversation, EmptyAndLargestContent) {
  alice_.meet(bob_);
  expectArrives(alice_, bob_, "");
  expectArrives(alice_, bob_, std::string(64 * 1024, 'x'));
}

TEST_F(Conversation, TellsOfReducedForwardSecrecy) {
  must(alice_.tryEstablish(bob_.address(), bob_.bundleWithoutOneTime()));
  const auto first = alice_.send(bob_, "first");
  EXPECT_TRUE(first.reducedForwardSecrecy);
  must(bob_.receive(alice_, first));
  expectArrives(bob_, alice_, "answer");
  EXPECT_FALSE(alice_.send(bob_, "second").reducedForwardSecrecy);
  bob_.meet(alice_);
  EXPECT_FALSE(bob_.send(alice_, "with a one-time key").reducedForwardSecrecy);
}

}  // namespace
}  // namespace waxwing::testing
