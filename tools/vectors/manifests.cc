#include "crypto/curve.h"
#include "crypto/hash.h"
#include "session/manifest.h"
#include "session/manifest_book.h"
#include "session/signal_context.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/manifest_parts.h"
#include "tools/vectors/scratch.h"
#include "tools/vectors/scripted_random.h"

// Signed device lists.
namespace waxwing::vectors {

ManifestDevice listedDevice(const AccountId& account, const DeviceSecrets& secrets) {
  ScriptedRandom random(secrets.random);
  const auto signer = SigningKeyPair::fromSeed(secrets.signingSeed);
  ManifestDevice entry;
  entry.id = secrets.id;
  entry.identityKey = CurveKeyPair::fromSecret(secrets.identitySecret).publicKey();
  entry.signingKey = signer.publicKey();
  entry.registrationId = secrets.registrationId;
  const auto body = bindingBody(account, entry.id, entry.identityKey, entry.signingKey);
  entry.identityBinding = SignalContext(random).signXeddsa(secrets.identitySecret, SignatureUse::kBindIdentity, body);
  entry.signingBinding = signer.sign(SignatureUse::kBindSigning, body);
  return entry;
}

AccountId accountOf(const SigningKeyPair& key) { return AccountId::fromTrusted(key.publicKey().view()); }

namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device makes it."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A signature, or what it covers, is altered, or of another signer."};
constexpr Note kForgedDevice{"ForgedDevice", "AUTH_BYPASS", "A device is listed without the consent of its keys."};
constexpr Note kBadKey{"BadKey", "CONFIDENTIALITY", "A key that no honest device makes, duly signed."};
constexpr Note kLimits{"Limits", "MISSING_STEP", "Duly signed, and outside the limits."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "Duly signed, and not a message of the schema."};
constexpr Note kRollback{"Rollback", "KNOWN_BUG", "An older list is taken for a newer one."};
constexpr Note kFork{"Fork", "KNOWN_BUG", "Two lists with one version."};

// --- the signed manifest

DeviceSecrets secretsIn(Case& c) {
  DeviceSecrets secrets;
  secrets.id = c.accept("id", DeviceId::parse(c.number("id")));
  secrets.identitySecret = c.curveSecret("identitySecret");
  secrets.signingSeed = toBytes(c.fixed<Hash>("signingSeed").view());
  secrets.registrationId = c.number32("registrationId");
  secrets.random = c.hex("random");
  return secrets;
}

std::bitset<128> retiredIn(Case& c) {
  const auto bytes = c.hex("retired");
  c.require("retired", bytes.size() == 16, kMalformed);
  std::bitset<128> retired;
  for (std::size_t n = 0; n < retired.size(); ++n) retired[n] = (bytes[n / 8] >> (n % 8)) & 1;
  return retired;
}

std::string retiredHex(const std::bitset<128>& retired) {
  Bytes bytes(16);
  for (std::size_t n = 0; n < retired.size(); ++n) {
    if (retired[n]) bytes[n / 8] = static_cast<std::uint8_t>(bytes[n / 8] | (1u << (n % 8)));
  }
  return hexOf(bytes);
}

Bytes madeManifest(Case& c) {
  const auto accountKey = SigningKeyPair::fromSeed(c.fixed<Hash>("accountSeed").view());
  Manifest manifest;
  manifest.account = accountOf(accountKey);
  manifest.version = c.number("version");
  manifest.issuedAt = c.number("issuedAt");
  manifest.primary = c.accept("primary", DeviceId::parse(c.number("primary")));
  manifest.relay = c.accept("relay", RelayAddress::parse(c.text("relay")));
  for (auto& device : c.list("devices")) manifest.devices.push_back(listedDevice(manifest.account, secretsIn(device)));
  manifest.retired = retiredIn(c);
  manifest.previousHash = c.fixed<Hash>("previousHash");
  return toBytes(c.accept("manifest", SignedManifest::sign(manifest, accountKey)).bytes());
}

void compareDevices(Case& c, const Manifest& manifest) {
  auto devices = c.list("devices");
  c.require("devices", devices.size() == manifest.devices.size(), kMismatch);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& entry = manifest.devices[i];
    devices[i].expectNumber("id", entry.id.value());
    devices[i].expectNumber("registrationId", entry.registrationId);
    devices[i].expect("identityKey", entry.identityKey.view());
    devices[i].expect("signingKey", entry.signingKey.view());
  }
}

void checkManifest(Case& c) {
  Bytes made;
  if (c.has("accountSeed")) made = madeManifest(c);
  const auto manifest = c.accept("manifest", SignedManifest::parse(c.given("manifest", made)));
  c.step("signature", manifest.bytes().first(64));
  c.step("message", manifest.bytes().subspan(64));
  for (const auto& device : manifest->devices) {
    c.step("binding body", bindingBody(manifest->account, device.id, device.identityKey, device.signingKey));
  }
  c.expect("account", manifest->account.view());
  c.expectNumber("version", manifest->version);
  c.expectNumber("issuedAt", manifest->issuedAt);
  c.expectNumber("primary", manifest->primary.value());
  c.expectText("relay", manifest->relay.text());
  compareDevices(c, manifest.manifest());
  c.expect("previousHash", manifest->previousHash.view());
  c.expect("hash", manifest.hash().view());
  c.expect("manifest", made);
}

Json deviceJson(Generator& g, std::uint64_t id) {
  return Json{{"id", id},
              {"identitySecret", g.curveSecret()},
              {"signingSeed", g.randomHex(32)},
              {"registrationId", 1 + g.random().below(16380)},
              {"random", g.randomHex(64)}};
}

Json manifestJson(Generator& g, std::uint64_t version, std::vector<std::uint64_t> devices, std::bitset<128> retired) {
  Json list = Json::array();
  for (const auto id : devices) list.push_back(deviceJson(g, id));
  return Json{{"accountSeed", g.randomHex(32)},
              {"version", version},
              {"issuedAt", version},
              {"primary", devices.front()},
              {"relay", "relay.example:4433"},
              {"devices", std::move(list)},
              {"retired", retiredHex(retired)},
              {"previousHash", g.randomHex(32)}};
}

// The same message, altered and signed anew: what a dishonest account can do.
class Hostile {
 public:
  explicit Hostile(const Json& good)
      : key_(SigningKeyPair::fromSeed(bytesOf(good["accountSeed"]))), bytes_(bytesOf(good["manifest"])) {}

  Bytes message() const { return {bytes_.begin() + Signature::kSize, bytes_.end()}; }
  Json of(const Bytes& message) const {
    const auto signature = key_.sign(SignatureUse::kManifest, message);
    return Json{{"manifest", hexOf(ByteWriter().raw(signature.view()).raw(message).view())}};
  }
  // Replaces the first place where `from` stands.
  Json replaced(ByteView from, ByteView to) const {
    auto changed = message();
    const auto found = std::ranges::search(changed, from);
    if (found.empty()) throw std::logic_error("manifests: nothing to replace");
    std::ranges::copy(to, found.begin());
    return of(changed);
  }
  // Where a value of the decoded manifest has its lowest byte in the message: the place that changes it.
  template <typename Get>
  std::size_t placeOf(Get get) const {
    const auto before = get(SignedManifest::fromTrusted(bytes_).manifest());
    for (std::size_t i = 0; i < message().size(); ++i) {
      for (const int bit : {1, 4}) {
        auto changed = bytes_;
        auto& byte = changed[Signature::kSize + i];
        byte = static_cast<std::uint8_t>(byte ^ bit);
        try {
          if (get(SignedManifest::fromTrusted(changed).manifest()) != before) return i;
        } catch (const std::logic_error&) {  // does not decode: not here
        }
      }
    }
    throw std::logic_error("manifests: that value is nowhere");
  }
  Json patched(std::size_t place, std::initializer_list<std::uint8_t> bytes) const {
    auto changed = message();
    std::ranges::copy(bytes, changed.begin() + static_cast<std::ptrdiff_t>(place));
    return of(changed);
  }

 private:
  SigningKeyPair key_;
  Bytes bytes_;
};

void refuseForgedManifests(Generator& g, const Json& good) {
  const auto whole = good["manifest"].get<std::string>();
  const auto refuse = [&](const char* comment, std::string manifest) {
    g.invalid(comment, {"Forged"}, name(Errc::kBadSignature), Json{{"manifest", std::move(manifest)}});
  };
  for (const int place : {0, 32, 63}) refuse("a byte of the signature is another", flipped(good["manifest"], place));
  refuse("a byte of the message is another", flipped(good["manifest"], -1));
  const auto other = SigningKeyPair::generate(g.random());
  const auto message = bytesOf(whole.substr(128));
  refuse("signed by another account", hexOf(other.sign(SignatureUse::kManifest, message).view()) + whole.substr(128));
  const auto wrongUse = SigningKeyPair::fromSeed(bytesOf(good["accountSeed"])).sign(SignatureUse::kKeys, message);
  refuse("signed for another use", hexOf(wrongUse.view()) + whole.substr(128));
}

void refuseForgedDevices(Generator& g, const Json& good) {
  const Hostile hostile(good);
  const auto manifest = SignedManifest::fromTrusted(bytesOf(good["manifest"]));
  const auto& first = manifest->devices.at(0);
  const auto& second = manifest->devices.at(1);
  const auto refuse = [&](const char* comment, const Json& values) {
    g.invalid(comment, {"ForgedDevice"}, name(Errc::kBadBinding), values);
  };
  refuse("the identity's binding is another's",
         hostile.replaced(first.identityBinding.view(), second.identityBinding.view()));
  refuse("the signer's binding is another's",
         hostile.replaced(first.signingBinding.view(), second.signingBinding.view()));
  refuse("no identity binding", hostile.replaced(first.identityBinding.view(), Bytes(64)));
  refuse("no signing binding", hostile.replaced(first.signingBinding.view(), Bytes(64)));
  refuse("somebody else's identity key",
         hostile.replaced(first.identityKey.view(), CurveKeyPair::generate(g.random()).publicKey().view()));
  refuse("somebody else's signing key",
         hostile.replaced(first.signingKey.view(), SigningKeyPair::generate(g.random()).publicKey().view()));
  const auto elsewhere = listedDevice(accountOf(SigningKeyPair::generate(g.random())),
                                      {first.id, bytesOf(good["devices"][0]["identitySecret"]),
                                       bytesOf(good["devices"][0]["signingSeed"]), 1, Bytes(64, 7)});
  refuse("a binding to another account",
         hostile.replaced(first.identityBinding.view(), elsewhere.identityBinding.view()));
  const auto place = hostile.placeOf([](const Manifest& m) { return m.devices.at(1).id.value(); });
  refuse("under another id", hostile.patched(place, {100}));
  const auto badKey = [&](const char* comment, const Json& values) {
    g.invalid(comment, {"BadKey"}, name(Errc::kBadKey), values);
  };
  badKey("an identity key of low order", hostile.replaced(first.identityKey.view(), Bytes(32)));
  badKey("a signing key of small order", hostile.replaced(first.signingKey.view(), Bytes(32)));
  auto notCanonical = first.identityKey;
  notCanonical.bytes.back() |= 0x80;
  badKey("an identity key with its high bit set", hostile.replaced(first.identityKey.view(), notCanonical.view()));
}

void refuseHostileManifests(Generator& g, const Json& good) {
  const Hostile hostile(good);
  const auto place = [&](auto get) { return hostile.placeOf(get); };
  const auto malformed = [&](const char* comment, const char* flag, const Json& values) {
    g.invalid(comment, {flag}, name(Errc::kMalformed), values);
  };
  const auto version = place([](const Manifest& m) { return m.version; });
  malformed("version 0", "Limits", hostile.patched(version, {0, 0, 0, 0, 0, 0, 0, 0}));
  malformed("version 2^62 + 1", "Limits", hostile.patched(version, {1, 0, 0, 0, 0, 0, 0, 0x40}));
  malformed("a version below its time of issue", "Limits", hostile.patched(version, {1, 0, 0, 0, 0, 0, 0, 0}));
  const auto primary = place([](const Manifest& m) { return m.primary.value(); });
  malformed("primary 0", "Limits", hostile.patched(primary, {0}));
  malformed("a primary that is not listed", "Limits", hostile.patched(primary, {99}));
  const auto firstId = place([](const Manifest& m) { return m.devices.at(0).id.value(); });
  malformed("device 0", "Limits", hostile.patched(firstId, {0}));
  malformed("device 128", "Limits", hostile.patched(firstId, {128}));
  malformed("devices out of order", "Limits", hostile.patched(firstId, {120}));
  const auto registration = place([](const Manifest& m) { return m.devices.at(0).registrationId; });
  malformed("registration id 0", "Limits", hostile.patched(registration, {0, 0, 0, 0}));
  malformed("registration id 16381", "Limits", hostile.patched(registration, {0xfd, 0x3f, 0, 0}));
  const auto manifest = SignedManifest::fromTrusted(bytesOf(good["manifest"]));
  const auto alsoRetired = [&](std::size_t device) {
    auto retired = manifest->retired;
    return hostile.replaced(bytesOf(good["retired"]), bytesOf(Json(retiredHex(retired.set(device)))));
  };
  malformed("device 0 retired", "Limits", alsoRetired(0));
  malformed("a listed device retired", "Limits", alsoRetired(manifest->devices[0].id.value()));
  malformed("two devices with one identity", "Limits",
            hostile.replaced(manifest->devices[0].identityKey.view(), manifest->devices[1].identityKey.view()));
  auto relay = asBytes("relay.example:4433");
  malformed("a relay address without a port", "Limits", hostile.replaced(relay, asBytes("relay.example.4433")));
  auto longer = hostile.message();
  longer.resize(8192 - 56);
  g.invalid("over 8 KiB", {"Limits"}, name(Errc::kOverLimit), hostile.of(longer));
  auto message = hostile.message();
  message.pop_back();
  malformed("not whole words", "Encoding", hostile.of(message));
  message.resize(message.size() - 7);
  malformed("the last word is missing", "Encoding", hostile.of(message));
  malformed("a root pointer beyond the end", "Encoding", hostile.patched(0, {0xfc, 0xff, 0xff, 0x7f}));
  malformed("a far pointer", "Encoding", hostile.patched(0, {0x02, 0, 0, 0}));
  malformed("a root pointer at itself", "Encoding", hostile.patched(0, {0xfc, 0xff, 0xff, 0xff}));
  malformed("no root", "Encoding", hostile.patched(0, {0, 0, 0, 0, 0, 0, 0, 0}));
  malformed("no message", "Encoding", Json{{"manifest", std::string(128, '0')}});
  malformed("empty", "Encoding", Json{{"manifest", ""}});
}

void generateManifest(Generator& g) {
  g.valid("the first of an account", {"Ordinary"},
          with(manifestJson(g, 1'800'000'004, {1}, {}), "previousHash", std::string(64, '0')));
  const auto good = g.valid("three devices, two retired", {"Ordinary"},
                            manifestJson(g, 1'800'000'100, {2, 5, 127}, std::bitset<128>().set(1).set(8)));
  g.valid("issued within one second: the version goes ahead", {"Ordinary"},
          with(manifestJson(g, 1'800'000'101, {1, 3}, {}), "issuedAt", 1'800'000'100u));
  g.group("Forged");
  refuseForgedManifests(g, good);
  g.group("ForgedDevices");
  refuseForgedDevices(g, good);
  g.group("Hostile");
  refuseHostileManifests(g, good);
}

// --- chains of manifests

const char* wordFor(const ManifestBook::Adoption& adoption) {
  if (adoption.first) return "first";
  switch (adoption.order) {
    case ManifestOrder::kNewer:
      return "newer";
    case ManifestOrder::kSame:
      return "same";
    case ManifestOrder::kStale:
      return "stale";
    case ManifestOrder::kEquivocation:
      return "equivocation";
    case ManifestOrder::kUnretires:
      return "unretires";
  }
  return "";
}

void checkChain(Case& c) {
  auto& db = scratchDatabase(Whose::kAlice);
  Transaction transaction(db, CommitPoint::kPrepare);
  const ManualClock clock({1'800'000'000'000});
  ManifestBook book(db, clock);
  const auto account = c.accept("account", AccountId::parse(c.hex("account")));
  for (auto& item : c.list("manifests")) {
    const auto manifest = item.accept("manifest", SignedManifest::parse(item.hex("manifest")));
    item.require("manifest", manifest->account == account, name(Errc::kBadSignature));
    item.expectText("is", wordFor(book.adopt(transaction, manifest)));
  }
  const auto held = book.find(account);
  c.require("held", held.has_value(), name(Errc::kNotFound));
  c.expect("held", held->hash().view());
  c.expectText("equivocates", book.equivocates(account) ? "yes" : "no");
}

// An account that signs lists of its devices.
class Issuer {
 public:
  explicit Issuer(Generator& g) : key_(SigningKeyPair::generate(g.random())) {
    for (std::uint8_t id = 1; id <= 3; ++id) {
      Bytes random(64), identity = bytesOf(g.curveSecret()), seed = bytesOf(g.randomHex(32));
      g.random().fill(random);
      devices_.push_back({DeviceId::fromTrusted(id), identity, seed, 100u + id, random});
    }
  }

  std::string account() const { return hexOf(key_.publicKey().view()); }
  std::string issue(std::uint64_t version, std::vector<std::uint8_t> listed, std::bitset<128> retired = {}) const {
    Manifest manifest;
    manifest.account = accountOf(key_);
    manifest.version = manifest.issuedAt = version;
    manifest.primary = DeviceId::fromTrusted(1);
    manifest.relay = *RelayAddress::parse("relay.example:4433");
    for (const auto id : listed) manifest.devices.push_back(listedDevice(manifest.account, devices_.at(id - 1u)));
    manifest.retired = retired;
    return hexOf(SignedManifest::sign(manifest, key_).value().bytes());
  }

 private:
  SigningKeyPair key_;
  std::vector<DeviceSecrets> devices_;
};

Json chain(const Issuer& issuer, std::vector<std::string> manifests) {
  Json list = Json::array();
  for (auto& manifest : manifests) list.push_back(Json{{"manifest", std::move(manifest)}});
  return Json{{"account", issuer.account()}, {"manifests", std::move(list)}};
}

Json claiming(Json good, std::size_t place, const char* word) {
  good["manifests"][place]["is"] = word;
  return good;
}

void generateChain(Generator& g) {
  const Issuer issuer(g);
  const std::bitset<128> retiredTwo = std::bitset<128>().set(2);
  const auto one = issuer.issue(1000, {1}), added = issuer.issue(2000, {1, 2});
  const auto retiring = issuer.issue(3000, {1}, retiredTwo), unretiring = issuer.issue(4000, {1, 2});
  const auto forgetting = issuer.issue(4000, {1}), fork = issuer.issue(2000, {1, 3});
  g.group("Rule");
  const auto grows = g.valid("a device is added, then retired", {"Ordinary"}, chain(issuer, {one, added, retiring}));
  const auto rolled = g.valid("an older list is stale", {"Ordinary", "Rollback"}, chain(issuer, {added, one}));
  const auto same = g.valid("the same bytes", {"Ordinary"}, chain(issuer, {added, added}));
  const auto forked = g.valid("a fork is kept and reported", {"Ordinary", "Fork"}, chain(issuer, {added, fork}));
  g.valid("a newer list does not end an equivocation", {"Ordinary", "Fork"}, chain(issuer, {added, fork, retiring}));
  const auto unretired =
      g.valid("un-retiring is refused", {"Ordinary", "Rollback"}, chain(issuer, {retiring, unretiring}));
  g.valid("a retired device that is no longer named at all is un-retired as well", {"Ordinary", "Rollback"},
          chain(issuer, {retiring, forgetting}));
  g.group("Refused");
  const auto refuse = [&](const char* comment, const char* flag, const Json& values) {
    g.invalid(comment, {flag}, kMismatch, values);
  };
  refuse("a rollback is taken for newer", "Rollback", claiming(rolled, 1, "newer"));
  refuse("a rollback is taken for the same", "Rollback", claiming(rolled, 1, "same"));
  refuse("after a rollback the older list is held", "Rollback",
         with(rolled, "held", hexOf(blake2b(bytesOf(one)).view())));
  refuse("a fork is taken for newer", "Fork", claiming(forked, 1, "newer"));
  refuse("a fork is taken for stale", "Fork", claiming(forked, 1, "stale"));
  refuse("a fork is taken for the same", "Fork", claiming(forked, 1, "same"));
  refuse("a fork goes unnoticed", "Fork", with(forked, "equivocates", "no"));
  refuse("the other branch is held", "Fork", with(forked, "held", hexOf(blake2b(bytesOf(fork)).view())));
  refuse("un-retiring is taken for newer", "Rollback", claiming(unretired, 1, "newer"));
  refuse("the same bytes are taken for newer", "Rollback", claiming(same, 1, "newer"));
  refuse("an equivocation that is none", "Fork", with(grows, "equivocates", "yes"));
  auto forged = grows;
  forged["manifests"][2]["manifest"] = flipped(grows["manifests"][2]["manifest"], -1);
  g.invalid("the last link is altered", {"Forged"}, name(Errc::kBadSignature), forged);
  const Issuer other(g);
  auto foreign = grows;
  foreign["manifests"][2]["manifest"] = other.issue(3000, {1});
  g.invalid("the last link is another account's", {"Forged"}, name(Errc::kBadSignature), foreign);
  auto device = bytesOf(retiring);
  const auto listed = SignedManifest::fromTrusted(device)->devices.at(0);
  const auto found = std::ranges::search(device, listed.identityBinding.view());
  std::ranges::fill(found, std::uint8_t{0});
  auto unsignedDevice = grows;
  unsignedDevice["manifests"][2]["manifest"] = hexOf(device);
  g.invalid("a binding in the last link is altered without signing anew", {"Forged"}, name(Errc::kBadSignature),
            unsignedDevice);
}

}  // namespace

std::vector<Kind> manifestKinds() {
  const std::vector<Field> device{{"id", kNumber, "1 to 127"},
                                  {"identitySecret", kHex, "Curve25519, 32 bytes, clamped"},
                                  {"signingSeed", kHex, "Ed25519, 32 bytes"},
                                  {"registrationId", kNumber, "1 to 16380"},
                                  {"random", kHex, "the 64 bytes drawn for the identity binding's nonce"},
                                  {"identityKey", kHex, "its public key"},
                                  {"signingKey", kHex, "its public key"}};
  return {
      {"manifest",
       "docs/protocol.md §3",
       "A signed manifest is accepted and says this; the secrets make it.",
       {{"accountSeed", kHex, "the account's private key, 32 bytes"},
        {"account", kHex, "its public key"},
        {"version", kNumber, "1 to 2^62, not below issuedAt"},
        {"issuedAt", kNumber, "seconds"},
        {"primary", kNumber, "a listed device"},
        {"relay", kText, "relay address"},
        {"devices", kList, "in ascending order of id", Field::Need::kAlways, device},
        {"retired", kHex, "16 bytes, a bit per device"},
        {"previousHash", kHex, "32 bytes"},
        {"manifest", kHex, "signature (64) ‖ Manifest message"},
        {"hash", kHex, "the Hash of all of it"}},
       {kOrdinary, kForged, kForgedDevice, kBadKey, kLimits, kEncoding},
       generateManifest,
       checkManifest},
      {"manifest_chain",
       "docs/protocol.md §3",
       "Manifests of one account that arrive in this order are judged like this.",
       {{"account", kHex, "32 bytes"},
        {"manifests",
         kList,
         "in the order of arrival",
         Field::Need::kAlways,
         {{"manifest", kHex, "signature (64) ‖ Manifest message"},
          {"is", kText, "to what is held: first, newer, same, stale, equivocation, unretires"}}},
        {"held", kHex, "the Hash of the manifest that is held at the end"},
        {"equivocates", kText, "yes or no: whether the user is still asked"}},
       {kOrdinary, kForged, kRollback, kFork},
       generateChain,
       checkChain},
  };
}

}  // namespace waxwing::vectors
