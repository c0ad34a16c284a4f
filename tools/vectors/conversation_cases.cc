#include "tools/vectors/conversation_cases.h"

#include <map>

#include "crypto/curve.h"
#include "session/envelope.h"
#include "tools/vectors/all_zero_points.h"
#include "tools/vectors/primitives.h"

namespace waxwing::vectors {
namespace {

// A conversation as it is written down: who does what. Secrets are drawn as they are needed.
class Script {
 public:
  explicit Script(Generator& g) : g_(g) {
    for (int i = 0; i < 2; ++i) parties_.push_back(Json{{"identitySecret", g_.curveSecret()}});
  }

  Script& open(const char* by, bool withOneTime = true) {
    return openWith(by, withOneTime ? OneTime::kFresh : OneTime::kNone);
  }
  // With the one-time key of the last time: a relay handed it out twice.
  Script& openWithSameKey(const char* by) { return openWith(by, OneTime::kSame); }
  Script& send(const char* by, std::string_view content) {
    add(Json{{"type", "send"}, {"by", by}, {"padding", g_.randomHex(16)}, {"content", hexOf(asBytes(content))}});
    chainOf_.push_back(by + std::to_string(chains_[by]));
    return *this;
  }
  // The n-th message sent.
  Script& receive(const char* by, std::size_t n) {
    Json event{{"type", "receive"}, {"by", by}, {"of", n}};
    if (seen_.insert(by + chainOf_.at(n)).second) {
      event["ratchetSecret"] = g_.curveSecret();
      newChain(by);
    }
    return add(std::move(event));
  }
  Script& forged(const char* by, CipherKind kind, ByteView bytes) {
    return add(
        Json{{"type", "receive"}, {"by", by}, {"kind", static_cast<std::uint64_t>(kind)}, {"bytes", hexOf(bytes)}});
  }
  Script& wipe(const char* by) { return add(Json{{"type", "wipe"}, {"by", by}}); }

  Json json() const { return Json{{"parties", parties_}, {"events", events_}}; }
  // The n-th message's bytes.
  Bytes message(std::size_t n) const {
    const auto filled = g_.filled(json());
    for (const auto& event : filled["events"]) {
      if (event["type"] == "send" && n-- == 0) return bytesOf(event["message"]);
    }
    throw std::logic_error("conversations: no such message");
  }

 private:
  enum class OneTime { kNone, kFresh, kSame };

  Script& openWith(const char* by, OneTime oneTime) {
    auto& peer = parties_[by[0] == 'a' ? 1 : 0];
    parties_[by[0] == 'a' ? 0 : 1]["registrationId"] = 1 + g_.random().below(16380);
    if (!peer.contains("signedPreKeyId")) {
      peer["signedPreKeyId"] = 1 + g_.random().below(0xfffffe);
      peer["signedPreKeySecret"] = g_.curveSecret();
    }
    Json event{{"type", "open"}, {"by", by}};
    if (oneTime == OneTime::kFresh) {
      const auto id = 1 + g_.random().below(0xfffffe);
      peer["oneTimeKeys"].push_back(Json{{"id", id}, {"secret", g_.curveSecret()}});
    }
    if (oneTime != OneTime::kNone) event["oneTimeKeyId"] = peer["oneTimeKeys"].back()["id"];
    event["baseSecret"] = g_.curveSecret();
    event["ratchetSecret"] = g_.curveSecret();
    newChain(by);
    return add(std::move(event));
  }
  Script& add(Json event) {
    events_.push_back(std::move(event));
    return *this;
  }
  void newChain(const char* by) { ++chains_[by]; }

  Generator& g_;
  Json parties_ = Json::array();
  Json events_ = Json::array();
  std::map<std::string, int> chains_;
  std::vector<std::string> chainOf_;
  std::set<std::string> seen_;
};

constexpr auto kAlice = "alice";
constexpr auto kBob = "bob";

void addConversations(Generator& g) {
  g.group("Conversations");
  g.valid("in order, and an answer; with a one-time key", {"Ordinary"},
          Script(g)
              .open(kAlice)
              .send(kAlice, "one")
              .receive(kBob, 0)
              .send(kAlice, "two")
              .receive(kBob, 1)
              .send(kBob, "three")
              .receive(kAlice, 2)
              .send(kAlice, "four")
              .receive(kBob, 3)
              .send(kBob, "five")
              .json());
  g.valid("without a one-time key", {"Ordinary"},
          Script(g)
              .open(kAlice, false)
              .send(kAlice, "one")
              .receive(kBob, 0)
              .send(kBob, "two")
              .receive(kAlice, 1)
              .send(kAlice, "three")
              .json());
  g.valid("the direction changes with every message", {"Ordinary"},
          Script(g)
              .open(kBob)
              .send(kBob, "")
              .receive(kAlice, 0)
              .send(kAlice, "a")
              .receive(kBob, 1)
              .send(kBob, "b")
              .receive(kAlice, 2)
              .send(kAlice, "c")
              .receive(kBob, 3)
              .send(kBob, "d")
              .json());
  g.valid("out of order within a chain, the first message last", {"Order"},
          Script(g)
              .open(kAlice)
              .send(kAlice, "0")
              .send(kAlice, "1")
              .send(kAlice, "2")
              .receive(kBob, 2)
              .receive(kBob, 1)
              .receive(kBob, 0)
              .send(kBob, "3")
              .receive(kAlice, 3)
              .send(kAlice, "4")
              .json());
  g.valid("skipped messages, and one of an earlier chain that comes late", {"Order"},
          Script(g)
              .open(kAlice)
              .send(kAlice, "0")
              .receive(kBob, 0)
              .send(kBob, "1")
              .receive(kAlice, 1)
              .send(kAlice, "2 is late")
              .send(kAlice, "3 is lost")
              .send(kAlice, "4")
              .receive(kBob, 4)
              .send(kBob, "5")
              .receive(kAlice, 5)
              .send(kAlice, "6")
              .receive(kBob, 6)
              .receive(kBob, 2)
              .send(kBob, "7")
              .json());
  g.valid("both begin, and each goes on in the other's session", {"Simultaneous"},
          Script(g)
              .open(kAlice)
              .open(kBob)
              .send(kAlice, "0")
              .send(kBob, "1")
              .receive(kBob, 0)
              .receive(kAlice, 1)
              .send(kAlice, "2")
              .send(kBob, "3")
              .receive(kBob, 2)
              .receive(kAlice, 3)
              .send(kAlice, "4")
              .send(kBob, "5")
              .json());
  g.valid("a fresh session replaces one that was answered; a message of the old one comes late", {"Replaced"},
          Script(g)
              .open(kAlice)
              .send(kAlice, "0")
              .receive(kBob, 0)
              .send(kBob, "1")
              .receive(kAlice, 1)
              .send(kAlice, "2 is late")
              .open(kAlice)
              .send(kAlice, "3")
              .receive(kBob, 3)
              .send(kBob, "4")
              .receive(kAlice, 4)
              .receive(kBob, 2)
              .send(kAlice, "5")
              .send(kBob, "6")
              .json());
  g.valid("the answering side lost its session and opens one anew", {"Replaced"},
          Script(g)
              .open(kAlice)
              .send(kAlice, "0")
              .receive(kBob, 0)
              .send(kBob, "1 is lost")
              .wipe(kBob)
              .open(kBob)
              .send(kBob, "2")
              .receive(kAlice, 2)
              .send(kAlice, "3")
              .json());
}

void refuse(Generator& g, std::string_view comment, const char* flag, std::string_view reason, const Script& script) {
  g.invalid(comment, {flag}, reason, script.json());
}
void refuse(Generator& g, std::string_view comment, const char* flag, Errc reason, const Script& script) {
  refuse(g, comment, flag, name(reason), script);
}

void addReplays(Generator& g) {
  g.group("Replays");
  Script first(g);
  first.open(kAlice).send(kAlice, "0").receive(kBob, 0);
  refuse(g, "a pre-key message twice", "Replay", Errc::kDuplicate, Script(first).receive(kBob, 0));
  refuse(g, "a pre-key message after its session was wiped", "Replay", Errc::kInitialReplay,
         Script(first).wipe(kBob).receive(kBob, 0));
  Script reduced(g);
  reduced.open(kAlice, false).send(kAlice, "0").receive(kBob, 0);
  refuse(g, "without a one-time key, nothing but the memory of initial messages refuses it", "Replay",
         Errc::kInitialReplay, Script(reduced).wipe(kBob).receive(kBob, 0));
  refuse(g, "another message of the same beginning, after its session was wiped", "Replay", Errc::kInitialReplay,
         Script(reduced).send(kAlice, "1").wipe(kBob).receive(kBob, 1));
  Script answered(g);
  answered.open(kAlice)
      .send(kAlice, "0")
      .receive(kBob, 0)
      .send(kBob, "1")
      .receive(kAlice, 1)
      .send(kAlice, "2")
      .receive(kBob, 2);
  refuse(g, "a message twice", "Replay", Errc::kDuplicate, Script(answered).receive(kBob, 2));
  refuse(g, "a message of an earlier chain twice", "Replay", Errc::kDuplicate, Script(answered).receive(kBob, 0));
  refuse(g, "an answer twice", "Replay", Errc::kDuplicate, Script(answered).receive(kAlice, 1));
  refuse(g, "one's own message comes back", "Replay", Errc::kUndecryptable,
         Script(answered).forged(kAlice, CipherKind::kMessage, answered.message(2)));
}

Bytes replacedIn(Bytes message, ByteView from, ByteView to) {
  const auto found = std::ranges::search(message, from);
  if (found.empty()) throw std::logic_error("conversations: nothing to replace");
  std::ranges::copy(to, found.begin());
  return message;
}

Bytes flippedAt(Bytes message, std::size_t fromEnd) {
  auto& byte = message.at(message.size() - fromEnd);
  byte = static_cast<std::uint8_t>(~byte);
  return message;
}

CurveKey publicOf(const Json& secret) { return CurveKeyPair::fromSecret(bytesOf(secret)).publicKey(); }

void addForgedInitials(Generator& g) {
  g.group("ForgedPreKeyMessages");
  Script script(g);
  script.open(kAlice).send(kAlice, "0");
  const auto message = script.message(0);
  const auto json = script.json();
  const auto identity = publicOf(json["parties"][0]["identitySecret"]);
  const auto base = publicOf(json["events"][0]["baseSecret"]), ratchet = publicOf(json["events"][0]["ratchetSecret"]);
  const auto other = CurveKeyPair::generate(g.random()).publicKey();
  const auto attempt = [&](const char* comment, const char* flag, Errc reason, const Bytes& bytes) {
    refuse(g, comment, flag, reason, Script(script).forged(kBob, CipherKind::kPreKey, bytes));
  };
  attempt("another identity key", "Identity", Errc::kUntrustedIdentity,
          replacedIn(message, identity.view(), other.view()));
  attempt("the receiver's identity key", "Identity", Errc::kUntrustedIdentity,
          replacedIn(message, identity.view(), publicOf(json["parties"][1]["identitySecret"]).view()));
  attempt("another base key", "Forged", Errc::kUndecryptable, replacedIn(message, base.view(), other.view()));
  attempt("another ratchet key", "Forged", Errc::kUndecryptable, replacedIn(message, ratchet.view(), other.view()));
  attempt("base and ratchet key exchanged", "Forged", Errc::kUndecryptable,
          replacedIn(replacedIn(replacedIn(message, base.view(), other.view()), ratchet.view(), base.view()),
                     other.view(), ratchet.view()));
  for (const auto point :
       {kAllZeroPoints[0], kAllZeroPoints[2], kAllZeroPoints[4], kAllZeroPoints[6], kAllZeroPoints[8]}) {
    const auto key = bytesOf(std::string(point));
    attempt("a base key of low order", "BadKey", Errc::kBadKey, replacedIn(message, base.view(), key));
    attempt("a ratchet key of low order", "BadKey", Errc::kBadKey, replacedIn(message, ratchet.view(), key));
    attempt("an identity key of low order", "BadKey", Errc::kBadKey, replacedIn(message, identity.view(), key));
  }
  auto high = base;
  high.bytes.back() |= 0x80;
  attempt("a base key with its high bit set", "BadKey", Errc::kBadKey, replacedIn(message, base.view(), high.view()));
  attempt("the version byte is another", "Encoding", Errc::kMalformed, flippedAt(message, message.size()));
  attempt("cut short", "Encoding", Errc::kMalformed, Bytes(message.begin(), message.end() - 40));
  attempt("empty", "Encoding", Errc::kMalformed, {});
  refuse(g, "read as a message", "Encoding", Errc::kMalformed,
         Script(script).forged(kBob, CipherKind::kMessage, message));
  refuse(g, "read as a sender-key message", "Encoding", Errc::kMalformed,
         Script(script).forged(kBob, CipherKind::kSenderKey, message));
  refuse(g, "meant for the other side", "Identity", Errc::kUntrustedIdentity,
         Script(script).forged(kAlice, CipherKind::kPreKey, message));
}

void addForgedMessages(Generator& g) {
  g.group("ForgedMessages");
  Script script(g);
  script.open(kAlice).send(kAlice, "0").receive(kBob, 0).send(kBob, "1").receive(kAlice, 1).send(kAlice, "2");
  const auto message = script.message(2);
  const auto attempt = [&](const char* comment, const char* flag, Errc reason, const Bytes& bytes) {
    refuse(g, comment, flag, reason, Script(script).forged(kBob, CipherKind::kMessage, bytes));
  };
  for (const std::size_t place : {1u, 8u})
    attempt("a byte of the MAC is another", "Forged", Errc::kUndecryptable, flippedAt(message, place));
  for (const std::size_t place : {9u, 100u, 250u}) {
    attempt("a byte of the ciphertext is another", "Forged", Errc::kUndecryptable, flippedAt(message, place));
  }
  const auto json = script.json();
  const auto ratchet = publicOf(json["events"][4]["ratchetSecret"]);
  attempt("another ratchet key", "Forged", Errc::kUndecryptable,
          replacedIn(message, ratchet.view(), CurveKeyPair::generate(g.random()).publicKey().view()));
  attempt("a ratchet key of low order", "BadKey", Errc::kBadKey, replacedIn(message, ratchet.view(), Bytes(32)));
  // Version (1), field 1 with the key (2 + 33), then field 2: the counter.
  constexpr std::size_t kCounter = 1 + 2 + 33 + 1;
  auto later = message;
  later.at(kCounter) = 5;
  attempt("a later counter", "Forged", Errc::kUndecryptable, later);
  auto far = Bytes(message.begin(), message.begin() + kCounter);
  far.insert(far.end(), {0xd1, 0x0f});  // 2001
  far.insert(far.end(), message.begin() + kCounter + 1, message.end());
  attempt("a new chain that begins at 2,001", "State", Errc::kCounterTooFar, far);
  auto cutMac = message;
  cutMac.pop_back();
  attempt("the MAC cut by a byte", "Forged", Errc::kMalformed, cutMac);
  attempt("no MAC", "Forged", Errc::kMalformed, Bytes(message.begin(), message.end() - 8));
  attempt("the version byte is another", "Encoding", Errc::kMalformed, flippedAt(message, message.size()));
  attempt("eight bytes", "Encoding", Errc::kMalformed, Bytes(message.begin(), message.begin() + 8));
  attempt("empty", "Encoding", Errc::kMalformed, {});
  refuse(g, "to a device without a session", "State", Errc::kNoSession,
         Script(script).wipe(kBob).forged(kBob, CipherKind::kMessage, message));
  Script fresh(g);
  fresh.open(kAlice).send(kAlice, "0").receive(kBob, 0);
  refuse(g, "of a session that this one never was", "State", Errc::kUndecryptable,
         Script(fresh).forged(kBob, CipherKind::kMessage, message));
  refuse(g, "sent without a session", "State", Errc::kNoSession, Script(g).send(kAlice, "0"));
}

// What a device must remember, and what it must forget.
void addUsedKeys(Generator& g) {
  g.group("UsedKeys");
  Script read(g);
  read.open(kAlice).send(kAlice, "0").receive(kBob, 0).send(kBob, "1").receive(kAlice, 1).send(kAlice, "2");
  const auto other = flippedAt(read.message(2), 9);
  read.receive(kBob, 2);
  refuse(g, "another message under a key that was used", "Replay", Errc::kKeyReuse,
         Script(read).forged(kBob, CipherKind::kMessage, other));
  Script handedOutTwice(g);
  handedOutTwice.open(kAlice).send(kAlice, "0").openWithSameKey(kAlice).send(kAlice, "1").receive(kBob, 0);
  refuse(g, "a one-time key is used a second time", "Replay", Errc::kUnknownPreKey, handedOutTwice.receive(kBob, 1));
}

// The first of several sessions, opened one after the other and each answered, has a message that comes last.
Script lateAfter(Generator& g, std::size_t sessions) {
  Script script(g);
  script.open(kAlice).send(kAlice, "0").receive(kBob, 0).send(kBob, "1").receive(kAlice, 1).send(kAlice, "late");
  for (std::size_t i = 1; i < sessions; ++i) {
    script.open(kAlice).send(kAlice, "next").receive(kBob, 1 + 2 * i).send(kBob, "answer");
  }
  return script.receive(kBob, 2);
}

void addArchived(Generator& g) {
  g.group("ArchivedStates");
  g.valid("a message of the fifth session before this one", {"Replaced"}, lateAfter(g, 6).send(kBob, "too late").json());
  refuse(g, "a message of the sixth session before this one", "State", Errc::kUndecryptable, lateAfter(g, 7));
}

}  // namespace

void generateConversation(Generator& g) {
  addConversations(g);
  addReplays(g);
  addForgedInitials(g);
  addForgedMessages(g);
  addUsedKeys(g);
  addArchived(g);
}

}  // namespace waxwing::vectors
