#include "crypto/passphrase.h"

#include <gtest/gtest.h>

#include "crypto/text.h"

namespace waxwing {
namespace {

PassphraseParameters cheap() {
  PassphraseParameters parameters;
  parameters.operations = PassphraseParameters::kLeastOperations;
  parameters.memoryBytes = PassphraseParameters::kLeastMemoryBytes;
  return parameters;
}

std::string keyHex(std::string_view passphrase, const PassphraseParameters& parameters) {
  const auto key = deriveDatabaseKey(passphrase, parameters);
  return key ? toHex(key->view()) : std::string();
}

// Databases out there open with these values: they may not change.
TEST(Passphrase, keepsItsKey) {
  EXPECT_EQ(keyHex("correct horse", cheap()), "f230a3bde2fda6eacd56fc595a18e5d2750b813583e11a3187fbbf3451527b0d");
}

TEST(Passphrase, everyParameterChangesTheKey) {
  const std::string key = keyHex("passphrase", cheap());
  auto salted = cheap();
  salted.salt.bytes.front() = 1;
  auto longer = cheap();
  longer.operations = 2;
  auto larger = cheap();
  larger.memoryBytes *= 2;
  EXPECT_EQ(key.size(), 64u);
  EXPECT_NE(key, keyHex("Passphrase", cheap()));
  for (const auto& parameters : {salted, longer, larger}) EXPECT_NE(key, keyHex("passphrase", parameters));
}

TEST(Passphrase, refusesNothingAndSettingsOutOfRange) {
  const auto refused = [](std::string_view passphrase, const PassphraseParameters& parameters) {
    const auto key = deriveDatabaseKey(passphrase, parameters);
    return !key && key.error().code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused("", cheap()));
  for (const std::uint64_t operations : {std::uint64_t{0}, PassphraseParameters::kMostOperations + 1}) {
    auto parameters = cheap();
    parameters.operations = operations;
    EXPECT_TRUE(refused("passphrase", parameters)) << operations;
  }
  for (const std::uint64_t memory :
       {PassphraseParameters::kLeastMemoryBytes - 1, PassphraseParameters::kMostMemoryBytes + 1}) {
    auto parameters = cheap();
    parameters.memoryBytes = memory;
    EXPECT_TRUE(refused("passphrase", parameters)) << memory;
  }
}

TEST(Passphrase, freshParametersHaveASaltOfTheirOwn) {
  SeededRandom random(1);
  const auto first = PassphraseParameters::fresh(random);
  const auto second = PassphraseParameters::fresh(random);
  EXPECT_NE(first.salt, second.salt);
  EXPECT_EQ(first.operations, 3u);
  EXPECT_EQ(first.memoryBytes, 256u * 1024 * 1024);
}

}  // namespace
}  // namespace waxwing
