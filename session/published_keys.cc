#include "session/published_keys.h"

#include "crypto/key_gate.h"
#include "crypto/limits.h"
#include "session/manifest.capnp.h"
#include "session/segment.h"

namespace waxwing {
namespace {

tl::unexpected<Error> malformed(const char* what) {
  return fail(Errc::kMalformed, std::string("malformed published keys: ") + what);
}

void encodeKeys(const PublishedKeys& keys, wire::PublishedKeys::Builder out) {
  out.setAccount(blob(keys.owner.account.view()));
  out.setDevice(keys.owner.device.value());
  out.setCounter(keys.counter);
  out.setCreatedAt(keys.createdAt);
  out.setSignedPreKeyId(keys.signedPreKeyId);
  out.setSignedPreKey(blob(keys.signedPreKey.view()));
  out.setSignedPreKeySignature(blob(keys.signedPreKeySignature.view()));
  auto sealKeys = out.initSealKeys(static_cast<capnp::uint>(keys.sealKeys.size()));
  for (capnp::uint i = 0; i < sealKeys.size(); ++i) {
    sealKeys[i].setSuite(static_cast<std::uint8_t>(keys.sealKeys[i].suite));
    sealKeys[i].setId(keys.sealKeys[i].id);
    sealKeys[i].setKey(blob(keys.sealKeys[i].key.view()));
  }
}

// Suites that this version does not know are skipped; of those it knows there is one key each.
Result<std::vector<SealKey>> decodeSealKeys(capnp::List<wire::PublishedKeys::SealKey>::Reader in) {
  if (in.size() == 0 || in.size() > limits::kSealKeysPublished) return malformed("number of seal keys");
  std::vector<SealKey> keys;
  for (const auto entry : in) {
    if (entry.getSuite() != static_cast<std::uint8_t>(SealSuite::kXChaCha)) continue;
    bool ok = keys.empty();
    keys.push_back({SealSuite::kXChaCha, entry.getId(), readFixed<CurveKey>(entry.getKey(), ok)});
    if (!ok) return malformed("seal key");
  }
  if (keys.empty()) return malformed("no seal key of a known suite");
  return keys;
}

Result<PublishedKeys> decodeKeys(wire::PublishedKeys::Reader in) {
  PublishedKeys keys;
  const auto device = DeviceId::parse(in.getDevice());
  if (!device || in.getAccount().size() != AccountId::kSize) return malformed("owner");
  keys.owner = {AccountId::fromTrusted(view(in.getAccount())), *device};
  keys.counter = in.getCounter();
  keys.createdAt = in.getCreatedAt();
  if (keys.counter == 0 || keys.counter > limits::kKeysCounterMax || keys.counter < keys.createdAt)
    return malformed("counter");
  keys.signedPreKeyId = in.getSignedPreKeyId();
  if (keys.signedPreKeyId == 0 || keys.signedPreKeyId > limits::kPreKeyIdMax) return malformed("signed pre-key id");
  bool ok = true;
  keys.signedPreKey = readFixed<CurveKey>(in.getSignedPreKey(), ok);
  keys.signedPreKeySignature = readFixed<Signature>(in.getSignedPreKeySignature(), ok);
  if (!ok) return malformed("a key's size");
  auto sealKeys = decodeSealKeys(in.getSealKeys());
  if (!sealKeys) return tl::unexpected(sealKeys.error());
  keys.sealKeys = std::move(*sealKeys);
  return keys;
}

Result<void> checkKeys(const PublishedKeys& keys) {
  if (!checkCurveKey(keys.signedPreKey.view())) return fail(Errc::kBadKey, "published keys: the signed pre-key");
  for (const auto& sealKey : keys.sealKeys) {
    if (!checkCurveKey(sealKey.key.view())) return fail(Errc::kBadKey, "published keys: a seal key");
  }
  return {};
}

Result<void> checkSignatures(const PublishedKeys& keys, ByteView bytes, const ManifestDevice& owner) {
  const auto signature = *Signature::from(bytes.subspan(0, Signature::kSize));
  if (!verify(owner.signingKey, SignatureUse::kKeys, bytes.subspan(Signature::kSize), signature)) {
    return fail(Errc::kBadSignature, "published keys: not signed by their device");
  }
  const auto signedKey = ByteWriter().u8(kCurveKeyType).raw(keys.signedPreKey.view()).take();
  if (!verifyXeddsaRaw(owner.identityKey, signedKey, keys.signedPreKeySignature)) {
    return fail(Errc::kBadSignature, "published keys: the signed pre-key is not signed by the identity key");
  }
  return {};
}

}  // namespace

Result<PublishedKeys> SignedKeys::peek(ByteView bytes) {
  if (bytes.size() > limits::kPublishedKeysBytes) return fail(Errc::kOverLimit, "published keys over 4 KiB");
  if (bytes.size() <= Signature::kSize || !isWholeSegment(bytes.subspan(Signature::kSize)))
    return malformed("their size");
  try {
    SegmentReader reader(bytes.subspan(Signature::kSize));
    return decodeKeys(reader.root<wire::PublishedKeys>());
  } catch (const kj::Exception&) {
    return malformed("encoding");
  }
}

Result<SignedKeys> SignedKeys::parse(ByteView bytes, const AccountId& account, const ManifestDevice& owner) {
  auto keys = peek(bytes);
  if (!keys) return tl::unexpected(keys.error());
  if (keys->owner != DeviceAddress{account, owner.id})
    return fail(Errc::kBadSignature, "published keys of another device");
  if (auto checked = checkSignatures(*keys, bytes, owner); !checked) return tl::unexpected(checked.error());
  if (auto checked = checkKeys(*keys); !checked) return tl::unexpected(checked.error());
  return SignedKeys(std::move(*keys), toBytes(bytes));
}

Result<SignedKeys> SignedKeys::sign(const PublishedKeys& keys, const SigningKeyPair& deviceKey) {
  SegmentBuilder builder(limits::kPublishedKeysBytes - Signature::kSize);
  try {
    encodeKeys(keys, builder.initRoot<wire::PublishedKeys>());
  } catch (const SegmentBuilder::Full&) {
    return fail(Errc::kOverLimit, "published keys over 4 KiB");
  }
  const auto signature = deviceKey.sign(SignatureUse::kKeys, builder.bytes());
  auto bytes = ByteWriter().raw(signature.view()).raw(builder.bytes()).take();
  auto decoded = peek(bytes);
  if (!decoded) return tl::unexpected(decoded.error());
  return SignedKeys(std::move(*decoded), std::move(bytes));
}

}  // namespace waxwing
