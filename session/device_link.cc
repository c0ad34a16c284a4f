#include "session/device_link.h"

#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/key_gate.h"
#include "crypto/limits.h"
#include "crypto/passphrase.h"
#include "crypto/seal.h"
#include "crypto/text.h"
#include "session/device_keys.h"
#include "session/manifest_book.h"

// The layouts, both fixed:
//
//   request = account (32) ‖ device (1) ‖ identity key (32) ‖ signing key (32) ‖ registration id (u32)
//             ‖ identity binding (64) ‖ signing binding (64) ‖ answer key (32)
//   grant   = sealed to the answer key: signature (64) ‖ body; the account key signs, use "device-grant",
//             labelledHash("device-request", request) ‖ body
//   body    = u32 length ‖ manifest ‖ u32 number ‖ contacts ‖ contact key (32) ‖ u32 number ‖ invite keys (32 each)
//   contact = account (32) ‖ u32 length ‖ name ‖ state (u8) ‖ u32 length ‖ manifest
//             ‖ u32 length ‖ access key (0 or 32) ‖ u32 length ‖ relay address text (empty: none)
namespace waxwing {
namespace {

constexpr std::string_view kRequestPrefix = "waxwing-request1:";
constexpr std::string_view kGrantPrefix = "waxwing-grant1:";

tl::unexpected<Error> malformed(const char* what) { return fail(Errc::kMalformed, what); }

Bytes requestBytes(const DeviceRequest& request) {
  const auto& device = request.device;
  ByteWriter writer;
  writer.raw(request.account.view()).u8(device.id.value()).raw(device.identityKey.view()).raw(device.signingKey.view());
  writer.u32(device.registrationId).raw(device.identityBinding.view()).raw(device.signingBinding.view());
  return writer.raw(request.answerKey.view()).take();
}

Hash requestHash(const DeviceRequest& request) { return labelledHash("device-request", requestBytes(request)); }

// What the account signs in a grant, behind the label.
Bytes grantBody(const Hash& hash, ByteView body) { return ByteWriter().raw(hash.view()).raw(body).take(); }

void write(ByteWriter& writer, const GrantedContact& contact) {
  writer.raw(contact.account.view()).prefixed(asBytes(contact.name)).u8(contact.state).prefixed(contact.manifest);
  writer.prefixed(contact.accessKey ? contact.accessKey->view() : ByteView());
  writer.prefixed(asBytes(contact.relay ? contact.relay->text() : std::string()));
}

SecretBytes encodeGrant(const DeviceGrant& grant) {
  ByteWriter writer;
  writer.prefixed(grant.manifest).u32(static_cast<std::uint32_t>(grant.contacts.size()));
  for (const auto& contact : grant.contacts) write(writer, contact);
  writer.raw(grant.contactKey.view()).u32(static_cast<std::uint32_t>(grant.inviteKeys.size()));
  for (const auto& key : grant.inviteKeys) writer.raw(key.view());
  auto bytes = writer.take();
  SecretBytes secret{ByteView(bytes)};
  wipe(bytes);
  return secret;
}

Result<GrantedContact> readContact(ByteReader& reader) {
  GrantedContact contact;
  const auto account = AccountId::parse(reader.raw(AccountId::kSize));
  if (!account) return malformed("the grant names no valid account");
  contact.account = *account;
  contact.name = asText(reader.prefixed());
  contact.state = reader.u8();
  contact.manifest = toBytes(reader.prefixed());
  const auto key = reader.prefixed();
  const auto relay = reader.prefixed();
  if (!key.empty()) contact.accessKey = AccessKey::from(key);
  if (!key.empty() && !contact.accessKey) return malformed("an access key in the grant");
  if (contact.name.size() > limits::kNameBytes || !isUtf8(contact.name)) return malformed("a name in the grant");
  if (relay.empty()) return contact;
  auto address = RelayAddress::parse(asText(relay));
  if (!address) return malformed("a relay address in the grant");
  contact.relay = std::move(*address);
  return contact;
}

Result<DeviceGrant> decodeGrant(ByteView bytes) {
  ByteReader reader(bytes);
  DeviceGrant grant;
  grant.manifest = toBytes(reader.prefixed());
  for (auto left = reader.u32(); left > 0; --left) {
    auto contact = readContact(reader);
    if (!contact) return tl::unexpected(contact.error());
    if (!reader.ok()) return malformed("the grant is cut short");
    grant.contacts.push_back(std::move(*contact));
  }
  auto contactKey = AccessKey::from(reader.raw(AccessKey::kSize));
  if (!contactKey) return malformed("the grant is cut short");
  grant.contactKey = std::move(*contactKey);
  for (auto left = reader.u32(); left > 0; --left) {
    auto key = AccessKey::from(reader.raw(AccessKey::kSize));
    if (!key) return malformed("the grant is cut short");
    grant.inviteKeys.push_back(std::move(*key));
  }
  if (!reader.atEnd()) return malformed("the grant's length");
  return grant;
}

// The bytes behind `prefix`, at most `most` characters of text in all.
Result<Bytes> parseText(std::string_view text, std::string_view prefix, std::size_t most) {
  if (text.size() > most || !text.starts_with(prefix))
    return malformed("this is not the text that the other device shows");
  auto bytes = fromBase64url(text.substr(prefix.size()));
  if (!bytes) return malformed("the text is mistyped or cut short");
  return std::move(*bytes);
}

bool isSameEntry(const ManifestDevice& a, const ManifestDevice& b) {
  return a.id == b.id && a.identityKey == b.identityKey && a.signingKey == b.signingKey &&
         a.registrationId == b.registrationId;
}

// The grant's manifest, if it is the account's and lists this very device.
Result<SignedManifest> checkManifest(const DeviceGrant& grant, const IdentityTable::Row& keys, Random& random) {
  auto manifest = SignedManifest::parse(grant.manifest);
  if (!manifest) return manifest;
  const auto* entry = (*manifest)->find(keys.address.device);
  const auto own = manifestEntry(keys, SignalContext(random));
  if ((*manifest)->account != keys.address.account || entry == nullptr || !isSameEntry(*entry, own)) {
    return fail(Errc::kBadBinding, "the grant's device list does not hold this device");
  }
  return manifest;
}

}  // namespace

Result<DeviceRequest> DeviceRequest::parse(std::string_view text) {
  const auto bytes = parseText(text, kRequestPrefix, limits::kDeviceRequestBytes);
  if (!bytes) return tl::unexpected(bytes.error());
  ByteReader reader(*bytes);
  DeviceRequest request;
  const auto account = AccountId::parse(reader.raw(AccountId::kSize));
  const auto id = DeviceId::parse(reader.u8());
  request.device.identityKey = reader.fixed<CurveKey>();
  request.device.signingKey = reader.fixed<SigningKey>();
  request.device.registrationId = reader.u32();
  request.device.identityBinding = reader.fixed<Signature>();
  request.device.signingBinding = reader.fixed<Signature>();
  request.answerKey = reader.fixed<CurveKey>();
  if (!reader.atEnd() || !id) return malformed("the request is cut short");
  if (request.device.registrationId == 0 || request.device.registrationId > limits::kRegistrationIdMax)
    return malformed("the request's registration id");
  if (!account || !checkCurveKey(request.answerKey.view())) return fail(Errc::kBadKey, "the request holds a bad key");
  request.account = *account;
  request.device.id = *id;
  if (auto checked = checkDevice(request.account, request.device); !checked) return tl::unexpected(checked.error());
  return request;
}

std::string DeviceRequest::text() const { return std::string(kRequestPrefix) + toBase64url(requestBytes(*this)); }

Result<std::string> DeviceRequest::shortCode() const {
  constexpr std::uint64_t kCodes = 1'000'000'000'000;
  const auto hash = slowHash(requestHash(*this).view());
  if (!hash) return tl::unexpected(hash.error());
  const auto digits = std::to_string(kCodes + ByteReader(hash->view()).u64() % kCodes);
  return digits.substr(1, 4) + ' ' + digits.substr(5, 4) + ' ' + digits.substr(9, 4);
}

Result<DeviceRequest> makeDeviceRequest(Transaction& transaction, const AccountId& account, const Clock&,
                                        Random& random) {
  IdentityTable identity(transaction.database());
  if (identity.find()) return fail(Errc::kProfileExists, "this profile already belongs to an account");
  const auto id = DeviceId::fromTrusted(static_cast<std::int64_t>(2 + random.below(DeviceId::kMax - 1)));
  const auto answer = CurveKeyPair::generate(random);
  IdentityTable::Request waiting{makeDeviceKeys({account, id}, random), {}, {}};
  waiting.answerSecret = std::move(*SecretArray<32>::from(answer.secret()));
  const DeviceRequest request{account, manifestEntry(waiting.device, SignalContext(random)), answer.publicKey()};
  waiting.hash = requestHash(request);
  identity.putRequest(waiting);
  return request;
}

Result<std::string> sealDeviceGrant(const OwnDevice& primary, const DeviceRequest& request, const DeviceGrant& grant,
                                    Random& random) {
  if (!primary.isPrimary()) return fail(Errc::kNotAllowed, "only the primary device adds devices");
  if (request.account != primary.address().account) return fail(Errc::kNotAllowed, "the request names another account");
  const auto body = encodeGrant(grant);
  const auto signature =
      primary.accountKey()->sign(SignatureUse::kDeviceGrant, grantBody(requestHash(request), body.view()));
  auto plaintext = ByteWriter().raw(signature.view()).raw(body.view()).take();
  const auto text = std::string(kGrantPrefix) + toBase64url(seal(request.answerKey, plaintext, random));
  wipe(plaintext);
  if (text.size() > limits::kDeviceGrantBytes) return fail(Errc::kTooLong, "the grant would be too large");
  return text;
}

Result<DeviceGrant> acceptDeviceGrant(Transaction& transaction, std::string_view text, const Clock& clock,
                                      Random& random) {
  IdentityTable identity(transaction.database());
  const auto waiting = identity.findRequest();
  if (!waiting || identity.find()) return fail(Errc::kNotFound, "no device request waits for a grant here");
  const auto sealed = parseText(text, kGrantPrefix, limits::kDeviceGrantBytes);
  if (!sealed) return tl::unexpected(sealed.error());
  const auto opened = openSeal(CurveKeyPair::fromSecret(waiting->answerSecret.view()), *sealed);
  if (!opened) return fail(Errc::kSealBroken, "the grant is not for the request that waits here, or was altered");
  ByteReader reader(opened->view());
  const auto signature = reader.fixed<Signature>();
  const auto& account = waiting->device.address.account;
  if (!verify(account.key(), SignatureUse::kDeviceGrant, grantBody(waiting->hash, reader.rest()), signature)) {
    return fail(Errc::kBadSignature, "the grant is not signed by the account");
  }
  auto grant = decodeGrant(reader.rest());
  if (!grant) return grant;
  const auto manifest = checkManifest(*grant, waiting->device, random);
  if (!manifest) return tl::unexpected(manifest.error());
  identity.insert(waiting->device);
  identity.removeRequest();
  ManifestBook(transaction.database(), clock).adopt(transaction, *manifest);
  return grant;
}

}  // namespace waxwing
