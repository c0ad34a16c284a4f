#include "session/safety_number.h"

#include <gtest/gtest.h>
#include <signal/fingerprint.h>

#include <set>

#include "crypto/sign.h"
#include "session/signal_context.h"
#include "tests/support/vectors.h"

namespace waxwing::testing {
namespace {

constexpr auto kVectors = "signal/lspc_test_fingerprint.json";

AccountId account(std::uint64_t seed) {
  SeededRandom random(seed);
  return AccountId::fromTrusted(SigningKeyPair::generate(random).publicKey().view());
}

TEST(SafetyNumber, IsTheSameOnBothSides) {
  const auto number = safetyNumber(account(1), account(2));
  EXPECT_EQ(number, safetyNumber(account(2), account(1)));
  EXPECT_EQ(number.size(), 60u);
  EXPECT_EQ(number.find_first_not_of("0123456789"), std::string::npos);
}

TEST(SafetyNumber, TellsAccountsApart) {
  std::set<std::string> numbers;
  for (std::uint64_t seed = 2; seed < 6; ++seed)
    EXPECT_TRUE(numbers.insert(safetyNumber(account(1), account(seed))).second);
}

// The library's own numbers, over our primitives.
TEST(SafetyNumber, TheLibraryComputesItsPublicVector) {
  WAXWING_SKIP_WITHOUT(kVectors);
  CurveKey alice, bob;
  std::string expected;
  const auto document = vectorJson(kVectors);
  for (const auto& vector : document["vectors"]) {
    const auto name = vector["name"].get<std::string>();
    if (name == "ALICE_IDENTITY") alice = *CurveKey::from(ByteView(unhex(vector["hex"])).subspan(1));
    if (name == "BOB_IDENTITY") bob = *CurveKey::from(ByteView(unhex(vector["hex"])).subspan(1));
    if (name == "DISPLAYABLE_FINGERPRINT") expected = vector["string"].get<std::string>();
  }
  SeededRandom random(1);
  const SignalContext signal(random);
  fingerprint_generator* generator = nullptr;
  requireSignal(fingerprint_generator_create(&generator, 5200, 0, signal.get()));
  SignalRef<fingerprint> result;
  requireSignal(fingerprint_generator_create_for(generator, "+14152222222", toSignal(alice).get(), "+14153333333",
                                                 toSignal(bob).get(), result.out()));
  fingerprint_generator_free(generator);
  EXPECT_EQ(displayable_fingerprint_text(fingerprint_get_displayable(result.get())), expected);
}

}  // namespace
}  // namespace waxwing::testing
