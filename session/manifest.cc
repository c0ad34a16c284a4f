#include "session/manifest.h"

#include <set>
#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/key_gate.h"
#include "crypto/limits.h"
#include "session/manifest.capnp.h"
#include "session/segment.h"

namespace waxwing {
namespace {

tl::unexpected<Error> malformed(const char* what) {
  return fail(Errc::kMalformed, std::string("malformed manifest: ") + what);
}

void encodeDevice(const ManifestDevice& device, wire::Manifest::Device::Builder out) {
  out.setId(device.id.value());
  out.setIdentityKey(blob(device.identityKey.view()));
  out.setSigningKey(blob(device.signingKey.view()));
  out.setRegistrationId(device.registrationId);
  out.setIdentityBinding(blob(device.identityBinding.view()));
  out.setSigningBinding(blob(device.signingBinding.view()));
}

void encodeManifest(const Manifest& manifest, wire::Manifest::Builder out) {
  out.setAccount(blob(manifest.account.view()));
  out.setVersion(manifest.version);
  out.setIssuedAt(manifest.issuedAt);
  out.setPrimary(manifest.primary.value());
  out.setRelay(manifest.relay.text());
  auto devices = out.initDevices(static_cast<capnp::uint>(manifest.devices.size()));
  for (capnp::uint i = 0; i < devices.size(); ++i) encodeDevice(manifest.devices[i], devices[i]);
  auto retired = out.initRetired(16);
  for (std::size_t n = 0; n < manifest.retired.size(); ++n) {
    if (manifest.retired[n]) retired[n / 8] = static_cast<capnp::byte>(retired[n / 8] | (1u << (n % 8)));
  }
  out.setPreviousHash(blob(manifest.previousHash.view()));
}

Result<ManifestDevice> decodeDevice(wire::Manifest::Device::Reader in) {
  ManifestDevice device;
  const auto id = DeviceId::parse(in.getId());
  if (!id) return malformed("device id");
  bool ok = true;
  device.id = *id;
  device.identityKey = readFixed<CurveKey>(in.getIdentityKey(), ok);
  device.signingKey = readFixed<SigningKey>(in.getSigningKey(), ok);
  device.registrationId = in.getRegistrationId();
  device.identityBinding = readFixed<Signature>(in.getIdentityBinding(), ok);
  device.signingBinding = readFixed<Signature>(in.getSigningBinding(), ok);
  if (!ok) return malformed("a key's size");
  if (device.registrationId == 0 || device.registrationId > limits::kRegistrationIdMax)
    return malformed("registration id");
  return device;
}

Result<std::bitset<128>> decodeRetired(capnp::Data::Reader in) {
  if (in.size() != 16) return malformed("the retired set's size");
  std::bitset<128> retired;
  for (std::size_t n = 0; n < retired.size(); ++n) retired[n] = (in[n / 8] >> (n % 8)) & 1;
  if (retired[0]) return malformed("device 0 retired");
  return retired;
}

Result<std::vector<ManifestDevice>> decodeDevices(capnp::List<wire::Manifest::Device>::Reader in) {
  if (in.size() == 0 || in.size() > limits::kDevicesPerManifest)
    return fail(Errc::kOverLimit, "manifest: number of devices");
  std::vector<ManifestDevice> devices;
  for (const auto entry : in) {
    auto device = decodeDevice(entry);
    if (!device) return tl::unexpected(device.error());
    if (!devices.empty() && device->id <= devices.back().id) return malformed("order of devices");
    devices.push_back(std::move(*device));
  }
  return devices;
}

Result<Manifest> decodeManifest(wire::Manifest::Reader in) {
  Manifest manifest;
  if (in.getAccount().size() != AccountId::kSize) return malformed("the account's size");
  manifest.account = AccountId::fromTrusted(view(in.getAccount()));
  manifest.version = in.getVersion();
  manifest.issuedAt = in.getIssuedAt();
  // The version reaches SQL and arithmetic as a signed number.
  if (manifest.version == 0 || manifest.version > limits::kManifestVersionMax) return malformed("version");
  if (manifest.version < manifest.issuedAt) return malformed("version below its time of issue");
  const auto primary = DeviceId::parse(in.getPrimary());
  if (!primary) return malformed("primary");
  manifest.primary = *primary;
  auto relay = RelayAddress::parse(view(in.getRelay()));
  if (!relay) return malformed("relay address");
  manifest.relay = std::move(*relay);
  auto devices = decodeDevices(in.getDevices());
  if (!devices) return tl::unexpected(devices.error());
  manifest.devices = std::move(*devices);
  const auto retired = decodeRetired(in.getRetired());
  if (!retired) return tl::unexpected(retired.error());
  manifest.retired = *retired;
  bool ok = true;
  manifest.previousHash = readFixed<Hash>(in.getPreviousHash(), ok);
  if (!ok) return malformed("the previous hash's size");
  return manifest;
}

// Structure and limits only: no key and no signature is checked.
Result<Manifest> decode(ByteView bytes) {
  if (bytes.size() > limits::kManifestBytes) return fail(Errc::kOverLimit, "manifest over 8 KiB");
  if (bytes.size() <= Signature::kSize || !isWholeSegment(bytes.subspan(Signature::kSize)))
    return malformed("its size");
  try {
    SegmentReader reader(bytes.subspan(Signature::kSize));
    return decodeManifest(reader.root<wire::Manifest>());
  } catch (const kj::Exception&) {
    return malformed("encoding");
  }
}

Result<void> checkRoles(const Manifest& manifest) {
  if (manifest.find(manifest.primary) == nullptr) return malformed("the primary is not listed");
  std::set<CurveKey> identities;
  std::set<SigningKey> signers;
  for (const auto& device : manifest.devices) {
    if (manifest.isRetired(device.id)) return malformed("a retired device is listed");
    if (!identities.insert(device.identityKey).second || !signers.insert(device.signingKey).second) {
      return malformed("two devices with one key");
    }
  }
  return {};
}

Result<void> checkAccountSignature(const Manifest& manifest, ByteView bytes) {
  if (!AccountId::parse(manifest.account.view())) return fail(Errc::kBadKey, "manifest: the account is no valid key");
  const auto signature = *Signature::from(bytes.subspan(0, Signature::kSize));
  if (!verify(manifest.account.key(), SignatureUse::kManifest, bytes.subspan(Signature::kSize), signature)) {
    return fail(Errc::kBadSignature, "manifest: not signed by its account");
  }
  return {};
}

}  // namespace

const ManifestDevice* Manifest::find(DeviceId device) const {
  const auto found = std::ranges::find(devices, device, &ManifestDevice::id);
  return found == devices.end() ? nullptr : &*found;
}

SignedManifest::SignedManifest(Manifest manifest, Bytes bytes, Hash hash)
    : manifest_(std::move(manifest)), bytes_(std::move(bytes)), hash_(hash) {}

Result<SignedManifest> SignedManifest::parse(ByteView bytes) {
  auto manifest = decode(bytes);
  if (!manifest) return tl::unexpected(manifest.error());
  if (auto roles = checkRoles(*manifest); !roles) return tl::unexpected(roles.error());
  // The account's one signature comes before the devices' many: a stranger cannot make us check those.
  if (auto signature = checkAccountSignature(*manifest, bytes); !signature) return tl::unexpected(signature.error());
  for (const auto& device : manifest->devices) {
    if (auto checked = checkDevice(manifest->account, device); !checked) return tl::unexpected(checked.error());
  }
  return SignedManifest(std::move(*manifest), toBytes(bytes), blake2b(bytes));
}

Result<AccountId> SignedManifest::claimedAccount(ByteView bytes) {
  const auto manifest = decode(bytes);
  if (!manifest) return tl::unexpected(manifest.error());
  return AccountId::parse(manifest->account.view());
}

SignedManifest SignedManifest::fromTrusted(ByteView bytes) {
  auto manifest = decode(bytes);
  if (!manifest) throw std::logic_error("a stored manifest does not decode");
  return SignedManifest(std::move(*manifest), toBytes(bytes), blake2b(bytes));
}

Result<SignedManifest> SignedManifest::sign(const Manifest& manifest, const SigningKeyPair& accountKey) {
  SegmentBuilder builder(limits::kManifestBytes - Signature::kSize);
  try {
    encodeManifest(manifest, builder.initRoot<wire::Manifest>());
  } catch (const SegmentBuilder::Full&) {
    return fail(Errc::kOverLimit, "manifest over 8 KiB");
  }
  const auto signature = accountKey.sign(SignatureUse::kManifest, builder.bytes());
  return parse(ByteWriter().raw(signature.view()).raw(builder.bytes()).take());
}

Bytes bindingBody(const AccountId& account, DeviceId id, const CurveKey& identityKey, const SigningKey& signingKey) {
  return ByteWriter().raw(account.view()).u8(id.value()).raw(identityKey.view()).raw(signingKey.view()).take();
}

Result<void> checkDevice(const AccountId& account, const ManifestDevice& device) {
  if (!checkCurveKey(device.identityKey.view())) return fail(Errc::kBadKey, "manifest: a device's identity key");
  // Any Ed25519 key that enters meets the same demands as an account's.
  if (!AccountId::parse(device.signingKey.view())) return fail(Errc::kBadKey, "manifest: a device's signing key");
  const auto body = bindingBody(account, device.id, device.identityKey, device.signingKey);
  if (!verifyXeddsa(device.identityKey, SignatureUse::kBindIdentity, body, device.identityBinding) ||
      !verify(device.signingKey, SignatureUse::kBindSigning, body, device.signingBinding)) {
    return fail(Errc::kBadBinding, "manifest: a device is listed without its consent");
  }
  return {};
}

ManifestOrder compare(const SignedManifest& held, const SignedManifest& candidate) {
  if (candidate->account != held->account) throw std::logic_error("manifests of two accounts compared");
  if (candidate->version < held->version) return ManifestOrder::kStale;
  if (candidate->version == held->version) {
    return candidate.hash() == held.hash() ? ManifestOrder::kSame : ManifestOrder::kEquivocation;
  }
  return (held->retired & ~candidate->retired).any() ? ManifestOrder::kUnretires : ManifestOrder::kNewer;
}

std::uint64_t issueTime(WallTime now) { return static_cast<std::uint64_t>(std::max<std::int64_t>(now.seconds(), 0)); }

WallTime issuedAt(const Manifest& manifest) {
  constexpr std::uint64_t kFurthest = 1'000'000'000'000;  // seconds: the year 33658
  return {static_cast<std::int64_t>(std::min(manifest.issuedAt, kFurthest)) * 1000};
}

std::uint64_t nextManifestVersion(std::uint64_t previous, WallTime now) {
  return std::max(previous + 1, issueTime(now));
}

}  // namespace waxwing
