// Published keys: as a relay hands them out, and as their device could sign them.

#include "session/published_keys.h"

#include "crypto/key_gate.h"
#include "crypto/limits.h"
#include "tests/fuzz/target.h"
#include "tests/rpc/test_account.h"

namespace waxwing::fuzz {
namespace {

struct Owner {
  SeededRandom random{1};
  testing::TestAccount account{random, "relay.example:4433"};
  const SignedManifest manifest = account.manifest();
};

const Owner& owner() {
  static const Owner only;
  return only;
}

Bytes signedByDevice(ByteView message) {
  const auto signature = owner().account.deviceKey().sign(SignatureUse::kKeys, message);
  return ByteWriter().raw(signature.view()).raw(message).take();
}

void run(ByteView input) {
  Input in(input);
  const auto bytes = in.below(2) == 0 ? toBytes(in.rest()) : signedByDevice(in.rest());
  const auto peeked = SignedKeys::peek(bytes);
  const auto keys = SignedKeys::parse(bytes, owner().account.id(), owner().manifest->devices.front());
  if (!keys) return;
  require(peeked && peeked->counter == keys->keys().counter, "verified keys say something else than peeked ones");
  require(keys->keys().owner == owner().account.address(), "keys of another device verify");
  require(!keys->keys().sealKeys.empty(), "keys without a seal key verify");
  require(keys->keys().sealKeys.size() <= limits::kSealKeysPublished, "too many seal keys verify");
  require(checkCurveKey(keys->keys().signedPreKey.view()).has_value(), "a bad signed pre-key verifies");
}

std::vector<Seed> seeds() {
  const auto keys = owner().account.keys(12);
  return {{"bytes", tagged(0, keys.bytes())}, {"signed", tagged(1, keys.bytes().subspan(Signature::kSize))}};
}

}  // namespace

extern const Target kPublishedKeys;
const Target kPublishedKeys{"published_keys", 2048, run, seeds};

}  // namespace waxwing::fuzz
