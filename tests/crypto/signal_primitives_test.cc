#include "crypto/signal_primitives.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/vectors.h"

namespace waxwing {
namespace {

using testing::unhex;

constexpr auto kHmacVectors = "wycheproof/hmac_sha256_test.json";
constexpr auto kCbcVectors = "wycheproof/aes_cbc_pkcs5_test.json";
constexpr auto kNistCbcVectors = "nist_aes_cbc/cavp_aes_256_cbc.txt";
constexpr auto kNistCtrVectors = "nist_aes_cbc/cavp_aes_256_ctr.txt";

std::string hmacHex(ByteView key, ByteView message) {
  HmacSha256 hmac(key);
  hmac.update(message);
  return toHex(hmac.finish().view());
}

struct HmacCase {
  Bytes key;
  Bytes message;
  std::string_view mac;
};

// RFC 4231 §4.2 to §4.8, without the truncated case 5.
std::vector<HmacCase> rfc4231() {
  const auto text = [](std::string_view words) { return toBytes(asBytes(words)); };
  Bytes counted(25);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::uint8_t>(i + 1);
  return {
      {Bytes(20, 0x0b), text("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {text("Jefe"), text("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), Bytes(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counted, Bytes(50, 0xcd), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(131, 0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       text("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
            "hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
}

TEST(HmacSha256, rfc4231) {
  for (const auto& test : rfc4231()) EXPECT_EQ(hmacHex(test.key, test.message), test.mac);
}

TEST(HmacSha256, publicVectors) {
  WAXWING_SKIP_WITHOUT(kHmacVectors);
  int seen = 0;
  for (const auto& test : testing::wycheproofTests(kHmacVectors)) {
    ++seen;
    const std::string mac = hmacHex(unhex(test["key"]), unhex(test["msg"]));
    const bool matches = mac.starts_with(test["tag"].get<std::string>());
    EXPECT_EQ(matches, test["result"] == "valid") << test["tcId"] << " " << test["comment"];
  }
  EXPECT_EQ(seen, 174);
}

TEST(HmacSha256, nestedObjectsDoNotMeet) {
  const auto tests = rfc4231();
  HmacSha256 first(tests[0].key);
  first.update(ByteView(tests[0].message).first(3));
  {
    HmacSha256 second(tests[1].key);
    second.update(tests[1].message);
    HmacSha256 third(tests[2].key);
    third.update(tests[2].message);
    EXPECT_EQ(toHex(second.finish().view()), tests[1].mac);
    EXPECT_EQ(toHex(third.finish().view()), tests[2].mac);
  }
  first.update(ByteView(tests[0].message).subspan(3));
  EXPECT_EQ(toHex(first.finish().view()), tests[0].mac);
}

TEST(HmacSha256, anAbandonedComputationLeavesNothing) {
  const auto tests = rfc4231();
  { HmacSha256(tests[1].key).update(tests[1].message); }
  EXPECT_EQ(hmacHex(tests[0].key, tests[0].message), tests[0].mac);
}

// OpenSSL reads a null key as "the key of last time".
TEST(HmacSha256, anEmptyKeyIsNotTheKeyBefore) {
  constexpr auto kEmpty = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
  EXPECT_NE(hmacHex(asBytes("key"), {}), kEmpty);
  EXPECT_EQ(hmacHex({}, {}), kEmpty);
}

TEST(HmacSha256, threadsDoNotMeet) {
  const auto work = [] {
    for (int round = 0; round < 200; ++round) {
      for (const auto& test : rfc4231()) EXPECT_EQ(hmacHex(test.key, test.message), test.mac);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

TEST(HmacSha256, finishesOnce) {
  HmacSha256 hmac(asBytes("key"));
  hmac.finish();
  EXPECT_THROW(hmac.finish(), std::logic_error);
  EXPECT_THROW(hmac.update({}), std::logic_error);
}

// FIPS 180-4 example: "abc".
TEST(Sha512, finishStartsANewDigest) {
  constexpr auto kAbc =
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
  Sha512 sha;
  sha.update(asBytes("abc"));
  EXPECT_EQ(toHex(sha.finish().view()), kAbc);
  sha.update(asBytes("a"));
  sha.update({});
  sha.update(asBytes("bc"));
  EXPECT_EQ(toHex(sha.finish().view()), kAbc);
}

TEST(Sha512, nothing) {
  EXPECT_EQ(toHex(Sha512().finish().view()),
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}

// One block of a CAVP file: lines "Name: hex".
using CavpCase = std::map<std::string, std::string>;

std::vector<CavpCase> readCavp(std::string_view name) {
  std::ifstream file(testing::vectorPath(name));
  std::vector<CavpCase> cases(1);
  for (std::string line; std::getline(file, line);) {
    if (const auto colon = line.find(": "); colon != std::string::npos && line[0] != '#') {
      cases.back()[line.substr(0, colon)] = line.substr(colon + 2);
    } else if (line.empty() && !cases.back().empty()) {
      cases.emplace_back();
    }
  }
  if (cases.back().empty()) cases.pop_back();
  return cases;
}

TEST(Aes, nistCtr) {
  WAXWING_SKIP_WITHOUT(kNistCtrVectors);
  const auto cases = readCavp(kNistCtrVectors);
  EXPECT_GT(cases.size(), 200u);
  for (auto test : cases) {
    const Bytes key = unhex(test["Key"]);
    const Bytes iv = unhex(test["IV"]);
    const auto encrypted = aesEncrypt(AesMode::kCtr, key, iv, unhex(test["Plaintext"]));
    const auto decrypted = aesDecrypt(AesMode::kCtr, key, iv, unhex(test["Ciphertext"]));
    ASSERT_TRUE(encrypted && decrypted);
    EXPECT_EQ(toHex(encrypted->view()), test["Ciphertext"]);
    EXPECT_EQ(toHex(decrypted->view()), test["Plaintext"]);
  }
}

// The file's cases are whole blocks without padding: ours adds one block after them.
TEST(Aes, nistCbc) {
  WAXWING_SKIP_WITHOUT(kNistCbcVectors);
  const auto cases = readCavp(kNistCbcVectors);
  EXPECT_GT(cases.size(), 200u);
  for (auto test : cases) {
    const Bytes key = unhex(test["Key"]);
    const Bytes iv = unhex(test["IV"]);
    const auto encrypted = aesEncrypt(AesMode::kCbcPkcs5, key, iv, unhex(test["Plaintext"]));
    ASSERT_TRUE(encrypted);
    EXPECT_EQ(encrypted->size(), test["Ciphertext"].size() / 2 + 16);
    EXPECT_TRUE(toHex(encrypted->view()).starts_with(test["Ciphertext"]));
    const auto decrypted = aesDecrypt(AesMode::kCbcPkcs5, key, iv, encrypted->view());
    ASSERT_TRUE(decrypted);
    EXPECT_EQ(toHex(decrypted->view()), test["Plaintext"]);
  }
}

TEST(Aes, publicVectorsForPadding) {
  WAXWING_SKIP_WITHOUT(kCbcVectors);
  int seen = 0;
  for (const auto& test : testing::wycheproofTests(kCbcVectors)) {
    if (test["group"]["keySize"] != 256) continue;
    ++seen;
    const auto opened = aesDecrypt(AesMode::kCbcPkcs5, unhex(test["key"]), unhex(test["iv"]), unhex(test["ct"]));
    ASSERT_EQ(opened.has_value(), test["result"] == "valid") << test["tcId"];
    if (opened) {
      EXPECT_EQ(toHex(opened->view()), test["msg"]);
    } else {
      EXPECT_EQ(opened.error().code, Errc::kUndecryptable);
    }
  }
  EXPECT_GT(seen, 50);
}

TEST(Aes, wrongLengthsAreUndecryptable) {
  const Bytes key(32, 1);
  const Bytes iv(16, 2);
  for (const std::size_t size : {0u, 1u, 15u, 17u}) {
    const auto opened = aesDecrypt(AesMode::kCbcPkcs5, key, iv, Bytes(size));
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, Errc::kUndecryptable);
  }
}

TEST(Aes, keysAndIvsOfOtherSizesAreRefused) {
  for (const auto mode : {AesMode::kCbcPkcs5, AesMode::kCtr}) {
    for (const auto& [keySize, ivSize] : {std::pair{16, 16}, {31, 16}, {33, 16}, {32, 12}, {32, 17}, {0, 0}}) {
      const Bytes key(static_cast<std::size_t>(keySize));
      const Bytes iv(static_cast<std::size_t>(ivSize));
      EXPECT_EQ(aesEncrypt(mode, key, iv, {}).error().code, Errc::kInvalidArgument);
      EXPECT_EQ(aesDecrypt(mode, key, iv, {}).error().code, Errc::kInvalidArgument);
    }
  }
}

TEST(Aes, nothingInCtrIsNothing) {
  const auto encrypted = aesEncrypt(AesMode::kCtr, Bytes(32), Bytes(16), {});
  ASSERT_TRUE(encrypted);
  EXPECT_TRUE(encrypted->empty());
}

}  // namespace
}  // namespace waxwing
