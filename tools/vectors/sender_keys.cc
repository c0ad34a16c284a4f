#include <signal/group_cipher.h>
#include <signal/group_session_builder.h>
#include <signal/protocol.h>

#include "crypto/curve.h"
#include "crypto/key_gate.h"
#include "crypto/padding.h"
#include "session/published_keys.h"
#include "session/signal_context.h"
#include "tools/vectors/kind.h"
#include "tools/vectors/scripted_random.h"

// Sender keys, at the level of libsignal-protocol-c with our provider and our padding.
namespace waxwing::vectors {
namespace {

using enum Field::Type;
constexpr auto kOptional = Field::Need::kOptional;

constexpr Note kOrdinary{"Ordinary", "BASIC", "An honest sender, and a network that loses nothing."};
constexpr Note kOrder{"Order", "FUNCTIONALITY", "Messages arrive in another order, or some never do."};
constexpr Note kReplay{"Replay", "AUTH_BYPASS", "A message that was read before is read again."};
constexpr Note kForged{"Forged", "AUTH_BYPASS", "A byte of a message is another, or of another sender."};
constexpr Note kBadKey{"BadKey", "CONFIDENTIALITY", "A signing key that the gate refuses."};
constexpr Note kEncoding{"Encoding", "CAN_OF_WORMS", "Not a message of the library."};

// One device's store, which holds the one sender key of a check.
class Member {
 public:
  Member() : signal_(random_) {
    requireSignal(signal_protocol_store_context_create(&store_, signal_.get()));
    const signal_protocol_sender_key_store callbacks{put, load, nothingToDestroy, this};
    requireSignal(signal_protocol_store_context_set_sender_key_store(store_, &callbacks));
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { signal_protocol_store_context_destroy(store_); }

  ScriptedRandom& random() { return random_; }
  signal_context* signal() const { return signal_.get(); }
  signal_protocol_store_context* store() const { return store_; }

 private:
  static int put(const signal_protocol_sender_key_name*, std::uint8_t* record, std::size_t size, std::uint8_t*,
                 std::size_t, void* user) {
    static_cast<Member*>(user)->record_ = Bytes(record, record + size);
    return SG_SUCCESS;
  }
  static int load(signal_buffer** record, signal_buffer**, const signal_protocol_sender_key_name*, void* user) {
    const auto& held = static_cast<Member*>(user)->record_;
    if (held.empty()) return 0;
    *record = newSignalBuffer(held);
    return 1;
  }
  static void nothingToDestroy(void*) {}

  ScriptedRandom random_;
  SignalContext signal_;
  signal_protocol_store_context* store_ = nullptr;
  Bytes record_;
};

using Builder = SignalOwned<group_session_builder, group_session_builder_free>;
using Cipher = SignalOwned<group_cipher, group_cipher_free>;

// The library's name for a sender in a group; no byte of a message depends on it.
const signal_protocol_sender_key_name kName{"group", 5, {"sender", 6, 1}};

Builder builderOf(const Member& member) {
  Builder builder;
  requireSignal(group_session_builder_create(builder.out(), member.store(), member.signal()));
  return builder;
}

Cipher cipherOf(const Member& member) {
  Cipher cipher;
  requireSignal(group_cipher_create(cipher.out(), member.store(), &kName, member.signal()));
  return cipher;
}

template <typename Message>
Bytes serialized(const SignalRef<Message>& message) {
  return toBytes(view(ciphertext_message_get_serialized(reinterpret_cast<ciphertext_message*>(message.get()))));
}

Bytes createdBy(Case& c, Member& sender) {
  const auto id = c.number32("keyId");
  sender.random().put(ByteWriter().u32(id).take());
  sender.random().put(toBytes(c.fixed<Hash>("chainKey").view()));
  sender.random().put(c.curveSecret("signingSecret"));
  SignalRef<sender_key_distribution_message> distribution;
  requireSignal(group_session_builder_create_session(builderOf(sender).get(), distribution.out(), &kName));
  c.require("keyId", sender.random().finish(), kRandomness);
  return serialized(distribution);
}

void processedBy(Case& c, Member& receiver, ByteView bytes) {
  SignalRef<sender_key_distribution_message> distribution;
  const int parsed =
      sender_key_distribution_message_deserialize(distribution.out(), bytes.data(), bytes.size(), receiver.signal());
  c.require("distribution", parsed == SG_SUCCESS, name(Errc::kMalformed));
  const auto key = fromSignal(sender_key_distribution_message_get_signature_key(distribution.get()));
  c.step("signing key", key.view());
  c.accept("distribution", checkCurveKey(key.view()));
  requireSignal(group_session_builder_process_session(builderOf(receiver).get(), &kName, distribution.get()));
}

Bytes encryptedBy(Case& c, Member& sender, ByteView content) {
  ScriptedRandom padding(c.hex("padding"));
  const auto padded = padContent(content, padding);
  c.require("padding", padding.finish(), kRandomness);
  sender.random().put(c.hex("random"));
  SignalRef<ciphertext_message> message;
  requireSignal(group_cipher_encrypt(cipherOf(sender).get(), padded.view().data(), padded.size(), message.out()));
  c.require("random", sender.random().finish(), kRandomness);
  return serialized(message);
}

std::string_view reasonFor(int result) {
  switch (result) {
    case SG_ERR_DUPLICATE_MESSAGE:
      return name(Errc::kDuplicate);
    case SG_ERR_NO_SESSION:
      return name(Errc::kNoSession);
    default:
      return name(Errc::kUndecryptable);
  }
}

Bytes decryptedBy(Case& c, Member& receiver, ByteView bytes) {
  SignalRef<sender_key_message> message;
  const int parsed = sender_key_message_deserialize(message.out(), bytes.data(), bytes.size(), receiver.signal());
  c.require("receive", parsed == SG_SUCCESS, name(Errc::kMalformed));
  SignalBuffer padded;
  const int result = group_cipher_decrypt(cipherOf(receiver).get(), message.get(), nullptr, padded.out());
  c.require("receive", result >= 0, reasonFor(result));
  return toBytes(c.accept("receive", unpadContent(view(padded))).view());
}

void receive(Case& c, Member& receiver, const std::vector<std::pair<Bytes, Bytes>>& sent) {
  if (!c.has("of")) {
    decryptedBy(c, receiver, c.hex("bytes"));
    c.refuse(kMismatch, "bytes");  // nobody sent them
  }
  const auto of = c.number("of");
  c.require("of", of < sent.size(), kMalformed);
  const auto content = decryptedBy(c, receiver, sent[of].first);
  c.expect("content", content);
  c.require("content", content == sent[of].second, kMismatch);
}

void checkSenderKey(Case& c) {
  Member sender, receiver;
  Bytes made;
  if (c.has("chainKey")) made = createdBy(c, sender);
  processedBy(c, receiver, c.given("distribution", made));
  c.expect("distribution", made);
  std::vector<std::pair<Bytes, Bytes>> sent;
  for (auto& item : c.list("messages")) {
    const auto content = item.hex("content");
    const auto message = encryptedBy(item, sender, content);
    item.expect("message", message);
    sent.emplace_back(message, content);
  }
  for (auto& item : c.list("receives")) receive(item, receiver, sent);
}

Json senderCase(Generator& g, std::vector<std::string_view> contents, std::vector<std::uint64_t> order) {
  Json messages = Json::array(), receives = Json::array();
  for (const auto content : contents) {
    messages.push_back(
        Json{{"content", hexOf(asBytes(content))}, {"padding", g.randomHex(16)}, {"random", g.randomHex(64)}});
  }
  for (const auto of : order) receives.push_back(Json{{"of", of}});
  return Json{{"keyId", g.random().below(0x7fffffff)},
              {"chainKey", g.randomHex(32)},
              {"signingSecret", g.curveSecret()},
              {"messages", std::move(messages)},
              {"receives", std::move(receives)}};
}

Json alsoReceiving(Json values, Json last) {
  values["receives"].push_back(std::move(last));
  return values;
}

void generateSenderKey(Generator& g) {
  const auto good = g.valid("in order", {"Ordinary"}, senderCase(g, {"one", "two"}, {0, 1}));
  const auto order =
      g.valid("out of order, one lost", {"Order"}, senderCase(g, {"one", "two", "lost", "four"}, {3, 1, 0}));
  g.valid("nothing arrives", {"Order"}, senderCase(g, {"one"}, {}));
  g.group("Refused");
  const auto bytes = bytesOf(good["messages"][1]["message"]);
  g.invalid("the last message twice", {"Replay"}, name(Errc::kDuplicate), alsoReceiving(good, Json{{"of", 1u}}));
  g.invalid("an earlier message twice", {"Replay"}, name(Errc::kDuplicate), alsoReceiving(order, Json{{"of", 0u}}));
  const auto attempt = [&](const char* comment, const char* flag, Errc reason, ByteView forged) {
    auto values = good;
    values["receives"] = Json::array({Json{{"bytes", hexOf(forged)}}});
    g.invalid(comment, {flag}, name(reason), values);
  };
  for (const int place : {0, 3, 9, 60, -1, -40, -64, -65}) {
    const auto changed = bytesOf(flipped(good["messages"][1]["message"], place));
    auto values = good;
    values["receives"] = Json::array({Json{{"bytes", hexOf(changed)}}});
    g.refused("a byte is another", {"Forged"}, values);
  }
  attempt("the signature is missing", "Encoding", Errc::kMalformed, ByteView(bytes).first(30));
  attempt("empty", "Encoding", Errc::kMalformed, {});
  const auto other = g.filled(senderCase(g, {"one"}, {0}));
  attempt("another sender's message", "Forged", Errc::kUndecryptable, bytesOf(other["messages"][0]["message"]));
  const auto distribution = bytesOf(good["distribution"]);
  const auto onlyDistribution = [&](const char* comment, const char* flag, Errc reason, ByteView changed) {
    g.invalid(comment, {flag}, name(reason), Json{{"distribution", hexOf(changed)}});
  };
  const auto key = CurveKeyPair::fromSecret(bytesOf(good["signingSecret"])).publicKey();
  auto lowOrder = distribution;
  std::ranges::fill(std::ranges::search(lowOrder, key.view()), std::uint8_t{0});
  onlyDistribution("a signing key of low order", "BadKey", Errc::kBadKey, lowOrder);
  onlyDistribution("a distribution cut short", "Encoding", Errc::kMalformed, ByteView(distribution).first(20));
  onlyDistribution("an empty distribution", "Encoding", Errc::kMalformed, {});
  g.invalid("another chain key was distributed", {"Forged"}, kMismatch,
            with(good, "chainKey", flipped(good["chainKey"], 0)));
}

}  // namespace

std::vector<Kind> senderKeyKinds() {
  const std::vector<Field> message{{"content", kHex, "what is padded and encrypted"},
                                   {"padding", kHex, "the 16 bytes drawn for the padding"},
                                   {"random", kHex, "the 64 bytes drawn for the signature's nonce"},
                                   {"message", kHex, "what the sender makes"}};
  const std::vector<Field> receives{{"of", kNumber, "the message made as the n-th, from 0", kOptional},
                                    {"content", kHex, "what comes out of it", kOptional},
                                    {"bytes", kHex, "a forged message instead", kOptional}};
  return {
      {"sender_key",
       "docs/protocol.md §5",
       "A sender key is distributed like this, encrypts like this, and is read in this order.",
       {{"keyId", kNumber, "31 bits, drawn"},
        {"chainKey", kHex, "32 bytes, drawn"},
        {"signingSecret", kHex, "Curve25519, 32 bytes, clamped, drawn"},
        {"distribution", kHex, "the SenderKeyDistributionMessage"},
        {"messages", kList, "in the order of sending", Field::Need::kAlways, message},
        {"receives", kList, "in the order of arrival", Field::Need::kAlways, receives}},
       {kOrdinary, kOrder, kReplay, kForged, kBadKey, kEncoding},
       generateSenderKey,
       checkSenderKey},
  };
}

}  // namespace waxwing::vectors
