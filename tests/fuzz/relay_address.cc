// Relay addresses: text that people type and that invites, profiles and manifests carry.

#include "session/relay_address.h"

#include "crypto/limits.h"
#include "tests/fuzz/target.h"

namespace waxwing::fuzz {
namespace {

void run(ByteView input) {
  const auto address = RelayAddress::parse(asText(input));
  if (!address) return;
  require(!address->host.empty() && address->port != 0, "an address without host or port");
  const auto again = RelayAddress::parse(address->text());
  require(again && *again == *address, "an address changes when it is written and read");
  const auto name = RelayAddress::parse(address->name());
  require(name && name->host == address->host && name->port == address->port && name->certificate.empty(),
          "a relay's name is not an address");
}

std::vector<Seed> seeds() {
  std::vector<Seed> all;
  for (const std::string_view text : {"relay.example:4433", "127.0.0.1:65535", "[2001:db8::1]:443",
                                      "[::ffff:192.0.2.1]:1", "localhost:7443#MIIBAQ", "xn--bcher-kva.example:1"}) {
    all.push_back({std::to_string(all.size()), toBytes(asBytes(text))});
  }
  return all;
}

}  // namespace

extern const Target kRelayAddress;
const Target kRelayAddress{"relay_address", limits::kRelayAddressBytes + 16, run, seeds};

}  // namespace waxwing::fuzz
