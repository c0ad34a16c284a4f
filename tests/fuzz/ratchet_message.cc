// Ciphertexts that a contact sends: any bytes, and messages with a right MAC around any fields, as someone who holds
// the contact's keys could make them. libsignal-protocol-c must refuse what it cannot use, and never abort (hardening
// H9).

#include <signal/protocol.h>
#include <signal/ratchet.h>
#include <signal/session_record.h>
#include <signal/session_state.h>

#include "crypto/padding.h"
#include "crypto/signal_primitives.h"
#include "store/client/session_table.h"
#include "tests/fuzz/target.h"
#include "tests/session/forge.h"

namespace waxwing::fuzz {
namespace {

using testing::Forge;
using testing::InitialParts;
using testing::must;
using testing::TestDevice;

enum Mode : std::uint8_t { kPreKeyBytes, kMessageBytes, kForged, kForgedInitial, kModes };

// A session as its sender holds it, to make messages that its receiver's MAC check passes.
class Sender {
 public:
  Sender(TestDevice& self, TestDevice& peer) : self_(self), peer_(peer) {
    const auto record = SessionTable(*self->db).findRecord(peer.address());
    requireSignal(session_record_deserialize(record_.out(), record->view().data(), record->size(), signal_.get()));
    state_ = session_record_get_state(record_.get());
  }

  struct Fields {
    CurveKey ratchetKey;
    std::uint32_t ahead = 0;  // of the next counter, whose key it is made with
    std::uint32_t counter = 0;
    std::uint32_t previousCounter = 0;
    Bytes body;
  };
  CurveKey ratchetKey() const { return fromSignal(session_state_get_sender_ratchet_key(state_)); }
  std::uint32_t counter() const { return ratchet_chain_key_get_index(session_state_get_sender_chain_key(state_)); }

  Bytes encrypted(std::uint32_t ahead, ByteView padded) const {
    const auto keys = messageKeys(ahead);
    return toBytes(must(aesEncrypt(AesMode::kCbcPkcs5, keys.cipher_key, keys.iv, padded)).view());
  }
  SignalRef<signal_message> message(const Fields& fields) const {
    const auto keys = messageKeys(fields.ahead);
    const auto chain = toSignal(fields.ratchetKey);
    const auto mine = toSignal(self_->self.identityKey());
    const auto theirs = toSignal(peer_->self.identityKey());
    SignalRef<signal_message> made;
    requireSignal(signal_message_create(made.out(), CIPHERTEXT_CURRENT_VERSION, keys.mac_key, sizeof(keys.mac_key),
                                        chain.get(), fields.counter, fields.previousCounter, fields.body.data(),
                                        fields.body.size(), mine.get(), theirs.get(), signal_.get()));
    return made;
  }
  Bytes bytes(const Fields& fields) const {
    const auto made = message(fields);
    return toBytes(view(ciphertext_message_get_serialized(reinterpret_cast<ciphertext_message*>(made.get()))));
  }
  Bytes initial(const InitialParts& parts, const Fields& fields) const {
    const auto baseKey = toSignal(parts.baseKey);
    const auto identityKey = toSignal(parts.identityKey);
    const auto inner = message(fields);
    SignalRef<pre_key_signal_message> made;
    requireSignal(pre_key_signal_message_create(made.out(), CIPHERTEXT_CURRENT_VERSION, parts.registrationId,
                                                parts.oneTimeId ? &*parts.oneTimeId : nullptr, parts.signedPreKeyId,
                                                baseKey.get(), identityKey.get(), inner.get(), signal_.get()));
    return toBytes(view(ciphertext_message_get_serialized(reinterpret_cast<ciphertext_message*>(made.get()))));
  }

 private:
  ratchet_message_keys messageKeys(std::uint32_t ahead) const {
    SignalRef<ratchet_chain_key> next;
    auto* chain = session_state_get_sender_chain_key(state_);
    for (; ahead > 0; --ahead) {
      SignalRef<ratchet_chain_key> after;
      requireSignal(ratchet_chain_key_create_next(chain, after.out()));
      next = std::move(after);
      chain = next.get();
    }
    ratchet_message_keys keys;
    requireSignal(ratchet_chain_key_get_message_keys(chain, &keys));
    return keys;
  }

  TestDevice& self_;
  TestDevice& peer_;
  mutable SeededRandom random_{4};
  SignalContext signal_{random_};
  SignalRef<session_record> record_;
  session_state* state_ = nullptr;
};

// Bob, who has a session with Alice in which messages are missing, and none yet with Carol, who has begun one.
class Scene {
 public:
  Scene() {
    bob_.adopt(alice_.manifest());
    bob_.adopt(carol_.manifest());
    alice_.meet(bob_);
    must(bob_.receive(alice_, alice_.send(bob_, "first")));
    must(alice_.receive(bob_, bob_.send(alice_, "answer")));
    for (int i = 0; i < 3; ++i) alice_.send(bob_, "missing");
    must(bob_.receive(alice_, alice_.send(bob_, "known")));
    pending_ = alice_.send(bob_, "pending");
    carol_.meet(bob_);
    first_ = carol_.send(bob_, "hello");
    fromAlice_.emplace(alice_, bob_);
    fromCarol_.emplace(carol_, bob_);
  }

  void run(ByteView input) {
    Input in(input);
    const auto mode = in.below(kModes);
    const auto& from = in.below(2) == 0 ? alice_ : carol_;
    if (mode == kPreKeyBytes) return offer(from, CipherKind::kPreKey, in.rest());
    if (mode == kMessageBytes) return offer(from, CipherKind::kMessage, in.rest());
    const auto& sender = &from == &alice_ ? *fromAlice_ : *fromCarol_;
    if (mode == kForged) return offer(from, CipherKind::kMessage, sender.bytes(fields(sender, in)));
    const auto parts = initialParts(in);
    offer(from, CipherKind::kPreKey, sender.initial(parts, fields(sender, in)));
  }

  std::vector<Seed> seeds() {
    const Bytes zeros(40, 0);
    const auto raw = [](Mode mode, std::uint8_t from, ByteView bytes) {
      return ByteWriter().u8(mode).u8(from).raw(bytes).take();
    };
    return {{"initial", raw(kPreKeyBytes, 1, first_.ciphertext)},
            {"initial-of-another", raw(kPreKeyBytes, 0, first_.ciphertext)},
            {"message", raw(kMessageBytes, 0, pending_.ciphertext)},
            {"message-without-session", raw(kMessageBytes, 1, pending_.ciphertext)},
            {"forged", raw(kForged, 0, zeros)},
            {"forged-initial", raw(kForgedInitial, 1, zeros)}};
  }

 private:
  static std::uint32_t shifted(std::uint32_t value, Input& in) {
    const auto how = in.below(4);
    if (how == 0) return value;
    if (how == 1) return value + static_cast<std::uint32_t>(in.below(8));
    if (how == 2) return value - static_cast<std::uint32_t>(in.below(8));
    return static_cast<std::uint32_t>(in.number());
  }
  CurveKey key(const CurveKey& genuine, Input& in) {
    const auto how = in.below(4);
    if (how == 3) return CurveKey::from(in.take(CurveKey::kSize)).value_or(CurveKey{});
    return how == 2 ? carol_->self.identityKey() : genuine;
  }
  Sender::Fields fields(const Sender& sender, Input& in) {
    Sender::Fields fields;
    fields.ratchetKey = key(sender.ratchetKey(), in);
    fields.ahead = static_cast<std::uint32_t>(in.below(8));
    fields.counter = shifted(sender.counter() + fields.ahead, in);
    fields.previousCounter = shifted(0, in);
    const auto how = in.below(3);
    if (how == 0) fields.body = sender.encrypted(fields.ahead, padContent(in.rest(), padding_).view());
    if (how == 1) fields.body = sender.encrypted(fields.ahead, in.rest());
    if (how == 2) fields.body = toBytes(in.rest());
    return fields;
  }
  InitialParts initialParts(Input& in) {
    auto parts = forge_.take(first_.ciphertext);
    parts.registrationId = shifted(parts.registrationId, in);
    if (parts.oneTimeId) parts.oneTimeId = shifted(*parts.oneTimeId, in);
    if (in.below(4) == 3) parts.oneTimeId.reset();
    parts.signedPreKeyId = shifted(parts.signedPreKeyId, in);
    parts.baseKey = key(parts.baseKey, in);
    parts.identityKey = key(parts.identityKey, in);
    return parts;
  }

  std::optional<Bytes> recordOf(const TestDevice& peer) {
    const auto record = SessionTable(*bob_->db).findRecord(peer.address());
    return record ? std::optional(toBytes(record->view())) : std::nullopt;
  }
  // Nothing of it is committed: the scene stays as it was.
  void offer(const TestDevice& from, CipherKind kind, ByteView ciphertext) {
    bob_.reseed(106);
    padding_ = SeededRandom(107);
    Transaction transaction(*bob_->db, CommitPoint::kReceive);
    const auto before = recordOf(from);
    const auto content = bob_->ratchet.decrypt(transaction, from.address(), kind, ciphertext);
    require(bob_->ratchet.checkGenerations().has_value(), "a message breaks the digest over the sessions");
    if (content) return;
    require(recordOf(from) == before, "a refused message leaves a trace");
    const auto& next = &from == &alice_ ? pending_ : first_;
    require(bob_->ratchet.decrypt(transaction, from.address(), next.kind, next.ciphertext).has_value(),
            "a refused message stops the next one");
  }

  ManualClock clock_{testing::kTestStart};
  TestDevice alice_{1, clock_};
  TestDevice bob_{2, clock_};
  TestDevice carol_{3, clock_};
  Forge forge_;
  SeededRandom padding_{7};
  Ratchet::Encrypted pending_;
  Ratchet::Encrypted first_;
  std::optional<Sender> fromAlice_;
  std::optional<Sender> fromCarol_;
};

Scene& scene() {
  static Scene only;
  return only;
}

void run(ByteView input) { scene().run(input); }
std::vector<Seed> seeds() { return scene().seeds(); }

}  // namespace

extern const Target kRatchetMessage;
const Target kRatchetMessage{"ratchet_message", 1024, run, seeds};

}  // namespace waxwing::fuzz
