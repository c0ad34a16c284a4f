#include "crypto/hash.h"
#include "crypto/passphrase.h"
#include "crypto/sign.h"
#include "crypto/text.h"
#include "session/access_key.h"
#include "session/invite.h"
#include "session/login.h"
#include "session/relay_address.h"
#include "tools/vectors/kind.h"

// What people carry and relays check: addresses, invites, logins, registrations; and the key behind a passphrase.
namespace waxwing::vectors {
namespace {

using enum Field::Type;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As an honest device makes it."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "Not the one spelling that is accepted."};
constexpr Note kLength{"Length", "MISSING_STEP", "Cut short, too long, or with a length that does not fit."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A value is another than what was signed or summed up."};
constexpr Note kVersion{"Version", "MISSING_STEP", "From a version that this one does not know."};

DeviceAddress addressIn(Case& c) {
  const auto account = c.accept("account", AccountId::parse(c.hex("account")));
  return {account, c.accept("device", DeviceId::parse(c.number("device")))};
}

// --- relay addresses

void checkRelayAddress(Case& c) {
  const auto text = c.text("text");
  const auto address = c.accept("text", RelayAddress::parse(text));
  c.expectText("host", address.host);
  c.expectNumber("port", address.port);
  c.expect("certificate", address.certificate);
  c.expectText("name", address.name());
  c.expectText("text", address.text());
}

void generateRelayAddress(Generator& g) {
  for (const auto* text : {"relay.example:4433", "192.0.2.7:1", "[2001:db8::7]:65535", "relay.example:4433#AQID"}) {
    g.valid("", {"Ordinary"}, Json{{"text", text}});
  }
  g.group("Refused");
  const auto refuse = [&](const char* comment, const char* flag, std::string text) {
    g.invalid(comment, {flag}, name(Errc::kBadAddress), Json{{"text", std::move(text)}});
  };
  refuse("empty", "Length", "");
  refuse("no port", "Length", "relay.example");
  refuse("port 0", "Encoding", "relay.example:0");
  refuse("port 65536", "Encoding", "relay.example:65536");
  refuse("a leading zero", "Encoding", "relay.example:04433");
  refuse("a sign", "Encoding", "relay.example:+4433");
  refuse("a space behind", "Encoding", "relay.example:4433 ");
  refuse("no host", "Length", ":4433");
  refuse("a slash", "Encoding", "relay.example/:4433");
  refuse("an empty certificate", "Length", "relay.example:4433#");
  refuse("base64 with padding", "Encoding", "relay.example:4433#AQ==");
  refuse("base64 with bits left over", "Encoding", "relay.example:4433#AR");
  refuse("base64 with a letter that is no ASCII", "Encoding", "relay.example:4433#AQ\xc3\xa9");
  refuse("no address in brackets", "Encoding", "[relay]:4433");
  std::string tooLong("relay.example:4433#");
  tooLong.append(2048, 'A');
  refuse("longer than 2048 bytes", "Length", tooLong);
  refuse("a host of 254 bytes", "Length", std::string(254, 'a').append(":4433"));
}

// --- invites

void checkInvite(Case& c) {
  Bytes account, key;
  std::string text, relay;
  if (c.has("account")) {
    account = c.hex("account");
    key = c.hex("inviteKey");
    relay = c.text("relay");
    auto parsedKey = AccessKey::from(key);
    c.require("inviteKey", parsedKey.has_value(), kMalformed);
    text = Invite{c.accept("account", AccountId::parse(account)), std::move(*parsedKey),
                  c.accept("relay", RelayAddress::parse(relay))}
               .text();
  }
  const auto invite = c.accept("text", Invite::parse(c.givenText("text", text)));
  c.step("bytes", *fromBase64url(invite.text().substr(std::string_view("waxwing1:").size())));
  c.expect("account", invite.account.view());
  c.expect("inviteKey", invite.key.view());
  c.expect("inviteKeyHash", hashOf(invite.key).view());
  c.expectText("relay", invite.relay.text());
  c.expectText("text", text);
}

constexpr std::string_view kInvitePrefix = "waxwing1:";

// An invite's text from bytes, with the checksum that belongs to them.
std::string inviteText(ByteView body) {
  const auto sum = labelledHash("invite", body);
  return std::string(kInvitePrefix) + toBase64url(ByteWriter().raw(body).raw(sum.view().first(8)).view());
}

void generateInvite(Generator& g) {
  Json good;
  const auto account = [&] { return hexOf(SigningKeyPair::generate(g.random()).publicKey().view()); };
  for (const auto* relay : {"relay.example:4433", "[2001:db8::7]:443", "relay.example:4433#MIIBAQ"}) {
    good = g.valid("", {"Ordinary"}, Json{{"account", account()}, {"inviteKey", g.randomHex(32)}, {"relay", relay}});
  }
  g.group("Refused");
  const auto refuse = [&](const char* comment, const char* flag, std::string text) {
    g.invalid(comment, {flag}, name(Errc::kBadInvite), Json{{"text", std::move(text)}});
  };
  const auto text = good["text"].get<std::string>();
  const auto bytes = *fromBase64url(text.substr(kInvitePrefix.size()));
  const Bytes body(bytes.begin(), bytes.end() - 8);
  const auto changed = [&](std::size_t place, std::uint8_t value) {
    auto copy = body;
    copy[place] = value;
    return inviteText(copy);
  };
  refuse("empty", "Length", "");
  refuse("the prefix alone", "Length", std::string(kInvitePrefix));
  refuse("another prefix", "Version", "waxwing2:" + text.substr(kInvitePrefix.size()));
  refuse("upper-case prefix", "Encoding", "WAXWING1:" + text.substr(kInvitePrefix.size()));
  refuse("a space in front", "Encoding", " " + text);
  refuse("the last letter is missing", "Length", text.substr(0, text.size() - 1));
  refuse("four letters are missing", "Length", text.substr(0, text.size() - 4));
  refuse("padding behind", "Encoding", text + "=");
  auto typo = text;
  typo[40] = typo[40] == 'A' ? 'B' : 'A';
  refuse("one letter is another", "Forged", typo);
  refuse("version 2 with its checksum", "Version", changed(0, 2));
  refuse("an account that is no key", "Forged",
         inviteText(ByteWriter().u8(1).zeros(32).raw(ByteView(body).subspan(33)).view()));
  refuse("a length that reaches beyond the end", "Length", changed(65, 0xff));
  refuse("a length that ends before the end", "Length", changed(65, 3));
  refuse("a byte behind the address", "Length", inviteText(ByteWriter().raw(body).u8(0).view()));
  refuse("no relay address", "Length", inviteText(ByteWriter().raw(ByteView(body).first(65)).u16(0).view()));
  g.invalid("another account than the text's", {"Forged"}, kMismatch, with(good, "account", account()));
}

// --- login and registration

// A signature over `body`, made from the seed if the case has one.
void checkSigned(Case& c, SignatureUse use, const Bytes& body, const SigningKey* signer) {
  Bytes signature;
  c.expect("body", body);
  if (c.has("seed")) {
    const auto pair = SigningKeyPair::fromSeed(c.fixed<Hash>("seed").view());
    signature = toBytes(pair.sign(use, body).view());
    if (signer == nullptr) c.given("signingKey", pair.publicKey().view());
    c.given("signature", signature);
  }
  const auto key = signer != nullptr ? *signer : c.fixed<SigningKey>("signingKey");
  const bool good = verify(key, use, body, c.fixed<Signature>("signature"));
  c.require("signature", good, name(Errc::kBadSignature));
  if (c.has("seed")) c.expect("signature", signature);
}

void checkLogin(Case& c) {
  const auto nonce = c.fixed<Nonce>("nonce");
  const auto relayName = c.text("relayName");
  const auto address = addressIn(c);
  checkSigned(c, SignatureUse::kLogin, loginBody(nonce, relayName, address, c.fixed<Anchor>("anchor")), nullptr);
}

void checkRegistration(Case& c) {
  const auto nonce = c.fixed<Nonce>("nonce");
  const auto relayName = c.text("relayName");
  const auto account = c.accept("account", AccountId::parse(c.hex("account")));
  const auto body = registerBody(nonce, relayName, c.fixed<Hash>("manifestHash"));
  checkSigned(c, SignatureUse::kRegister, body, &account.key());
}

// One field changed under the signature of the unchanged ones.
void refuseChanges(Generator& g, const Json& good, std::initializer_list<const char*> fields) {
  for (const auto* field : fields) {
    const auto changed = without(without(good, "seed"), "body");
    g.invalid(std::string("signed with another ") + field, {"Forged"}, name(Errc::kBadSignature),
              with(changed, field, flipped(good[field], 5)));
  }
  const auto seen = without(good, "seed");
  g.invalid("another relay", {"Forged"}, name(Errc::kBadSignature),
            with(without(seen, "body"), "relayName", "relay.example:4434"));
  g.invalid("the relay's name cut short", {"Forged"}, name(Errc::kBadSignature),
            with(without(seen, "body"), "relayName", "relay.example"));
  for (const int place : {0, 32, 63}) {
    g.invalid("a byte of the signature is another", {"Forged"}, name(Errc::kBadSignature),
              with(seen, "signature", flipped(good["signature"], place)));
  }
  g.invalid("the body's fields stand otherwise", {"Encoding"}, kMismatch,
            with(seen, "body", flipped(good["body"], 33)));
  g.invalid("a nonce of 31 bytes", {"Length"}, kMalformed,
            with(seen, "nonce", good["nonce"].get<std::string>().substr(2)));
}

void generateLogin(Generator& g) {
  Json good;
  for (const auto* relay : {"[2001:db8::7]:443", "relay.example:4433"}) {
    good = g.valid("", {"Ordinary"},
                   Json{{"nonce", g.randomHex(32)},
                        {"relayName", relay},
                        {"account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())},
                        {"device", 1 + g.random().below(127)},
                        {"anchor", g.randomHex(32)},
                        {"seed", g.randomHex(32)}});
  }
  g.group("Refused");
  refuseChanges(g, good, {"nonce", "anchor", "signingKey"});
  const auto seen = without(without(good, "seed"), "body");
  g.invalid("another account", {"Forged"}, name(Errc::kBadSignature),
            with(seen, "account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())));
  g.invalid("another device", {"Forged"}, name(Errc::kBadSignature),
            with(seen, "device", good["device"].get<std::uint64_t>() % 127 + 1));
  g.invalid("device 0", {"Encoding"}, name(Errc::kInvalidArgument), with(seen, "device", 0u));
  g.invalid("device 128", {"Encoding"}, name(Errc::kInvalidArgument), with(seen, "device", 128u));
  auto registration = bytesOf(good["body"]);
  const auto wrongUse = SigningKeyPair::fromSeed(bytesOf(good["seed"])).sign(SignatureUse::kRegister, registration);
  g.invalid("the same body signed as a registration", {"Forged"}, name(Errc::kBadSignature),
            with(without(good, "seed"), "signature", hexOf(wrongUse.view())));
}

void generateRegistration(Generator& g) {
  Json good;
  for (const auto* relay : {"[2001:db8::7]:443", "relay.example:4433"}) {
    const auto seed = g.randomHex(32);
    good = g.valid("", {"Ordinary"},
                   Json{{"nonce", g.randomHex(32)},
                        {"relayName", relay},
                        {"account", hexOf(SigningKeyPair::fromSeed(bytesOf(seed)).publicKey().view())},
                        {"manifestHash", g.randomHex(32)},
                        {"seed", seed}});
  }
  g.group("Refused");
  refuseChanges(g, good, {"nonce", "manifestHash"});
  g.invalid("another account", {"Forged"}, name(Errc::kBadSignature),
            with(without(good, "seed"), "account", hexOf(SigningKeyPair::generate(g.random()).publicKey().view())));
  g.invalid("an account that is no key", {"Encoding"}, name(Errc::kBadKey),
            with(without(good, "seed"), "account", std::string(64, '0')));
}

// --- the database key

void checkDatabaseKey(Case& c) {
  PassphraseParameters parameters;
  const auto passphrase = c.hex("passphrase");
  parameters.salt = c.fixed<PassphraseSalt>("salt");
  parameters.operations = c.number("operations");
  parameters.memoryBytes = c.number("memoryBytes");
  c.require("memoryBytes", parameters.memoryBytes % 1024 == 0, kNotCanonical);
  c.expect("key", c.accept("key", deriveDatabaseKey(asText(passphrase), parameters)).view());
}

void generateDatabaseKey(Generator& g) {
  const auto parameters = [&](std::string_view passphrase, std::uint64_t operations, std::uint64_t memoryBytes) {
    return Json{{"passphrase", hexOf(asBytes(passphrase))},
                {"salt", g.randomHex(16)},
                {"operations", operations},
                {"memoryBytes", memoryBytes}};
  };
  const auto good = g.valid("small, to be checked often", {"Ordinary"}, parameters("correct horse", 1, 8 * 1024));
  g.valid("UTF-8, three passes over 64 KiB", {"Ordinary"}, parameters("Gr\xc3\xbc\xc3\x9f dich", 3, 64 * 1024));
  g.valid("three passes over 16 MiB", {"Ordinary"}, parameters("x", 3, 16 * 1024 * 1024));
  g.group("Refused");
  const auto refuse = [&](const char* comment, const char* flag, std::string_view reason, const char* field,
                          Json value) { g.invalid(comment, {flag}, reason, with(good, field, std::move(value))); };
  const auto argument = name(Errc::kInvalidArgument);
  refuse("no passphrase", "Length", argument, "passphrase", "");
  refuse("no pass", "Bounds", argument, "operations", 0u);
  refuse("65 passes", "Bounds", argument, "operations", 65u);
  refuse("memory below 8 KiB", "Bounds", argument, "memoryBytes", 7u * 1024);
  refuse("memory above 4 GiB", "Bounds", argument, "memoryBytes", 4'294'968'320u);
  refuse("a salt of 15 bytes", "Length", kMalformed, "salt", good["salt"].get<std::string>().substr(2));
  refuse("another passphrase", "Forged", kMismatch, "passphrase", hexOf(asBytes("correct horsf")));
  refuse("a space behind the passphrase", "Forged", kMismatch, "passphrase", hexOf(asBytes("correct horse ")));
  refuse("another salt", "Forged", kMismatch, "salt", flipped(good["salt"], 0));
  refuse("another number of passes", "Forged", kMismatch, "operations", 2u);
  refuse("half a KiB", "Bounds", kNotCanonical, "memoryBytes", 8704u);
  refuse("another size of memory", "Forged", kMismatch, "memoryBytes", 9u * 1024);
  refuse("the key's last byte is another", "Forged", kMismatch, "key", flipped(good["key"], -1));
}

}  // namespace

std::vector<Kind> textKinds() {
  constexpr Note kBounds{"Bounds", "MODIFIED_PARAMETER", "A parameter outside its bounds."};
  const Field seed{"seed", kHex, "32 bytes, the signer's private key as RFC 8032 has it"};
  return {
      {"relay_address",
       "docs/protocol.md §1",
       "A relay address reads as host, port and certificate, and is written as it stands.",
       {{"text", kText, "the address"},
        {"host", kText, "without brackets"},
        {"port", kNumber, "1 to 65535"},
        {"certificate", kHex, "DER; empty: the system's authorities"},
        {"name", kText, "host:port, what logins sign"}},
       {kOrdinary, kEncoding, kLength},
       generateRelayAddress,
       checkRelayAddress},
      {"invite",
       "docs/protocol.md §7",
       "An invite reads as account, key and relay address, and is written as it stands.",
       {{"account", kHex, "32 bytes"},
        {"inviteKey", kHex, "32 bytes"},
        {"inviteKeyHash", kHex, "what relays know it by: its labelled hash, use `access-key`"},
        {"relay", kText, "relay address"},
        {"text", kText, "\"waxwing1:\" and base64url"}},
       {kOrdinary, kEncoding, kLength, kForged, kVersion},
       generateInvite,
       checkInvite},
      {"login",
       "docs/protocol.md §2, use `login`",
       "A device proves to its relay who it is.",
       {{"nonce", kHex, "the relay's, 32 bytes"},
        {"relayName", kText, "as the client dialled it"},
        {"account", kHex, "32 bytes"},
        {"device", kNumber, "1 to 127"},
        {"anchor", kHex, "32 bytes"},
        seed,
        {"body", kHex, "what is signed behind the label"},
        {"signingKey", kHex, "the device's, 32 bytes"},
        {"signature", kHex, "64 bytes"}},
       {kOrdinary, kEncoding, kLength, kForged},
       generateLogin,
       checkLogin},
      {"registration",
       "docs/protocol.md §2, use `register`",
       "An account registers its manifest with a relay.",
       {{"nonce", kHex, "the relay's, 32 bytes"},
        {"relayName", kText, "as the client dialled it"},
        {"account", kHex, "32 bytes; the key that signs"},
        {"manifestHash", kHex, "of the whole signed manifest, 32 bytes"},
        seed,
        {"body", kHex, "what is signed behind the label"},
        {"signature", kHex, "64 bytes"}},
       {kOrdinary, kEncoding, kLength, kForged},
       generateRegistration,
       checkRegistration},
      {"database_key",
       "docs/storage.md, How a file is opened",
       "A passphrase gives this database key by Argon2id.",
       {{"passphrase", kHex, "UTF-8, as typed"},
        {"salt", kHex, "16 bytes"},
        {"operations", kNumber, "passes, 1 to 64"},
        {"memoryBytes", kNumber, "8 KiB to 4 GiB; whole KiB count"},
        {"key", kHex, "32 bytes"}},
       {kOrdinary, kLength, kForged, kBounds},
       generateDatabaseKey,
       checkDatabaseKey},
  };
}

}  // namespace waxwing::vectors
