#include <memory>

#include "crypto/limits.h"
#include "session/envelope.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/party.h"

// What two test profiles did, as `waxwing-vectors capture` writes it down: sessions and envelopes, every secret and
// every random byte disclosed, so that each step is made again and not only believed.
namespace waxwing::vectors {
namespace {

using enum Field::Type;
constexpr auto kOptional = Field::Need::kOptional;

constexpr Note kOrdinary{"Ordinary", "BASIC", "As two honest devices and a relay did it."};
constexpr Note kOrder{"Order", "FUNCTIONALITY", "Sealed twice, or not taken yet."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A transcript that tells of something else than what happened."};

std::uint32_t idIn(Case& event, const char* name) {
  return event.has(name) ? event.number32(name) : 0;
}

std::unique_ptr<Party> makeParty(Case& c, Whose whose) {
  Party::Secrets secrets;
  secrets.accountSeed = *SecretArray<32>::from(c.fixed<Hash>("accountSeed").view());
  secrets.device = c.accept("device", DeviceId::parse(c.number("device")));
  secrets.registrationId = c.has("registrationId") ? idIn(c, "registrationId") : 1;
  c.require("registrationId", secrets.registrationId > 0 && secrets.registrationId <= limits::kRegistrationIdMax,
            kMalformed);
  secrets.identitySecret = *SecretArray<32>::from(c.curveSecret("identitySecret"));
  auto party = std::make_unique<Party>(secrets, whose);
  for (auto& item : c.list("signedPreKeys")) party->addSignedPreKey(item, "id", "secret");
  for (auto& item : c.list("oneTimeKeys")) party->addOneTimeKey(item, "id", "secret");
  for (auto& item : c.list("sealKeys")) party->addSealKey(item, "id", "secret");
  return party;
}

class Transcript {
 public:
  explicit Transcript(Case& c) : parties_(c.list("parties")) {
    c.require("parties", parties_.size() == 2, kMalformed);
    alice_ = makeParty(parties_[0], Whose::kAlice);
    bob_ = makeParty(parties_[1], Whose::kBob);
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
      return self.open(event, peer, peer.bundle(event, idIn(event, "signedPreKeyId"), idIn(event, "oneTimeKeyId")));
    }
    if (type == "send") return sent_.push_back(self.send(event, peer));
    if (type == "receive") return receive(event, self, peer);
    if (type == "seal") return seal(event, self, peer);
    if (type == "unseal") return unseal(event, self, peer);
    event.require("type", type == "wipe", kMalformed);
    self.ratchet().wipe(self.transaction(), peer.address());
  }

  // The sessions as both profiles held them when the transcript was taken.
  void expectSessions() {
    expectSession(parties_[0], alice_->session(bob_->address()));
    expectSession(parties_[1], bob_->session(alice_->address()));
  }

 private:
  static void expectSession(Case& party, const std::optional<SessionValues>& session) {
    if (!session) return party.require("rootKey", !party.has("rootKey"), kMismatch);
    party.expect("rootKey", session->rootKey);
    party.expect("ratchetSecret", session->ratchetSecret);
    party.expect("chainKey", session->chainKey);
    party.expectNumber("chainIndex", session->chainIndex);
    party.expectNumber("archived", session->archived);
  }
  void seal(Case& event, Party& self, Party& peer) {
    const auto& message = messageIn(event);
    Envelope envelope{.id = event.fixed<EnvelopeId>("envelopeId"),
                      .to = peer.address(),
                      .from = self.address(),
                      .kind = message.kind,
                      .manifest = event.hex("manifest"),
                      .ciphertext = message.message};
    const auto id = idIn(event, "sealKeyId");
    const auto pair = peer.findSealKey(id);
    event.require("sealKeyId", pair.has_value(), waxwing::name(Errc::kUnknownSealKey));
    ScriptedRandom random(event.curveSecret("sealSecret"));
    const auto sealed =
        event.accept("seal", sealEnvelope(envelope, {SealSuite::kXChaCha, id, pair->publicKey()}, random));
    event.require("sealSecret", random.finish(), kRandomness);
    event.expect("envelope", sealed);
    sealed_.push_back(sealed);
  }
  void unseal(Case& event, Party& self, Party& peer) {
    const auto of = event.number("of");
    event.require("of", of < sealed_.size(), kMalformed);
    const auto to = event.accept("of", sealedTo(sealed_[of]));
    const auto key = self.findSealKey(to.sealKeyId);
    event.require("of", key.has_value(), waxwing::name(Errc::kUnknownSealKey));
    const auto envelope = event.accept("of", openEnvelope(sealed_[of], *key));
    event.require("of", envelope.to == self.address() && envelope.from == peer.address(),
                  waxwing::name(Errc::kWrongRecipient));
    event.expect("envelopeId", envelope.id.view());
    event.step("ciphertext", envelope.ciphertext);
  }
  void receive(Case& event, Party& self, Party& peer) {
    const auto& message = messageIn(event);
    const auto content = self.receive(event, peer, message);
    event.expect("content", content.view());
    event.require("content", equal(content.view(), message.content), kMismatch);
  }
  const Party::Sent& messageIn(Case& event) {
    const auto of = event.number("of");
    event.require("of", of < sent_.size(), kMalformed);
    return sent_[of];
  }

  std::vector<Case> parties_;
  std::unique_ptr<Party> alice_;
  std::unique_ptr<Party> bob_;
  std::vector<Party::Sent> sent_;
  std::vector<Bytes> sealed_;
};

void checkTranscript(Case& c) {
  Transcript transcript(c);
  for (auto& event : c.list("events")) transcript.play(event);
  transcript.expectSessions();
}

// --- cases

// What two profiles could have done. Secrets are drawn as they are needed.
class Script {
 public:
  explicit Script(Generator& g) : g_(g) {
    for (int i = 0; i < 2; ++i) {
      parties_.push_back(Json{{"accountSeed", g_.randomHex(32)},
                              {"device", 1 + g_.random().below(127)},
                              {"identitySecret", g_.curveSecret()},
                              {"signedPreKeys", Json::array()},
                              {"oneTimeKeys", Json::array()},
                              {"sealKeys", Json::array()}});
    }
  }

  Script& open(const char* by) {
    parties_[1 - peerOf(by)]["registrationId"] = 1 + g_.random().below(limits::kRegistrationIdMax);
    return add(Json{{"type", "open"},
                    {"by", by},
                    {"signedPreKeyId", key(peerOf(by), "signedPreKeys")},
                    {"oneTimeKeyId", key(peerOf(by), "oneTimeKeys")},
                    {"baseSecret", g_.curveSecret()},
                    {"ratchetSecret", g_.curveSecret()}});
  }
  Script& send(const char* by, std::string_view content) {
    return add(Json{{"type", "send"}, {"by", by}, {"padding", g_.randomHex(16)}, {"content", hexOf(asBytes(content))}});
  }
  Script& seal(const char* by, std::size_t message, std::size_t manifestBytes) {
    const auto id = g_.randomHex(16);
    ids_.push_back(id);
    return add(Json{{"type", "seal"},
                    {"by", by},
                    {"of", message},
                    {"envelopeId", id},
                    {"manifest", g_.randomHex(manifestBytes)},
                    {"sealKeyId", key(peerOf(by), "sealKeys")},
                    {"sealSecret", g_.curveSecret()}});
  }
  Script& unseal(const char* by, std::size_t envelope) {
    return add(Json{{"type", "unseal"}, {"by", by}, {"of", envelope}, {"envelopeId", ids_.at(envelope)}});
  }
  // A message that begins a chain.
  Script& receive(const char* by, std::size_t message) {
    return add(Json{{"type", "receive"}, {"by", by}, {"of", message}, {"ratchetSecret", g_.curveSecret()}});
  }

  Json json() const { return Json{{"parties", parties_}, {"events", events_}}; }

 private:
  static std::size_t peerOf(const char* by) { return by[0] == 'a' ? 1 : 0; }
  std::uint64_t key(std::size_t party, const char* keys) {
    const auto id = 1 + g_.random().below(limits::kPreKeyIdMax);
    parties_[party][keys].push_back(Json{{"id", id}, {"secret", g_.curveSecret()}});
    return id;
  }
  Script& add(Json event) {
    events_.push_back(std::move(event));
    return *this;
  }

  Generator& g_;
  Json parties_ = Json::array();
  Json events_ = Json::array();
  std::vector<std::string> ids_;
};

constexpr auto kAlice = "alice";
constexpr auto kBob = "bob";

Script exchange(Generator& g) {
  Script script(g);
  script.open(kAlice).send(kAlice, "one").seal(kAlice, 0, 120);
  script.unseal(kBob, 0).receive(kBob, 0);
  script.send(kBob, "two").seal(kBob, 1, 0).unseal(kAlice, 1).receive(kAlice, 1);
  return script;
}

// The case with one value of one event, or of one party, replaced.
Json changed(Json values, const char* list, std::size_t index, const char* name, Json value) {
  values[list][index][name] = std::move(value);
  return values;
}

void addForgedTranscripts(Generator& g, const Json& good) {
  g.group("Forged");
  const auto refuse = [&](const char* comment, const Json& values) { g.refused(comment, {"Forged"}, values); };
  const auto event = [&](std::size_t index, const char* name, Json value) {
    return changed(good, "events", index, name, std::move(value));
  };
  const auto party = [&](std::size_t index, const char* name, Json value) {
    return changed(good, "parties", index, name, std::move(value));
  };
  const auto& events = good["events"];
  refuse("another account sent it", party(0, "accountSeed", g.randomHex(32)));
  refuse("another account received it", party(1, "accountSeed", g.randomHex(32)));
  refuse("another device", party(0, "device", good["parties"][0]["device"].get<int>() % 127 + 1));
  refuse("another identity key sent it", party(0, "identitySecret", g.curveSecret()));
  refuse("another identity key received it", party(1, "identitySecret", g.curveSecret()));
  refuse(
      "another signed pre-key",
      party(1, "signedPreKeys", Json::array({Json{{"id", events[0]["signedPreKeyId"]}, {"secret", g.curveSecret()}}})));
  refuse("a one-time key that is not disclosed", party(1, "oneTimeKeys", Json::array()));
  refuse("a seal key that is not disclosed", party(1, "sealKeys", Json::array()));
  refuse("the session ended with another root key", party(0, "rootKey", flipped(good["parties"][0]["rootKey"], -1)));
  refuse("the other session ended with another chain key",
         party(1, "chainKey", flipped(good["parties"][1]["chainKey"], 0)));
  refuse("the session ended one message further",
         party(0, "chainIndex", good["parties"][0]["chainIndex"].get<std::uint64_t>() + 1));
  refuse("another base key", event(0, "baseSecret", g.curveSecret()));
  refuse("another content was sent", event(1, "content", hexOf(asBytes("One"))));
  refuse("other padding", event(1, "padding", g.randomHex(16)));
  refuse("another message came out", event(1, "message", flipped(events[1]["message"], -1)));
  refuse("another envelope", event(2, "envelope", flipped(events[2]["envelope"], -1)));
  refuse("another envelope id", event(2, "envelopeId", g.randomHex(16)));
  refuse("another manifest in the envelope", event(2, "manifest", g.randomHex(120)));
  refuse("sealed with another ephemeral key", event(2, "sealSecret", g.curveSecret()));
  refuse("another envelope was opened", event(3, "envelopeId", g.randomHex(16)));
  refuse("one's own envelope was opened", event(3, "by", "alice"));
  refuse("another content was read", event(4, "content", hexOf(asBytes("One"))));
  refuse("another sending chain begins", event(4, "ratchetSecret", g.curveSecret()));
}

void generateTranscript(Generator& g) {
  const auto good = g.valid("a message and its answer", {"Ordinary"}, exchange(g).json());
  g.valid("sealed twice and taken once, and one that is not sealed yet", {"Order"},
          exchange(g)
              .send(kAlice, "three")
              .seal(kAlice, 2, 0)
              .seal(kAlice, 2, 10)
              .unseal(kBob, 3)
              .receive(kBob, 2)
              .send(kBob, "four")
              .json());
  addForgedTranscripts(g, good);
}

}  // namespace

std::vector<Kind> transcriptKinds() {
  const std::vector<Field> key{{"id", kNumber, "1 to 0xFFFFFE"}, {"secret", kHex, "32 bytes, clamped"}};
  const std::vector<Field> party{
      {"accountSeed", kHex, "of the account's Ed25519 key, 32 bytes"},
      {"device", kNumber, "1 to 127"},
      {"identitySecret", kHex, "32 bytes, clamped"},
      {"registrationId", kNumber, "1 to 16380, where this side sent pre-key messages", kOptional},
      {"signedPreKeys", kList, "those that the other side used", Field::Need::kAlways, key},
      {"oneTimeKeys", kList, "those that the other side used", Field::Need::kAlways, key},
      {"sealKeys", kList, "those that the other side sealed to", Field::Need::kAlways, key},
      {"rootKey", kHex, "of the session behind the last event, if there is one", kOptional},
      {"ratchetSecret", kHex, "of its sending chain; clamped", kOptional},
      {"chainKey", kHex, "of the next message that it sends", kOptional},
      {"chainIndex", kNumber, "the counter of that message", kOptional},
      {"archived", kNumber, "how many states stand behind its current one", kOptional}};
  const std::vector<Field> event{
      {"type", kText,
       "open, send, receive, wipe: as in a conversation. seal: puts a message into an envelope, as it went to the "
       "relay. unseal: opens an envelope that came from the relay"},
      {"by", kText, "alice or bob: the first party or the second"},
      {"signedPreKeyId", kNumber, "open: the bundle's signed pre-key", kOptional},
      {"oneTimeKeyId", kNumber, "open: the bundle's one-time key, if it has one", kOptional},
      {"baseSecret", kHex, "open: drawn as base key", kOptional},
      {"ratchetSecret", kHex,
       "open: drawn for the first sending chain. receive: drawn for the next sending chain, if one was", kOptional},
      {"padding", kHex, "send: the 16 bytes drawn for the padding", kOptional},
      {"content", kHex, "send: what is padded and encrypted; receive: what comes out", kOptional},
      {"kind", kNumber, "send: what comes out (§6)", kOptional},
      {"message", kHex, "send: the ciphertext", kOptional},
      {"of", kNumber, "receive, seal: the message sent as the n-th, from 0. unseal: the envelope sealed as the n-th",
       kOptional},
      {"envelopeId", kHex, "seal, unseal: 16 bytes", kOptional},
      {"manifest", kHex, "seal: the sender's signed manifest, if the envelope carries it; not looked into here",
       kOptional},
      {"sealKeyId", kNumber, "seal: names the seal key", kOptional},
      {"sealSecret", kHex, "seal: drawn for this seal; 32 bytes, clamped", kOptional},
      {"envelope", kHex, "seal: suite (1) ‖ sealKeyId (4) ‖ sealed", kOptional}};
  return {
      {"transcript",
       "docs/protocol.md §5, §6",
       "Two profiles exchanged these envelopes: each message, each envelope and each session state is made again from "
       "the disclosed secrets, and is the same.",
       {{"parties", kList, "two devices: Alice, then Bob", Field::Need::kAlways, party},
        {"events", kList, "in an order in which they can have happened; each side's own are as they were",
         Field::Need::kAlways, event}},
       {kOrdinary, kOrder, kForged},
       generateTranscript,
       checkTranscript},
  };
}

}  // namespace waxwing::vectors
