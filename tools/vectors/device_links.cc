#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "crypto/text.h"
#include "session/device_link.h"
#include "store/client/identity_table.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/manifest_parts.h"
#include "tools/vectors/scratch.h"
#include "tools/vectors/scripted_random.h"

// Adding a device: the request that a new installation shows and the grant that the primary answers with.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device makes it."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A key, a binding or a signature is another."};
constexpr Note kBadKey{"BadKey", "CONFIDENTIALITY", "A key that no honest device makes."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "Not the one spelling, or not the layout."};

constexpr std::string_view kRequestPrefix = "waxwing-request1:";
constexpr std::string_view kGrantPrefix = "waxwing-grant1:";

Bytes bytesBehind(std::string_view prefix, std::string_view text) {
  return fromBase64url(text.substr(std::min(prefix.size(), text.size()))).value_or(Bytes());
}
std::string textOf(std::string_view prefix, ByteView bytes) { return std::string(prefix) + toBase64url(bytes); }

DeviceSecrets secretsIn(Case& c) {
  DeviceSecrets secrets;
  secrets.id = c.accept("device", DeviceId::parse(c.number("device")));
  secrets.identitySecret = c.curveSecret("identitySecret");
  secrets.signingSeed = toBytes(c.fixed<Hash>("signingSeed").view());
  secrets.registrationId = c.number32("registrationId");
  return secrets;
}

// --- the request

void checkRequest(Case& c) {
  std::string made;
  if (c.has("identitySecret")) {
    auto secrets = secretsIn(c);
    secrets.random = c.hex("random");
    const auto account = c.accept("account", AccountId::parse(c.hex("account")));
    const auto answer = CurveKeyPair::fromSecret(c.curveSecret("answerSecret"));
    made = DeviceRequest{account, listedDevice(account, secrets), answer.publicKey()}.text();
  }
  const auto request = c.accept("request", DeviceRequest::parse(c.givenText("request", made)));
  c.step("bytes", bytesBehind(kRequestPrefix, request.text()));
  c.expect("account", request.account.view());
  c.expectNumber("device", request.device.id.value());
  c.expectNumber("registrationId", request.device.registrationId);
  c.expect("identityKey", request.device.identityKey.view());
  c.expect("signingKey", request.device.signingKey.view());
  c.expect("answerKey", request.answerKey.view());
  c.expectText("request", made);
  c.step("labelled hash, use device-request", labelledHash("device-request", bytesBehind(kRequestPrefix, made)).view());
  c.expectText("code", c.accept("code", request.shortCode()));
}

Json requestJson(Generator& g) {
  return Json{{"account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())},
              {"device", 2 + g.random().below(126)},
              {"identitySecret", g.curveSecret()},
              {"signingSeed", g.randomHex(32)},
              {"registrationId", 1 + g.random().below(16380)},
              {"random", g.randomHex(64)},
              {"answerSecret", g.curveSecret()}};
}

void generateRequest(Generator& g) {
  g.valid("", {"Ordinary"}, requestJson(g));
  const auto good = g.valid("", {"Ordinary"}, requestJson(g));
  g.group("Refused");
  const auto text = good["request"].get<std::string>();
  const auto bytes = bytesBehind(kRequestPrefix, text);
  const auto refuse = [&](const char* comment, const char* flag, Errc reason, std::string request) {
    g.invalid(comment, {flag}, name(reason), Json{{"request", std::move(request)}});
  };
  const auto patched = [&](std::size_t place, ByteView to) {
    auto copy = bytes;
    std::ranges::copy(to, copy.begin() + static_cast<std::ptrdiff_t>(place));
    return textOf(kRequestPrefix, copy);
  };
  const auto otherKey = CurveKeyPair::generate(g.random()).publicKey();
  const auto otherSigner = SigningKeyPair::generate(g.random()).publicKey();
  refuse("another account", "Forged", Errc::kBadBinding, patched(0, otherSigner.view()));
  refuse("another device id", "Forged", Errc::kBadBinding,
         patched(32, Bytes{bytes[32] == 100 ? std::uint8_t{101} : std::uint8_t{100}}));
  refuse("another identity key", "Forged", Errc::kBadBinding, patched(33, otherKey.view()));
  refuse("another signing key", "Forged", Errc::kBadBinding, patched(65, otherSigner.view()));
  refuse("no identity binding", "Forged", Errc::kBadBinding, patched(101, Bytes(64)));
  refuse("no signing binding", "Forged", Errc::kBadBinding, patched(165, Bytes(64)));
  refuse("an account that is no key", "BadKey", Errc::kBadKey, patched(0, Bytes(32)));
  refuse("an identity key of low order", "BadKey", Errc::kBadKey, patched(33, Bytes(32)));
  refuse("a signing key of small order", "BadKey", Errc::kBadKey, patched(65, Bytes(32)));
  refuse("an answer key of low order", "BadKey", Errc::kBadKey, patched(229, Bytes(32)));
  refuse("device 0", "Encoding", Errc::kMalformed, patched(32, Bytes{0}));
  refuse("device 128", "Encoding", Errc::kMalformed, patched(32, Bytes{128}));
  refuse("registration id 0", "Encoding", Errc::kMalformed, patched(97, Bytes(4)));
  refuse("registration id 16381", "Encoding", Errc::kMalformed, patched(97, Bytes{0xfd, 0x3f, 0, 0}));
  refuse("another prefix", "Encoding", Errc::kMalformed, "waxwing-request2:" + text.substr(kRequestPrefix.size()));
  refuse("the last letter is missing", "Encoding", Errc::kMalformed, text.substr(0, text.size() - 1));
  refuse("four letters are missing", "Encoding", Errc::kMalformed, text.substr(0, text.size() - 4));
  refuse("a byte behind", "Encoding", Errc::kMalformed, textOf(kRequestPrefix, ByteWriter().raw(bytes).u8(0).view()));
  refuse("empty", "Encoding", Errc::kMalformed, "");
  auto otherCode = good["code"].get<std::string>();
  otherCode[0] = otherCode[0] == '9' ? '0' : '9';
  g.invalid("another code", {"Forged"}, kMismatch, with(good, "code", otherCode));
}

// --- the grant

Bytes keyBytes(const std::optional<AccessKey>& key) { return key ? toBytes(key->view()) : Bytes(); }

std::optional<AccessKey> optionalKey(Case& c, const char* name) {
  const auto bytes = c.hex(name);
  if (bytes.empty()) return std::nullopt;
  auto key = AccessKey::from(bytes);
  c.require(name, key.has_value(), kMalformed);
  return key;
}

AccessKey keyIn(Case& c, const char* name) {
  auto key = optionalKey(c, name);
  c.require(name, key.has_value(), kMalformed);
  return std::move(*key);
}

GrantedContact contactIn(Case& c) {
  GrantedContact contact;
  contact.account = c.accept("account", AccountId::parse(c.hex("account")));
  contact.name = c.text("name");
  contact.state = static_cast<std::uint8_t>(c.number("state"));
  contact.manifest = c.hex("manifest");
  contact.accessKey = optionalKey(c, "accessKey");
  if (const auto relay = c.text("relay"); !relay.empty()) contact.relay = c.accept("relay", RelayAddress::parse(relay));
  return contact;
}

std::string madeGrant(Case& c, const SigningKeyPair& accountKey, const DeviceRequest& request) {
  DeviceGrant grant;
  grant.manifest = c.hex("manifest");
  for (auto& item : c.list("contacts")) grant.contacts.push_back(contactIn(item));
  grant.contactKey = keyIn(c, "contactKey");
  for (auto& item : c.list("inviteKeys")) grant.inviteKeys.push_back(keyIn(item, "key"));

  Transaction transaction(scratchDatabase(Whose::kBob), CommitPoint::kPrepare);
  constexpr std::uint64_t kUnboundSeed = 7;
  SeededRandom unbound(kUnboundSeed);
  IdentityTable::Row primary;
  primary.address = {accountOf(accountKey), DeviceId::fromTrusted(1)};
  primary.registrationId = 1;
  primary.identitySecret = unbound.secret<32>();
  primary.signingSeed = unbound.secret<32>();
  primary.accountSeed = accountKey.seed();
  IdentityTable(transaction.database()).insert(primary);
  ScriptedRandom random(c.curveSecret("ephemeralSecret"));
  const auto self = OwnDevice::load(transaction.database()).value();
  auto text = c.accept("grant", sealDeviceGrant(self, request, grant, random));
  c.require("ephemeralSecret", random.finish(), kRandomness);
  return text;
}

void compareGrant(Case& c, const DeviceGrant& grant) {
  c.expect("manifest", grant.manifest);
  auto contacts = c.list("contacts");
  c.require("contacts", contacts.size() == grant.contacts.size(), kMismatch);
  for (std::size_t i = 0; i < contacts.size(); ++i) {
    const auto& contact = grant.contacts[i];
    contacts[i].expect("account", contact.account.view());
    contacts[i].expectText("name", contact.name);
    contacts[i].expectNumber("state", contact.state);
    contacts[i].expect("manifest", contact.manifest);
    contacts[i].expect("accessKey", keyBytes(contact.accessKey));
    contacts[i].expectText("relay", contact.relay ? contact.relay->text() : std::string());
  }
  c.expect("contactKey", grant.contactKey.view());
  auto keys = c.list("inviteKeys");
  c.require("inviteKeys", keys.size() == grant.inviteKeys.size(), kMismatch);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i].expect("key", grant.inviteKeys[i].view());
}

void checkGrant(Case& c) {
  const auto requestText = c.text("request");
  const auto request = c.accept("request", DeviceRequest::parse(requestText));
  const auto hash = labelledHash("device-request", bytesBehind(kRequestPrefix, requestText));
  c.step("request hash", hash.view());
  const auto secrets = secretsIn(c);
  const auto answerSecret = c.curveSecret("answerSecret");
  std::string made;
  if (c.has("accountSeed")) {
    made = madeGrant(c, SigningKeyPair::fromSeed(c.fixed<Hash>("accountSeed").view()), request);
  }
  Transaction transaction(scratchDatabase(Whose::kAlice), CommitPoint::kPrepare);
  IdentityTable::Request waiting;
  waiting.device.address = {request.account, secrets.id};
  waiting.device.registrationId = secrets.registrationId;
  waiting.device.identitySecret = std::move(*SecretArray<32>::from(secrets.identitySecret));
  waiting.device.signingSeed = std::move(*SecretArray<32>::from(secrets.signingSeed));
  waiting.answerSecret = std::move(*SecretArray<32>::from(answerSecret));
  waiting.hash = hash;
  IdentityTable(transaction.database()).putRequest(waiting);
  const auto text = c.givenText("grant", made);
  if (const auto opened = openSeal(CurveKeyPair::fromSecret(answerSecret), bytesBehind(kGrantPrefix, text))) {
    c.step("signature ‖ body", opened->view());
  }
  const ManualClock clock({1'800'000'000'000});
  const auto grant = c.accept("grant", acceptDeviceGrant(transaction, text, clock, systemRandom()));
  compareGrant(c, grant);
  c.expectText("grant", made);
}

struct NewDevice {
  std::string accountSeed;
  DeviceSecrets primary;
  DeviceSecrets device;
  std::string answerSecret;

  SigningKeyPair account() const { return SigningKeyPair::fromSeed(bytesOf(accountSeed)); }
  DeviceRequest request() const {
    const auto answer = CurveKeyPair::fromSecret(bytesOf(answerSecret));
    return {accountOf(account()), listedDevice(accountOf(account()), device), answer.publicKey()};
  }
  std::string manifest(const std::vector<DeviceSecrets>& listed) const {
    Manifest manifest;
    manifest.account = accountOf(account());
    manifest.version = manifest.issuedAt = 1'800'000'000;
    manifest.primary = primary.id;
    manifest.relay = RelayAddress::parse("relay.example:4433").value();
    for (const auto& secrets : listed) manifest.devices.push_back(listedDevice(manifest.account, secrets));
    return hexOf(SignedManifest::sign(manifest, account()).value().bytes());
  }
  Json json() const {
    return Json{{"request", request().text()},
                {"device", device.id.value()},
                {"identitySecret", hexOf(device.identitySecret)},
                {"signingSeed", hexOf(device.signingSeed)},
                {"registrationId", device.registrationId},
                {"answerSecret", answerSecret},
                {"accountSeed", accountSeed},
                {"manifest", manifest({primary, device})}};
  }
};

DeviceSecrets randomSecrets(Generator& g, std::uint8_t id) {
  return {DeviceId::fromTrusted(id), bytesOf(g.curveSecret()), bytesOf(g.randomHex(32)),
          static_cast<std::uint32_t>(1 + g.random().below(16380)), bytesOf(g.randomHex(64))};
}

NewDevice newDevice(Generator& g) {
  return {g.randomHex(32), randomSecrets(g, 1), randomSecrets(g, 9), g.curveSecret()};
}

Json grantJson(Generator& g, const NewDevice& added, Json contacts, int inviteKeys) {
  auto values = added.json();
  values["contacts"] = std::move(contacts);
  values["contactKey"] = g.randomHex(32);
  values["inviteKeys"] = Json::array();
  for (int i = 0; i < inviteKeys; ++i) values["inviteKeys"].push_back(Json{{"key", g.randomHex(32)}});
  values["ephemeralSecret"] = g.curveSecret();
  return values;
}

Json contactJson(Generator& g, const char* name, std::uint64_t state, std::string accessKey, const char* relay) {
  return Json{{"account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())},
              {"name", name},
              {"state", state},
              {"manifest", g.randomHex(state == 0 ? 0 : 16)},
              {"accessKey", std::move(accessKey)},
              {"relay", relay}};
}

// A grant around `body`, signed by `signer` for `requestText`.
std::string grantAround(Generator& g, ByteView body, const SigningKeyPair& signer, std::string_view requestText) {
  const auto request = DeviceRequest::parse(requestText).value();
  const auto hash = labelledHash("device-request", bytesBehind(kRequestPrefix, requestText));
  const auto signature = signer.sign(SignatureUse::kDeviceGrant, ByteWriter().raw(hash.view()).raw(body).view());
  return textOf(kGrantPrefix, seal(request.answerKey, ByteWriter().raw(signature.view()).raw(body).view(), g.random()));
}

void generateGrant(Generator& g) {
  const auto added = newDevice(g);
  g.valid("no contacts", {"Ordinary"}, grantJson(g, newDevice(g), Json::array(), 0));
  const auto good = g.valid("two contacts, two invites", {"Ordinary"},
                            grantJson(g, added,
                                      Json::array({contactJson(g, "Zoë", 3, g.randomHex(32), "relay.example:1"),
                                                   contactJson(g, "", 0, "", "")}),
                                      2));
  g.group("Refused");
  const auto seen =
      only(good, {"request", "device", "identitySecret", "signingSeed", "registrationId", "answerSecret", "grant"});
  const auto refuse = [&](const char* comment, const char* flag, Errc reason, std::string grant) {
    g.invalid(comment, {flag}, name(reason), with(seen, "grant", std::move(grant)));
  };
  const auto text = good["grant"].get<std::string>();
  const auto request = good["request"].get<std::string>();
  const auto sealed = bytesBehind(kGrantPrefix, text);
  const auto opened = openSeal(CurveKeyPair::fromSecret(bytesOf(added.answerSecret)), sealed);
  const auto body = toBytes(opened->view().subspan(64));
  const auto around = [&](ByteView changed) { return grantAround(g, changed, added.account(), request); };
  for (const std::size_t place : {0u, 40u, 200u}) {
    auto changed = sealed;
    changed[place] = static_cast<std::uint8_t>(~changed[place]);
    refuse("a sealed byte is another", "Forged", Errc::kSealBroken, textOf(kGrantPrefix, changed));
  }
  refuse("signed by another account", "Forged", Errc::kBadSignature,
         grantAround(g, body, SigningKeyPair::generate(g.random()), request));
  auto other = added;
  other.device = randomSecrets(g, 9);
  const auto otherHash = labelledHash("device-request", bytesBehind(kRequestPrefix, other.request().text()));
  const auto forOther =
      added.account().sign(SignatureUse::kDeviceGrant, ByteWriter().raw(otherHash.view()).raw(body).view());
  refuse("signed for another request", "Forged", Errc::kBadSignature,
         textOf(kGrantPrefix,
                seal(added.request().answerKey, ByteWriter().raw(forOther.view()).raw(body).view(), g.random())));
  const auto withManifest = [&](const std::string& manifest) {
    const auto rest = ByteView(body).subspan(4 + bytesOf(good["manifest"]).size());
    return around(ByteWriter().prefixed(bytesOf(manifest)).raw(rest).view());
  };
  refuse("a manifest that does not list the device", "Forged", Errc::kBadBinding,
         withManifest(added.manifest({added.primary})));
  refuse("a manifest that lists another device under its id", "Forged", Errc::kBadBinding,
         withManifest(other.manifest({other.primary, other.device})));
  refuse("a manifest of another account", "Forged", Errc::kBadBinding,
         withManifest(newDevice(g).manifest({added.primary})));
  refuse("a byte behind", "Encoding", Errc::kMalformed, around(ByteWriter().raw(body).u8(0).view()));
  refuse("the last byte is missing", "Encoding", Errc::kMalformed, around(ByteView(body).first(body.size() - 1)));
  refuse("four thousand million contacts", "Encoding", Errc::kMalformed,
         around(ByteWriter().prefixed(bytesOf(good["manifest"])).u32(0xffffffff).view()));
  refuse("no body", "Encoding", Errc::kMalformed, around({}));
  refuse("another prefix", "Encoding", Errc::kMalformed, "waxwing-grant2:" + text.substr(kGrantPrefix.size()));
  refuse("empty", "Encoding", Errc::kMalformed, "");
  g.invalid("opened with another answer key", {"Forged"}, name(Errc::kSealBroken),
            with(seen, "answerSecret", g.curveSecret()));
}

}  // namespace

std::vector<Kind> deviceLinkKinds() {
  const std::vector<Field> contact{{"account", kHex, "32 bytes"},        {"name", kText, "at most 128 bytes of UTF-8"},
                                   {"state", kNumber, "one byte"},       {"manifest", kHex, "not looked into here"},
                                   {"accessKey", kHex, "0 or 32 bytes"}, {"relay", kText, "relay address, or empty"}};
  const std::vector<Field> secrets{{"device", kNumber, "the new device's id"},
                                   {"identitySecret", kHex, "Curve25519, 32 bytes, clamped"},
                                   {"signingSeed", kHex, "Ed25519, 32 bytes"},
                                   {"registrationId", kNumber, "1 to 16380"}};
  std::vector<Field> request{{"account", kHex, "32 bytes"}};
  request.insert(request.end(), secrets.begin(), secrets.end());
  request.insert(request.end(), {{"random", kHex, "the 64 bytes drawn for the identity binding's nonce"},
                                 {"answerSecret", kHex, "Curve25519, 32 bytes, clamped"},
                                 {"identityKey", kHex, "u, 32 bytes"},
                                 {"signingKey", kHex, "32 bytes"},
                                 {"answerKey", kHex, "u, 32 bytes"},
                                 {"request", kText, "\"waxwing-request1:\" and base64url"},
                                 {"code", kText, "twelve digits in three groups"}});
  std::vector<Field> grant{{"request", kText, "what the grant answers"}};
  grant.insert(grant.end(), secrets.begin(), secrets.end());
  grant.insert(grant.end(), {{"answerSecret", kHex, "Curve25519, 32 bytes, clamped"},
                             {"accountSeed", kHex, "the account's private key"},
                             {"manifest", kHex, "signature (64) ‖ Manifest message; lists the device"},
                             {"contacts", kList, "in order", Field::Need::kAlways, contact},
                             {"contactKey", kHex, "32 bytes"},
                             {"inviteKeys", kList, "in order", Field::Need::kAlways, {{"key", kHex, "32 bytes"}}},
                             {"ephemeralSecret", kHex, "32 bytes, clamped: drawn for the seal"},
                             {"grant", kText, "\"waxwing-grant1:\" and base64url"}});
  return {
      {"device_request",
       "docs/protocol.md §3, Adding a device",
       "A device's request reads like this and has this code; the secrets make it.",
       request,
       {kOrdinary, kForged, kBadKey, kEncoding},
       generateRequest,
       checkRequest},
      {"device_grant",
       "docs/protocol.md §3, Adding a device",
       "A grant is accepted for its request and holds this; the secrets make it.",
       grant,
       {kOrdinary, kForged, kEncoding},
       generateGrant,
       checkGrant},
  };
}

}  // namespace waxwing::vectors
