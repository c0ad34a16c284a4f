#include <memory>

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "tools/vectors/conversation_cases.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/party.h"

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

// Accounts, addresses and manifests have no part in a session's bytes: each check makes up its own.
std::unique_ptr<Party> makeParty(Case& c, std::string_view name, Whose whose) {
  Party::Secrets secrets;
  secrets.accountSeed = *SecretArray<32>::from(labelledHash("vectors", asBytes(name)).view());
  secrets.device = DeviceId::fromTrusted(1);
  secrets.registrationId = c.has("registrationId") ? c.number32("registrationId") : 1;
  c.require("registrationId", secrets.registrationId > 0 && secrets.registrationId <= limits::kRegistrationIdMax,
            kMalformed);
  secrets.identitySecret = *SecretArray<32>::from(c.curveSecret("identitySecret"));
  auto party = std::make_unique<Party>(secrets, whose);
  if (c.has("signedPreKeyId")) party->addSignedPreKey(c, "signedPreKeyId", "signedPreKeySecret");
  if (c.has("oneTimeKeys")) {
    for (auto& item : c.list("oneTimeKeys")) party->addOneTimeKey(item, "id", "secret");
  }
  return party;
}

class Conversation {
 public:
  explicit Conversation(Case& c) {
    auto parties = c.list("parties");
    c.require("parties", parties.size() == 2, kMalformed);
    alice_ = makeParty(parties[0], "alice", Whose::kAlice);
    bob_ = makeParty(parties[1], "bob", Whose::kBob);
    const auto aliceManifest = alice_->manifest(), bobManifest = bob_->manifest();
    for (auto* party : {alice_.get(), bob_.get()}) {
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
      sent_.push_back(self.send(event, peer));
    } else if (type == "receive") {
      receive(event, self, peer);
    } else {
      event.require("type", type == "wipe", kMalformed);
      self.ratchet().wipe(self.transaction(), peer.address());
    }
  }

 private:
  static void open(Case& event, Party& self, Party& peer) {
    const auto oneTime = event.has("oneTimeKeyId") ? event.number32("oneTimeKeyId") : 0;
    self.open(event, peer, peer.bundle(event, 0, oneTime));
  }
  void receive(Case& event, Party& self, Party& peer) {
    Party::Sent message;
    if (event.has("of")) {
      const auto of = event.number("of");
      event.require("of", of < sent_.size(), kMalformed);
      message = sent_[of];
    } else {
      const auto kind = event.number("kind");
      event.require("kind", kind >= 1 && kind <= 3, kMalformed);
      message = {static_cast<CipherKind>(kind), event.hex("bytes"), {}};
    }
    const auto content = self.receive(event, peer, message);
    if (!event.has("of")) event.refuse(kMismatch, "bytes");  // nobody sent them
    event.expect("content", content.view());
    event.require("content", equal(content.view(), message.content), kMismatch);
  }

  std::unique_ptr<Party> alice_;
  std::unique_ptr<Party> bob_;
  std::vector<Party::Sent> sent_;
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
