#include "crypto/hash.h"
#include "crypto/limits.h"
#include "session/anchors.h"
#include "session/device_keys.h"
#include "session/manifest_book.h"
#include "session/pre_keys.h"
#include "session/ratchet.h"
#include "session/signal_context.h"
#include "tools/vectors/conversation_cases.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/manifest_parts.h"
#include "tools/vectors/scratch.h"
#include "tools/vectors/scripted_random.h"

// Whole conversations through session/ratchet.h, with all its guards: two devices, every secret disclosed, every
// message byte for byte.
namespace waxwing::vectors {
namespace {

using enum Field::Type;
constexpr auto kOptional = Field::Need::kOptional;

constexpr Note kOrdinary{"Ordinary", "BASIC", "Two honest devices and a network that loses nothing."};
constexpr Note kOrder{"Order", "FUNCTIONALITY", "Messages arrive in another order, or some never do."};
constexpr Note kSimultaneous{"Simultaneous", "FUNCTIONALITY",
                             "Both open a session before either has heard of the other's."};
constexpr Note kReplaced{"Replaced", "FUNCTIONALITY", "A session takes another's place."};
constexpr Note kReplay{"Replay", "AUTH_BYPASS", "A message that was read before is read again."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A byte of a message is another."};
constexpr Note kIdentity{"Identity", "AUTH_BYPASS",
                         "A message claims an identity that the manifest does not vouch for."};
constexpr Note kBadKey{"BadKey", "CONFIDENTIALITY", "A message brings a key that the gate refuses."};
constexpr Note kState{"State", "MISSING_STEP", "A message that this device cannot have a state for."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "Not a message of the ratchet."};

constexpr WallTime kNow{1'800'000'000'000};
constexpr std::uint64_t kUnboundSeed = 7;

// Accounts, addresses and manifests have no part in a session's bytes: each check makes up its own.
AccountId accountNamed(std::string_view name, const SigningKeyPair*& kept) {
  static const auto alice = SigningKeyPair::fromSeed(labelledHash("vectors", asBytes("alice")).view());
  static const auto bob = SigningKeyPair::fromSeed(labelledHash("vectors", asBytes("bob")).view());
  kept = name == "alice" ? &alice : &bob;
  return accountOf(*kept);
}

// One of the two devices, with an empty store that forgets all when the check ends.
class Party {
 public:
  Party(Case& c, std::string_view name, Whose whose)
      : transaction_(scratchDatabase(whose), CommitPoint::kPrepare),
        self_(makeSelf(c, name)),
        manifests_(db(), clock_),
        preKeys_(db(), self_, clock_, unbound_),
        anchors_(db(), clock_, unbound_),
        ratchet_(db(), self_, manifests_, preKeys_, anchors_, clock_, random_) {
    insertPreKeys(c);
  }

  DeviceAddress address() const { return self_.address(); }
  SignedManifest manifest() {
    const SigningKeyPair* key = nullptr;
    Manifest manifest;
    manifest.account = accountNamed(name_, key);
    manifest.version = manifest.issuedAt = 1;
    manifest.primary = self_.address().device;
    manifest.relay = *RelayAddress::parse("relay.example:4433");
    manifest.devices.push_back(manifestEntry(*identity_, SignalContext(unbound_)));
    return SignedManifest::sign(manifest, *key).value();
  }
  void adopt(const SignedManifest& theirs) { manifests_.adopt(transaction_, theirs); }

  // What a relay would hand out; `oneTimeId` 0: no one-time key.
  PreKeyBundle bundle(Case& event, std::uint32_t oneTimeId) {
    const auto current = preKeys_.table().findCurrentSigned();
    event.require("signedPreKeyId", current.has_value(), waxwing::name(Errc::kUnknownPreKey));
    PublishedKeys keys;
    keys.owner = address();
    keys.counter = ++publications_;
    keys.signedPreKeyId = current->key.id;
    keys.signedPreKey = current->key.publicKey;
    const auto body = ByteWriter().u8(kCurveKeyType).raw(keys.signedPreKey.view()).take();
    keys.signedPreKeySignature = SignalContext(unbound_).signXeddsaRaw(self_.identitySecret(), body);
    keys.sealKeys.push_back({SealSuite::kXChaCha, 1, CurveKeyPair::generate(unbound_).publicKey()});
    PreKeyBundle bundle{address().device, toBytes(SignedKeys::sign(keys, self_.signingKey())->bytes()), std::nullopt};
    if (oneTimeId != 0) {
      const auto key = preKeys_.table().findOneTime(oneTimeId);
      event.require("oneTimeKeyId", key.has_value(), waxwing::name(Errc::kUnknownPreKey));
      bundle.oneTimeKey = OneTimeKey{key->id, key->publicKey};
    }
    return bundle;
  }

  Ratchet& ratchet() { return ratchet_; }
  Transaction& transaction() { return transaction_; }
  ScriptedRandom& random() { return random_; }

 private:
  Database& db() { return transaction_.database(); }

  OwnDevice makeSelf(Case& c, std::string_view name) {
    name_ = name;
    const SigningKeyPair* key = nullptr;
    IdentityTable::Row row;
    row.address = {accountNamed(name, key), DeviceId::fromTrusted(1)};
    row.registrationId = c.has("registrationId") ? static_cast<std::uint32_t>(c.number("registrationId")) : 1;
    c.require("registrationId", row.registrationId > 0 && row.registrationId <= 16380, kMalformed);
    row.identitySecret = std::move(*SecretArray<32>::from(c.curveSecret("identitySecret")));
    row.signingSeed = SigningKeyPair::generate(unbound_).seed();
    row.accountSeed = key->seed();
    IdentityTable(db()).insert(row);
    identity_ = std::move(row);
    return *OwnDevice::load(db());
  }
  PreKeyTable::Key keyIn(Case& c, const char* id, const char* secret) {
    const auto number = c.number(id);
    c.require(id, number > 0 && number <= limits::kPreKeyIdMax, kMalformed);
    const auto pair = CurveKeyPair::fromSecret(c.curveSecret(secret));
    return {static_cast<std::uint32_t>(number), std::move(*SecretArray<32>::from(pair.secret())), pair.publicKey()};
  }
  void insertPreKeys(Case& c) {
    if (c.has("signedPreKeyId")) {
      preKeys_.table().insertSigned({keyIn(c, "signedPreKeyId", "signedPreKeySecret"), Signature{}, kNow});
    }
    if (!c.has("oneTimeKeys")) return;
    for (auto& item : c.list("oneTimeKeys")) preKeys_.table().insertOneTime(keyIn(item, "id", "secret"));
  }

  std::string name_;
  std::optional<IdentityTable::Row> identity_;
  ManualClock clock_{kNow};
  SeededRandom unbound_{kUnboundSeed};  // for what no byte of a message depends on
  ScriptedRandom random_;
  std::uint64_t publications_ = 0;
  Transaction transaction_;
  OwnDevice self_;
  ManifestBook manifests_;
  PreKeys preKeys_;
  Anchors anchors_;
  Ratchet ratchet_;
};

struct Sent {
  CipherKind kind = CipherKind::kMessage;
  Bytes message;
  Bytes content;
};

class Conversation {
 public:
  explicit Conversation(Case& c) {
    auto parties = c.list("parties");
    c.require("parties", parties.size() == 2, kMalformed);
    alice_.emplace(parties[0], "alice", Whose::kAlice);
    bob_.emplace(parties[1], "bob", Whose::kBob);
    const auto aliceManifest = alice_->manifest(), bobManifest = bob_->manifest();
    for (auto* party : {&*alice_, &*bob_}) {
      party->adopt(aliceManifest);
      party->adopt(bobManifest);
    }
  }

  void play(Case& event) {
    const auto by = event.text("by");
    event.require("by", by == "alice" || by == "bob", kMalformed);
    auto& self = by == "alice" ? *alice_ : *bob_;
    auto& peer = by == "alice" ? *bob_ : *alice_;
    const auto type = event.text("type");
    if (type == "open") {
      open(event, self, peer);
    } else if (type == "send") {
      send(event, self, peer);
    } else if (type == "receive") {
      receive(event, self, peer);
    } else {
      event.require("type", type == "wipe", kMalformed);
      self.ratchet().wipe(self.transaction(), peer.address());
    }
  }

 private:
  static void open(Case& event, Party& self, Party& peer) {
    const auto oneTime = event.has("oneTimeKeyId") ? static_cast<std::uint32_t>(event.number("oneTimeKeyId")) : 0;
    const auto bundle = peer.bundle(event, oneTime);
    self.random().put(event.curveSecret("baseSecret"));
    self.random().put(event.curveSecret("ratchetSecret"));
    event.accept("open", self.ratchet().establish(self.transaction(), peer.address(), bundle));
    event.require("open", self.random().finish(), kRandomness);
  }
  void send(Case& event, Party& self, Party& peer) {
    self.random().put(event.hex("padding"));
    const auto content = event.hex("content");
    const auto made = event.accept("send", self.ratchet().encrypt(self.transaction(), peer.address(), content));
    event.require("padding", self.random().finish(), kRandomness);
    event.expectNumber("kind", static_cast<std::uint64_t>(made.kind));
    event.expect("message", made.ciphertext);
    sent_.push_back({made.kind, made.ciphertext, content});
  }
  void receive(Case& event, Party& self, Party& peer) {
    Sent message;
    if (event.has("of")) {
      const auto of = event.number("of");
      event.require("of", of < sent_.size(), kMalformed);
      message = sent_[of];
    } else {
      const auto kind = event.number("kind");
      event.require("kind", kind >= 1 && kind <= 3, kMalformed);
      message = {static_cast<CipherKind>(kind), event.hex("bytes"), {}};
    }
    if (event.has("ratchetSecret")) self.random().repeat(event.curveSecret("ratchetSecret"));
    const auto content =
        event.accept("receive", self.ratchet().decrypt(self.transaction(), peer.address(), message.kind,
                                                       message.message, Ratchet::Effort::kFull));
    event.require("ratchetSecret", self.random().finish(), kRandomness);
    if (!event.has("of")) event.refuse(kMismatch, "bytes");  // nobody sent them
    event.expect("content", content.view());
    event.require("content", equal(content.view(), message.content), kMismatch);
  }

  std::optional<Party> alice_;
  std::optional<Party> bob_;
  std::vector<Sent> sent_;
};

// A conversation holds up to its last event, or it shows nothing about that one.
void checkConversation(Case& c) {
  Conversation conversation(c);
  auto events = c.list("events");
  for (std::size_t i = 0; i < events.size(); ++i) {
    try {
      conversation.play(events[i]);
    } catch (const Refusal& refusal) {
      if (i + 1 == events.size()) throw;
      throw BrokenCase("refused before its last event (" + refusal.reason() + " at " + refusal.where() + ")");
    }
  }
}

}  // namespace

std::vector<Kind> conversationKinds() {
  const std::vector<Field> oneTime{{"id", kNumber, "1 to 0xFFFFFE"}, {"secret", kHex, "32 bytes, clamped"}};
  const std::vector<Field> party{{"identitySecret", kHex, "32 bytes, clamped, as all secrets here"},
                                 {"registrationId", kNumber, "where this side sends pre-key messages", kOptional},
                                 {"signedPreKeyId", kNumber, "where the other side opens a session", kOptional},
                                 {"signedPreKeySecret", kHex, "its secret", kOptional},
                                 {"oneTimeKeys", kList, "those that are used", kOptional, oneTime}};
  const std::vector<Field> event{
      {"type", kText, "open: a session from the other's bundle; send; receive; wipe: this side forgets its sessions"},
      {"by", kText, "alice or bob"},
      {"oneTimeKeyId", kNumber, "open: the bundle's one-time key, if it has one", kOptional},
      {"baseSecret", kHex, "open: drawn as base key", kOptional},
      {"ratchetSecret", kHex,
       "open: drawn for the first sending chain. receive: drawn for the next sending chain, if the message begins a "
       "chain",
       kOptional},
      {"padding", kHex, "send: the 16 bytes drawn for the padding", kOptional},
      {"content", kHex, "send: what is padded and encrypted; receive: what comes out", kOptional},
      {"kind", kNumber, "send: what comes out; receive of bytes: what they are taken for (§6)", kOptional},
      {"message", kHex, "send: the ciphertext", kOptional},
      {"of", kNumber, "receive: the message sent as the n-th, from 0", kOptional},
      {"bytes", kHex, "receive: a forged message instead", kOptional}};
  return {
      {"conversation",
       "docs/protocol.md §5",
       "Two devices hold this conversation: each event happens, each message has these bytes, each received content is "
       "the one sent.",
       {{"parties", kList, "Alice, then Bob", Field::Need::kAlways, party},
        {"events", kList, "in this order; of an invalid case the last is refused", Field::Need::kAlways, event}},
       {kOrdinary, kOrder, kSimultaneous, kReplaced, kReplay, kForged, kIdentity, kBadKey, kState, kEncoding},
       generateConversation,
       checkConversation},
  };
}

}  // namespace waxwing::vectors
