// Manifests: as they come, and as an account's owner could sign them – other bytes, or another list of devices.

#include "session/manifest.h"

#include "tests/fuzz/target.h"
#include "tests/rpc/test_account.h"

namespace waxwing::fuzz {
namespace {

enum Mode : std::uint8_t { kBytes, kSigned, kFields, kModes };

struct Owner {
  Owner() {
    for (int i = 0; i < 3; ++i) account.addDevice(random);
  }
  SeededRandom random{1};
  testing::TestAccount account{random, "relay.example:4433"};
  const SignedManifest held = account.manifest();
};

const Owner& owner() {
  static const Owner only;
  return only;
}

Bytes signedByOwner(ByteView message) {
  const auto signature = owner().account.accountKey().sign(SignatureUse::kManifest, message);
  return ByteWriter().raw(signature.view()).raw(message).take();
}

void check(const SignedManifest& manifest) {
  const auto trusted = SignedManifest::fromTrusted(manifest.bytes());
  require(trusted.hash() == manifest.hash(), "a manifest has two hashes");
  const auto claimed = SignedManifest::claimedAccount(manifest.bytes());
  require(claimed && *claimed == manifest->account, "a manifest is claimed by another than its account");
  if (manifest->account == owner().held->account) {
    const auto order = compare(owner().held, manifest);
    require((order == ManifestOrder::kSame) == (manifest.hash() == owner().held.hash()), "two manifests are the same");
  }
  require(manifest->find(manifest->primary) != nullptr, "the primary is not listed");
  for (const auto& device : manifest->devices) {
    require(checkDevice(manifest->account, device).has_value(), "an entry that passed does not pass alone");
    require(!manifest->isRetired(device.id), "a listed device is retired");
  }
}

void runBytes(ByteView bytes) {
  (void)SignedManifest::claimedAccount(bytes);
  if (const auto manifest = SignedManifest::parse(bytes)) check(*manifest);
}

ManifestDevice deviceFrom(Input& in) {
  const auto& known = owner().held->devices;
  auto device = known[in.below(known.size())];
  if (in.below(4) == 3) device.registrationId = static_cast<std::uint32_t>(in.number());
  if (in.below(4) == 3) device.id = DeviceId::fromTrusted(1 + static_cast<int>(in.below(DeviceId::kMax)));
  if (in.below(4) == 3) device.identityBinding.bytes[in.below(64)] ^= in.byte();
  return device;
}

void runFields(Input in) {
  Manifest manifest = owner().held.manifest();
  manifest.version = in.number();
  manifest.issuedAt = in.number();
  if (in.below(2) == 1) manifest.primary = DeviceId::fromTrusted(1 + static_cast<int>(in.below(DeviceId::kMax)));
  if (const auto relay = RelayAddress::parse(asText(in.piece()))) manifest.relay = *relay;
  for (auto bits = in.below(8); bits > 0; --bits) manifest.retired.flip(in.below(128));
  if (in.below(2) == 1) {
    manifest.devices.clear();
    for (auto left = in.below(20); left > 0; --left) manifest.devices.push_back(deviceFrom(in));
  }
  const auto made = SignedManifest::sign(manifest, owner().account.accountKey());
  if (!made) return;
  const auto parsed = SignedManifest::parse(made->bytes());
  require(parsed.has_value() && parsed->hash() == made->hash(), "a manifest that was signed does not verify");
  check(*parsed);
}

void run(ByteView input) {
  Input in(input);
  const auto mode = in.below(kModes);
  if (mode == kFields) return runFields(in);
  runBytes(mode == kSigned ? signedByOwner(in.rest()) : toBytes(in.rest()));
}

std::vector<Seed> seeds() {
  const auto whole = owner().held.bytes();
  SeededRandom random(2);
  testing::TestAccount small(random, "relay.example:4433");
  const auto one = small.manifest();
  small.addDevice(random);
  small.retire(1);
  const ByteWriter fields =
      std::move(ByteWriter().u8(kFields).u64(200).u64(200).u8(0).u8(0).u8(0).u8(1).u8(2).zeros(9));
  return {{"bytes", tagged(kBytes, whole)},
          {"one-device", tagged(kBytes, one.bytes())},
          {"signed", tagged(kSigned, whole.subspan(Signature::kSize))},
          {"fields", toBytes(fields.view())}};
}

}  // namespace

extern const Target kManifest;
const Target kManifest{"manifest", 4096, run, seeds};

}  // namespace waxwing::fuzz
