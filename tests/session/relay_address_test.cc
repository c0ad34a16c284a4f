#include "session/relay_address.h"

#include <gtest/gtest.h>

#include "crypto/limits.h"

namespace waxwing {
namespace {

TEST(RelayAddress, ReadsWhatItWrites) {
  for (const char* text : {"relay.example:4433", "127.0.0.1:1", "[::1]:65535", "[fe80::1:2]:80#AQID", "relay:9#_-8"}) {
    const auto address = RelayAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(RelayAddress, SplitsItsParts) {
  const auto address = RelayAddress::parse("[::1]:4433#AQID");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 4433);
  EXPECT_EQ(address->certificate, (Bytes{1, 2, 3}));
  EXPECT_EQ(address->name(), "[::1]:4433");
}

TEST(RelayAddress, RefusesWhatItWouldNotWrite) {
  for (const char* text :
       {"",          "relay",     "relay:",    ":4433",        "relay:0",   "relay:65536",   "relay:04433",
        "relay:+1",  "relay:44 ", "re lay:1",  "::1:4433",     "[::1]",     "[::1]4433",     "[]:1",
        "[relay]:1", "relay:1#",  "relay:1#A", "relay:1#AQI=", "relay:1:2", "rel\xc3\xa4y:1"}) {
    const auto address = RelayAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::kBadAddress);
  }
}

TEST(RelayAddress, KeepsTheLimits) {
  const auto withHost = [](std::size_t length) { return RelayAddress::parse(std::string(length, 'a').append(":1")); };
  EXPECT_TRUE(withHost(253));
  EXPECT_FALSE(withHost(254));
  EXPECT_FALSE(RelayAddress::parse("a:1#" + std::string(limits::kRelayAddressBytes, 'A')));
}

}  // namespace
}  // namespace waxwing
