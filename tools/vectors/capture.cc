#include "tools/vectors/capture.h"

#include <algorithm>
#include <map>
#include <set>

#include "crypto/hash.h"
#include "session/envelope.h"
#include "store/client/disclosure_table.h"
#include "store/client/identity_table.h"
#include "store/client/session_table.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/session_values.h"

namespace waxwing::vectors {
namespace {

using Event = DisclosureTable::Event;
using Type = DisclosureTable::Type;
using KeyKind = DisclosureTable::KeyKind;

constexpr std::size_t kSecretBytes = 32;

// A transcript that cannot be made; becomes an Error at the door.
struct Gap {
  Error error;
};
[[noreturn]] void giveUp(Errc code, const char* why) { throw Gap{{code, why}}; }

// X25519 ignores these bits; vectors have them as they count.
std::string clampedHex(ByteView secret) {
  auto bytes = toBytes(secret);
  bytes.front() &= 0xf8;
  bytes.back() = static_cast<std::uint8_t>((bytes.back() & 0x7f) | 0x40);
  return hexOf(bytes);
}

IdentityTable::Row identityOf(Database& db) {
  auto row = IdentityTable(db).find();
  if (!row) giveUp(Errc::kNoSuchProfile, "a profile that belongs to no account yet");
  if (!row->accountSeed) giveUp(Errc::kNotAllowed, "only a primary device can be captured");
  return std::move(*row);
}

class Side {
 public:
  Side(const char* name, Database& db) : name_(name), db_(db), table_(db), identity_(identityOf(db)) {}

  const char* name() const { return name_; }
  DeviceAddress address() const { return identity_.address; }

  void readEventsWith(const Side& peer) {
    for (auto& event : table_.events(peer.address())) {
      events_.push_back(std::move(event));
      // A message and its envelope are written down in the order in which both were done with.
      const auto count = events_.size();
      if (count > 1 && events_[count - 1].type == Type::kUnseal && events_[count - 2].type == Type::kReceive) {
        std::swap(events_[count - 1], events_[count - 2]);
      }
    }
  }
  const Event* next() const { return next_ < events_.size() ? &events_[next_] : nullptr; }
  void advance() { ++next_; }
  bool isEmpty() const { return events_.empty(); }

  void use(KeyKind kind, std::uint32_t id) { used_[kind].insert(id); }
  SecretBytes key(KeyKind kind, std::uint32_t id) {
    auto secret = table_.findKey(kind, id);
    if (!secret) giveUp(Errc::kDamaged, "the other side used a key that this profile never made");
    return std::move(*secret);
  }

  Json json(const DeviceAddress& peer) {
    Json json{{"accountSeed", hexOf(identity_.accountSeed->view())},
              {"device", identity_.address.device.value()},
              {"identitySecret", clampedHex(identity_.identitySecret.view())},
              {"signedPreKeys", keys(KeyKind::kSignedPreKey)},
              {"oneTimeKeys", keys(KeyKind::kOneTimePreKey)},
              {"sealKeys", keys(KeyKind::kSealKey)}};
    if (std::ranges::any_of(events_, isPreKeyMessage)) json["registrationId"] = identity_.registrationId;
    const auto record = SessionTable(db_).findRecord(peer);
    if (const auto session = record ? valuesOfSession(record->view()) : std::nullopt) {
      json.update(Json{{"rootKey", hexOf(session->rootKey)},
                       {"ratchetSecret", hexOf(session->ratchetSecret)},
                       {"chainKey", hexOf(session->chainKey)},
                       {"chainIndex", session->chainIndex},
                       {"archived", session->archived}});
    }
    return json;
  }

 private:
  static bool isPreKeyMessage(const Event& event) {
    return event.type == Type::kSend && event.kind == static_cast<std::uint8_t>(CipherKind::kPreKey);
  }
  Json keys(KeyKind kind) {
    Json list = Json::array();
    for (const auto id : used_[kind]) list.push_back(Json{{"id", id}, {"secret", clampedHex(key(kind, id).view())}});
    return list;
  }

  const char* name_;
  Database& db_;
  DisclosureTable table_;
  IdentityTable::Row identity_;
  std::vector<Event> events_;
  std::size_t next_ = 0;
  std::map<KeyKind, std::set<std::uint32_t>> used_;
};

// Both sides' events in one order: what is received was sent before.
class Merge {
 public:
  Merge(Side& alice, Side& bob) : alice_(alice), bob_(bob) {}

  Json run() {
    while (take(alice_, bob_) || take(bob_, alice_)) {
    }
    if (alice_.next() != nullptr || bob_.next() != nullptr) {
      giveUp(Errc::kDamaged, "a profile received what the other never sent: one of the two is a restored copy");
    }
    return std::move(events_);
  }

 private:
  bool take(Side& self, Side& peer) {
    const auto* event = self.next();
    if (event == nullptr || !canFollow(*event)) return false;
    events_.push_back(json(*event, self, peer));
    self.advance();
    return true;
  }
  bool canFollow(const Event& event) const {
    if (event.type == Type::kReceive || event.type == Type::kSeal)
      return sent_.contains(blake2b(event.message.value()));
    return event.type != Type::kUnseal || sealed_.contains(blake2b(event.envelope.value()));
  }

  Json json(const Event& event, Side& self, Side& peer) {
    switch (event.type) {
      case Type::kOpen:
        return open(event, self, peer);
      case Type::kSend:
        return send(event, self);
      case Type::kReceive:
        return receive(event, self);
      case Type::kSeal:
        return seal(event, self, peer);
      case Type::kUnseal:
        return unseal(event, self);
      case Type::kWipe:
        return Json{{"type", "wipe"}, {"by", self.name()}};
    }
    giveUp(Errc::kDamaged, "an event of an unknown type");
  }
  static void requireDrawn(const Event& event, std::size_t bytes) {
    if (event.drawn.size() != bytes) giveUp(Errc::kDamaged, "another amount of randomness was drawn than a step takes");
  }

  static Json open(const Event& event, const Side& self, Side& peer) {
    requireDrawn(event, 2 * kSecretBytes);
    peer.use(KeyKind::kSignedPreKey, event.signedPreKey.value());
    Json json{{"type", "open"}, {"by", self.name()}, {"signedPreKeyId", event.signedPreKey.value()}};
    if (event.oneTimeKey) {
      peer.use(KeyKind::kOneTimePreKey, *event.oneTimeKey);
      json["oneTimeKeyId"] = *event.oneTimeKey;
    }
    json["baseSecret"] = clampedHex(ByteView(event.drawn).first(kSecretBytes));
    json["ratchetSecret"] = clampedHex(ByteView(event.drawn).last(kSecretBytes));
    return json;
  }
  Json send(const Event& event, const Side& self) {
    sent_.emplace(blake2b(event.message.value()), sent_.size());
    return Json{{"type", "send"},
                {"by", self.name()},
                {"padding", hexOf(event.drawn)},
                {"content", hexOf(event.content.value())},
                {"kind", event.kind.value()},
                {"message", hexOf(event.message.value())}};
  }
  Json receive(const Event& event, const Side& self) {
    Json json{{"type", "receive"}, {"by", self.name()}};
    // Of several states that were tried the last is the one that opened it.
    if (!event.drawn.empty()) json["ratchetSecret"] = clampedHex(ByteView(event.drawn).last(kSecretBytes));
    json["content"] = hexOf(event.content.value());
    json["of"] = sent_.at(blake2b(event.message.value()));
    return json;
  }
  Json seal(const Event& event, const Side& self, Side& peer) {
    requireDrawn(event, kSecretBytes);
    const auto& bytes = event.envelope.value();
    const auto to = sealedTo(bytes);
    if (!to) giveUp(Errc::kDamaged, "an envelope that is none");
    peer.use(KeyKind::kSealKey, to->sealKeyId);
    const auto envelope =
        openEnvelope(bytes, CurveKeyPair::fromSecret(peer.key(KeyKind::kSealKey, to->sealKeyId).view()));
    if (!envelope) giveUp(Errc::kDamaged, "an envelope that the other side's key does not open");
    sealed_.emplace(blake2b(bytes), sealed_.size());
    return Json{{"type", "seal"},
                {"by", self.name()},
                {"of", sent_.at(blake2b(event.message.value()))},
                {"envelopeId", hexOf(envelope->id.view())},
                {"manifest", hexOf(envelope->manifest)},
                {"sealKeyId", to->sealKeyId},
                {"sealSecret", clampedHex(event.drawn)},
                {"envelope", hexOf(bytes)}};
  }
  Json unseal(const Event& event, const Side& self) {
    const auto of = sealed_.at(blake2b(event.envelope.value()));
    return Json{{"type", "unseal"}, {"by", self.name()}, {"of", of}, {"envelopeId", idOf(of)}};
  }
  Json idOf(std::size_t envelope) const {
    std::size_t index = 0;
    for (const auto& event : events_) {
      if (event["type"] == "seal" && index++ == envelope) return event["envelopeId"];
    }
    giveUp(Errc::kInternal, "an envelope that was not sealed");
  }

  Side& alice_;
  Side& bob_;
  Json events_ = Json::array();
  // By the hash of each message and envelope, its place.
  std::map<Hash, std::size_t> sent_;
  std::map<Hash, std::size_t> sealed_;
};

// Before anything else is read.
void requireTestProfile(Database& db) {
  if (DisclosureTable(db).isTestProfile()) return;
  giveUp(Errc::kNotAllowed, "that is no test profile, and nothing of it is disclosed; 'waxwing init --test' makes one");
}

}  // namespace

Result<Json> capture(Database& aliceDb, Database& bobDb) try {
  requireTestProfile(aliceDb);
  requireTestProfile(bobDb);
  Side alice("alice", aliceDb);
  Side bob("bob", bobDb);
  alice.readEventsWith(bob);
  bob.readEventsWith(alice);
  if (alice.isEmpty() && bob.isEmpty()) giveUp(Errc::kNotFound, "these two have exchanged nothing");
  auto events = Merge(alice, bob).run();
  return Json{{"parties", Json::array({alice.json(bob.address()), bob.json(alice.address())})},
              {"events", std::move(events)}};
} catch (const Gap& gap) {
  return tl::unexpected(gap.error);
}

}  // namespace waxwing::vectors
