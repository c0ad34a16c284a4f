#include <gtest/gtest.h>

#include <set>

#include "tests/session/forge.h"

namespace waxwing::testing {
namespace {

// T-rollback, the part of session/: whatever a restored copy does, no message key and IV (they follow from the place in
// a chain) ever serve two ciphertexts that leave.
class Rollback : public ::testing::Test {
 protected:
  void SetUp() override {
    alice_.adopt(bob_.manifest());
    bob_.adopt(alice_.manifest());
    talk();
  }
  void talk() {
    if (alice_.readiness(bob_) != Ratchet::Readiness::kReady) must(alice_.tryEstablish(bob_.address(), bob_.bundle()));
    must(bob_.receive(alice_, leave(alice_.send(bob_, "ping"))));
    must(alice_.receive(bob_, bob_.send(alice_, "pong")));
  }
  // A ciphertext of Alice's that leaves her device.
  Ratchet::Encrypted leave(Ratchet::Encrypted message) {
    EXPECT_TRUE(left_.insert(forge_.placeOf(message)).second) << "a key and IV used twice";
    return message;
  }
  void spend() {
    alice_.commit([&](Transaction& transaction) { alice_->ratchet.spendAll(transaction); });
  }

  ManualClock clock_{kTestStart};
  TestDevice alice_{1, clock_};
  TestDevice bob_{2, clock_};
  Forge forge_;
  std::set<Forge::Place> left_;
};

// What the guard is for: the copy would repeat itself.
TEST_F(Rollback, ACopyStandsWhereTheOriginalStood) {
  alice_.snapshot();
  const auto original = forge_.placeOf(alice_.send(bob_, "original"));
  alice_.restore();
  EXPECT_EQ(forge_.placeOf(alice_.send(bob_, "copy")), original);
}

TEST_F(Rollback, SpentStatesReadAndNeverEncrypt) {
  alice_.snapshot();
  for (int i = 0; i < 3; ++i) must(bob_.receive(alice_, leave(alice_.send(bob_, "lost"))));
  const auto delayed = bob_.send(alice_, "on the old chain");
  alice_.restore();
  spend();
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kNone);
  EXPECT_EQ(codeOf(alice_.trySend(bob_.address(), "x")), Errc::kSpentKey);
  alice_.restart();
  EXPECT_EQ(codeOf(alice_.trySend(bob_.address(), "x")), Errc::kSpentKey);
  // Bob's answer to what the copy does not know brings a new chain, whose key is fresh.
  EXPECT_EQ(must(alice_.receive(bob_, delayed)), "on the old chain");
  must(bob_.receive(alice_, leave(alice_.send(bob_, "again"))));
}

TEST_F(Rollback, ADelayedMessageThatPromotesASpentStateDoesNotReviveIt) {
  const auto delayed = bob_.send(alice_, "delayed");
  alice_.snapshot();
  must(bob_.receive(alice_, leave(alice_.send(bob_, "lost"))));
  alice_.restore();
  spend();
  must(alice_.tryEstablish(bob_.address(), bob_.bundle()));
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kReady);
  EXPECT_EQ(must(alice_.receive(bob_, delayed)), "delayed");
  EXPECT_EQ(alice_.readiness(bob_), Ratchet::Readiness::kNone);
  EXPECT_EQ(codeOf(alice_.trySend(bob_.address(), "x")), Errc::kSpentKey);
  for (int i = 0; i < 3; ++i) talk();
}

TEST_F(Rollback, ManyRestoresOfOneCopy) {
  alice_.snapshot();
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i <= round; ++i) must(bob_.receive(alice_, leave(alice_.send(bob_, "before"))));
    alice_.restore();
    spend();
    EXPECT_EQ(codeOf(alice_.trySend(bob_.address(), "x")), Errc::kSpentKey);
    talk();
    talk();
  }
}

// Even the same place twice tells nothing: 16 fresh random bytes come first.
TEST_F(Rollback, TheSamePlaintextAtTheSamePlaceLooksDifferent) {
  alice_.snapshot();
  const auto original = alice_.send(bob_, "same").ciphertext;
  alice_.restore();
  const auto copy = alice_.send(bob_, "same").ciphertext;
  EXPECT_EQ(original.size(), copy.size());
  // Behind the header: version, ratchet key, counters, the body's tag and length.
  constexpr std::size_t kHeader = 1 + 2 + 33 + 2 + 2 + 3;
  EXPECT_FALSE(equal(ByteView(original).subspan(kHeader, 16), ByteView(copy).subspan(kHeader, 16)));
}

}  // namespace
}  // namespace waxwing::testing
