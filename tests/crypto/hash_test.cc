#include "crypto/hash.h"

#include <numeric>

#include <gtest/gtest.h>

#include "crypto/text.h"

namespace waxwing {
namespace {

Bytes countedKey() {
  Bytes key(32);
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

// The expected values come from another implementation of BLAKE2b (Python's hashlib).
TEST(Hash, blake2b) {
  EXPECT_EQ(toHex(blake2b({}).view()), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(toHex(blake2b(asBytes("abc")).view()), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST(Hash, keyedHash) {
  EXPECT_EQ(toHex(keyedHash(countedKey(), asBytes("abc")).view()),
            "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
  EXPECT_THROW(keyedHash(Bytes(31), {}), std::logic_error);
  EXPECT_THROW(keyedHash({}, {}), std::logic_error);
}

TEST(Hash, labelledHash) {
  EXPECT_EQ(toHex(labelledHash("use", asBytes("abc")).view()),
            "79e8810e6e3c45462b3cceaff103ca3118558166aa0d03e57f3df34e1406f506");
  EXPECT_EQ(labelledHash("use", asBytes("abc")), blake2b(asBytes(std::string_view("waxwing use v1\0abc", 18))));
  EXPECT_NE(labelledHash("use", {}), labelledHash("other", {}));
}

TEST(Hash, deriveKey) {
  EXPECT_EQ(toHex(deriveKey(countedKey(), "use").view()),
            "8aa5ea9249234ab119680cfdee133779f5f67d506839d169b1237a0d037416e3");
  EXPECT_THROW(deriveKey(Bytes(33), "use"), std::logic_error);
}

}  // namespace
}  // namespace waxwing
