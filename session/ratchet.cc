#include "session/ratchet.h"

#include <signal/protocol.h>
#include <signal/ratchet.h>
#include <signal/session_builder.h>
#include <signal/session_cipher.h>
#include <signal/session_pre_key.h>
#include <signal/session_record.h>
#include <signal/session_state.h>

#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/key_gate.h"
#include "crypto/limits.h"
#include "crypto/mutation.h"
#include "crypto/padding.h"
#include "session/disclosure.h"
#include "session/signal_store.h"

namespace waxwing {
namespace {

using Cipher = SignalOwned<session_cipher, session_cipher_free>;
using Builder = SignalOwned<session_builder, session_builder_free>;

// The library's address of a peer. It keeps pointers to the name.
struct PeerName {
  explicit PeerName(const DeviceAddress& peer)
      : name(peer.account.hex()), address{name.c_str(), name.size(), peer.device.value()} {}
  PeerName(const PeerName&) = delete;
  PeerName& operator=(const PeerName&) = delete;

  std::string name;
  signal_protocol_address address;
};

// One received ciphertext, parsed and nothing more.
struct Received {
  SignalRef<pre_key_signal_message> initial;  // empty unless a pre-key message
  SignalRef<signal_message> plain;            // empty unless a message

  signal_message* message() const {
    return initial ? pre_key_signal_message_get_signal_message(initial.get()) : plain.get();
  }
  CurveKey ratchetKey() const { return fromSignal(signal_message_get_sender_ratchet_key(message())); }
  std::uint32_t counter() const { return signal_message_get_counter(message()); }
  CurveKey identityKey() const { return fromSignal(pre_key_signal_message_get_identity_key(initial.get())); }
  CurveKey baseKey() const { return fromSignal(pre_key_signal_message_get_base_key(initial.get())); }
  std::uint32_t signedPreKeyId() const { return pre_key_signal_message_get_signed_pre_key_id(initial.get()); }

  Hash initialHash() const {
    ByteWriter writer;
    writer.raw(identityKey().view()).raw(baseKey().view()).u32(signedPreKeyId());
    return labelledHash("initial", writer.view());
  }
  // Of the inner message: what stands around it in a pre-key message is not authenticated.
  SessionTable::Decrypted trace() const {
    const auto* serialized = ciphertext_message_get_serialized(reinterpret_cast<ciphertext_message*>(message()));
    const auto key = ratchetKey();
    ByteReader chain(key.view());
    return {static_cast<std::int64_t>(chain.u64()), counter(), blake2b(view(serialized))};
  }
};

Result<Received> parse(CipherKind kind, ByteView ciphertext, signal_context* signal) {
  Received received;
  int result = SG_ERR_INVALID_MESSAGE;
  if (kind == CipherKind::kPreKey) {
    result = pre_key_signal_message_deserialize(received.initial.out(), ciphertext.data(), ciphertext.size(), signal);
  } else if (kind == CipherKind::kMessage) {
    result = signal_message_deserialize(received.plain.out(), ciphertext.data(), ciphertext.size(), signal);
  }
  if (result == SG_ERR_NOMEM) throw std::bad_alloc();
  if (result < 0) return fail(Errc::kMalformed, "not a message of the ratchet");
  return received;
}

bool knowsChain(session_record* record, const CurveKey& ratchetKey) {
  const auto key = toSignal(ratchetKey);
  bool known = false;
  forEachState(record, [&](session_state* state) {
    known = known || session_state_get_receiver_chain_key(state, key.get()) != nullptr;
  });
  return known;
}

// What the library does, at most, before it knows whether a message is authentic: in steps of a chain. It tries every
// state, and derives in each all keys up to the message's.
std::uint64_t workOf(session_record* record, const Received& received) {
  std::uint64_t work = received.initial ? limits::kTurnWork + received.counter() : 0;
  if (record == nullptr) return work;
  const auto ratchetKey = toSignal(received.ratchetKey());
  forEachState(record, [&](session_state* state) {
    const auto* chain = session_state_get_receiver_chain_key(state, ratchetKey.get());
    const std::uint32_t index = chain != nullptr ? ratchet_chain_key_get_index(chain) : 0;
    work += chain != nullptr ? 1 : limits::kTurnWork;
    work += received.counter() > index ? received.counter() - index : 0;
  });
  return work;
}

bool hasState(session_record* record, const Received& received) {
  const auto version = pre_key_signal_message_get_message_version(received.initial.get());
  const auto* baseKey = pre_key_signal_message_get_base_key(received.initial.get());
  return record != nullptr && session_record_has_session_state(record, version, baseKey) == 1;
}

// The gate in front of the library for every key that a message brings (hardening H2). What a session or the manifest
// holds already has passed it: a gate costs several times what decrypting does.
Result<void> checkKeys(session_record* record, const ManifestDevice& entry, const Received& received) {
  const auto passes = [](const CurveKey& key) { return checkCurveKey(key.view()).has_value(); };
  bool good = (record != nullptr && knowsChain(record, received.ratchetKey())) || passes(received.ratchetKey());
  if (received.initial) {
    good = good && (hasState(record, received) || passes(received.baseKey())) &&
           (received.identityKey() == entry.identityKey || passes(received.identityKey()));
  }
  if (!good) return fail(Errc::kBadKey, "a message with a key that no honest device makes");
  return {};
}

// The current state if it can send, nullptr otherwise.
session_state* sendingState(const SignalRef<session_record>& record) {
  if (!record) return nullptr;
  auto* state = session_record_get_state(record.get());
  return state != nullptr && session_state_has_sender_chain(state) == 1 ? state : nullptr;
}

bool isWith(const session_state* state, const CurveKey& identityKey) {
  const auto* remote = session_state_get_remote_identity_key(state);
  return remote != nullptr && fromSignal(remote) == identityKey;
}

CurveKey senderRatchetKey(const session_state* state) {
  return fromSignal(session_state_get_sender_ratchet_key(state));
}

std::uint32_t senderChainIndex(const session_state* state) {
  return ratchet_chain_key_get_index(session_state_get_sender_chain_key(state));
}

std::size_t archivedCount(session_record* record) {
  std::size_t count = 0;
  for (auto* node = session_record_get_previous_states_head(record); node != nullptr;
       node = session_record_get_previous_states_next(node)) {
    ++count;
  }
  return count;
}

// Archiving what is about to be replaced leaves states behind that never were sessions: without a sender chain.
bool dropEmptyStates(session_record* record) {
  bool dropped = false;
  for (auto* node = session_record_get_previous_states_head(record); node != nullptr;) {
    auto* state = session_record_get_previous_states_element(node);
    const bool empty = session_state_has_sender_chain(state) != 1;
    dropped = dropped || empty;
    node =
        empty ? session_record_get_previous_states_remove(record, node) : session_record_get_previous_states_next(node);
  }
  return dropped;
}

// The library puts the newest first. There is one.
bool dropOldestState(session_record* record) {
  auto* last = session_record_get_previous_states_head(record);
  while (auto* next = session_record_get_previous_states_next(last)) last = next;
  session_record_get_previous_states_remove(record, last);
  return true;
}

SignalBuffer serialized(session_record* record) {
  SignalBuffer buffer;
  requireSignal(session_record_serialize(buffer.out(), record));
  return buffer;
}

tl::unexpected<Error> noSession() { return fail(Errc::kNoSession, "there is no session with that device"); }

Error libraryError(int result) {
  switch (result) {
    case SG_ERR_NOMEM:
      throw std::bad_alloc();
    case SG_ERR_UNTRUSTED_IDENTITY:
      return {Errc::kUntrustedIdentity, "the manifest does not vouch for that identity key"};
    case SG_ERR_INVALID_KEY_ID:
      return {Errc::kUnknownPreKey, "made for a pre-key that this device does not hold"};
    case SG_ERR_NO_SESSION:
      return {Errc::kNoSession, "there is no session with that device"};
    case SG_ERR_INVALID_KEY:
      return {Errc::kBadKey, "a key that no honest device makes"};
    case SG_ERR_INVALID_VERSION:
    case SG_ERR_LEGACY_MESSAGE:
    case SG_ERR_INVALID_PROTO_BUF:
      return {Errc::kMalformed, "not a message of the ratchet"};
    default:
      return {Errc::kUndecryptable, "no session of that device opens it"};
  }
}

}  // namespace

class Ratchet::Impl {
 public:
  Impl(Database& db, const OwnDevice& self, ManifestBook& manifests, PreKeys& preKeys, Anchors& anchors,
       const Clock& clock, Random& random)
      : manifests_(manifests),
        anchors_(anchors),
        clock_(clock),
        disclosure_(db, random),
        signal_(disclosure_.random()),
        store_(db, self, manifests, preKeys, signal_) {}

  Readiness readiness(const DeviceAddress& peer);
  Result<SignedKeys> acceptKeys(const DeviceAddress& peer, ByteView signedKeys);
  Result<void> establish(const DeviceAddress& peer, const PreKeyBundle& bundle);
  Result<Encrypted> encrypt(Transaction& transaction, const DeviceAddress& peer, ByteView content);
  Result<SecretBytes> decrypt(const DeviceAddress& from, CipherKind kind, ByteView ciphertext, Effort effort);
  std::uint64_t workInVain() const { return workInVain_; }
  std::uint64_t hmacs() const { return signal_.hmacs(); }
  void wipe(const DeviceAddress& peer);
  void spendAll();
  bool generationsHold() { return store_.generationsHold(); }
  std::map<DeviceAddress, Ageing> takeAgeing() { return std::exchange(ageing_, {}); }

 private:
  SessionTable& sessions() { return store_.sessions(); }

  Result<session_state*> vouchedState(const SignalRef<session_record>& record, const DeviceAddress& peer);
  bool isOld(const session_state* state);
  void noteAgeing(const DeviceAddress& peer, std::uint32_t chainIndex);
  SignalRef<session_pre_key_bundle> bundleOf(const ManifestDevice& owner, const PublishedKeys& keys,
                                             const std::optional<OneTimeKey>& oneTime);
  void rememberBirth(const DeviceAddress& peer);

  // How much work the library will have at most.
  Result<std::uint64_t> checkBefore(const DeviceAddress& from, const ManifestDevice& entry, const Received& received,
                                    Effort effort);
  Result<void> checkCost(session_record* record, const Received& received, Effort effort);
  Result<void> checkInitial(session_record* record, const Received& received);
  Result<SecretBytes> open(const DeviceAddress& from, const ManifestDevice& entry, const Received& received);
  Result<SecretBytes> callLibrary(const DeviceAddress& from, const Received& received);
  Result<void> checkAfter(const DeviceAddress& from, const ManifestDevice& entry);
  void trim(const DeviceAddress& peer, session_record* record);

  ManifestBook& manifests_;
  Anchors& anchors_;
  const Clock& clock_;
  Disclosure disclosure_;
  SignalContext signal_;
  SignalStore store_;
  std::map<DeviceAddress, Ageing> ageing_;
  std::uint64_t workInVain_ = 0;
};

// The state that encrypts to `peer`, if the manifest vouches for whom it is with and its key is not spent.
Result<session_state*> Ratchet::Impl::vouchedState(const SignalRef<session_record>& record, const DeviceAddress& peer) {
  const auto entry = manifests_.vouched(peer);
  if (!entry) return tl::unexpected(entry.error());
  auto* state = sendingState(record);
  if (state == nullptr || !isWith(state, entry->identityKey)) return noSession();
  if (sessions().isSpent(senderRatchetKey(state)) && !mutated(Mutation::kEncryptWithSpentKey)) {
    return fail(Errc::kSpentKey, "the session was in a restored database: it needs a fresh bundle");
  }
  return state;
}

bool Ratchet::Impl::isOld(const session_state* state) {
  if (senderChainIndex(state) >= limits::kSenderChainIndex) return true;
  if (session_state_has_unacknowledged_pre_key_message(state) != 1) return false;
  const auto bornAt = sessions().findBirth(fromSignal(session_state_get_alice_base_key(state)));
  return !bornAt || clock_.now() - *bornAt > limits::kUnacknowledgedSessionAge;
}

Ratchet::Readiness Ratchet::Impl::readiness(const DeviceAddress& peer) {
  const auto record = store_.load(peer);
  const auto state = vouchedState(record, peer);
  if (state) {
    const bool large = sessions().recordBytes(peer) > limits::kSessionRecordBytes;
    return large || isOld(*state) ? Readiness::kWantsFresh : Readiness::kReady;
  }
  const auto code = state.error().code;
  return code == Errc::kNoSession || code == Errc::kSpentKey ? Readiness::kNone : Readiness::kNotVouched;
}

// After a step that wrote the peer's record.
void Ratchet::Impl::noteAgeing(const DeviceAddress& peer, std::uint32_t chainIndex) {
  if (store_.recordBytes() > limits::kSessionRecordBytes) {
    ageing_[peer] = Ageing::kLargeRecord;
  } else if (chainIndex >= limits::kSenderChainIndex) {
    ageing_.emplace(peer, Ageing::kLongChain);
  }
}

Result<SignedKeys> Ratchet::Impl::acceptKeys(const DeviceAddress& peer, ByteView signedKeys) {
  const auto owner = manifests_.vouched(peer);
  if (!owner) return tl::unexpected(owner.error());
  auto keys = SignedKeys::parse(signedKeys, peer.account, *owner);
  if (!keys) return keys;
  const auto seen = sessions().keysCounter(peer);
  if (keys->keys().counter < seen) return fail(Errc::kStaleKeys, "the relay offers keys that were replaced");
  if (keys->keys().counter > seen) sessions().putKeysCounter(peer, keys->keys().counter);
  return keys;
}

SignalRef<session_pre_key_bundle> Ratchet::Impl::bundleOf(const ManifestDevice& owner, const PublishedKeys& keys,
                                                          const std::optional<OneTimeKey>& oneTime) {
  const auto identityKey = toSignal(owner.identityKey);
  const auto signedKey = toSignal(keys.signedPreKey);
  const auto oneTimeKey = oneTime ? toSignal(oneTime->key) : SignalRef<ec_public_key>();
  SignalRef<session_pre_key_bundle> bundle;
  requireSignal(session_pre_key_bundle_create(bundle.out(), owner.registrationId, owner.id.value(),
                                              oneTime ? oneTime->id : 0, oneTimeKey.get(), keys.signedPreKeyId,
                                              signedKey.get(), keys.signedPreKeySignature.bytes.data(),
                                              keys.signedPreKeySignature.bytes.size(), identityKey.get()));
  return bundle;
}

Result<void> Ratchet::Impl::establish(const DeviceAddress& peer, const PreKeyBundle& offered) {
  if (offered.device != peer.device) return fail(Errc::kMalformed, "a bundle of another device");
  disclosure_.begin();
  const auto keys = acceptKeys(peer, offered.signedKeys);
  if (!keys) return tl::unexpected(keys.error());
  if (const auto& oneTime = offered.oneTimeKey) {
    if (oneTime->id == 0 || oneTime->id > limits::kPreKeyIdMax) return fail(Errc::kMalformed, "a one-time key's id");
    if (!checkCurveKey(oneTime->key.view())) return fail(Errc::kBadKey, "a one-time key that no honest device makes");
  }
  const auto owner = manifests_.vouched(peer);
  const auto bundle = bundleOf(*owner, keys->keys(), offered.oneTimeKey);
  const PeerName name(peer);
  Builder builder;
  requireSignal(session_builder_create(builder.out(), store_.context(), &name.address, signal_.get()));
  const int result = session_builder_process_pre_key_bundle(builder.get(), bundle.get());
  store_.rethrow();
  if (result < 0) return tl::unexpected(libraryError(result));
  rememberBirth(peer);
  disclosure_.opened(peer, keys->keys().signedPreKeyId, offered.oneTimeKey);
  return {};
}

// Notes when the current state came to be and forgets the births of states that are gone.
void Ratchet::Impl::rememberBirth(const DeviceAddress& peer) {
  const auto record = store_.load(peer);
  trim(peer, record.get());
  sessions().addBirth(peer, fromSignal(session_state_get_alice_base_key(session_record_get_state(record.get()))),
                      clock_.now());
  auto gone = sessions().births(peer);
  forEachState(record.get(), [&](session_state* state) {
    if (const auto* baseKey = session_state_get_alice_base_key(state)) std::erase(gone, fromSignal(baseKey));
  });
  for (const auto& baseKey : gone) sessions().removeBirth(baseKey);
}

Result<Ratchet::Encrypted> Ratchet::Impl::encrypt(Transaction& transaction, const DeviceAddress& peer,
                                                  ByteView content) {
  const auto record = store_.load(peer);
  const auto state = vouchedState(record, peer);
  if (!state) return tl::unexpected(state.error());
  const bool initial = session_state_has_unacknowledged_pre_key_message(*state) == 1;
  const std::uint32_t chainIndex = senderChainIndex(*state) + 1;
  const bool withoutOneTime = initial && session_state_unacknowledged_pre_key_message_has_pre_key_id(*state) != 1;

  disclosure_.begin();
  const auto padded = padContent(content, disclosure_.random());
  const PeerName name(peer);
  Cipher cipher;
  requireSignal(session_cipher_create(cipher.out(), store_.context(), &name.address, signal_.get()));
  SignalRef<ciphertext_message> message;
  const int result = session_cipher_encrypt(cipher.get(), padded.view().data(), padded.size(), message.out());
  store_.rethrow();
  if (result < 0) return tl::unexpected(libraryError(result));

  noteAgeing(peer, chainIndex);
  const auto kind =
      ciphertext_message_get_type(message.get()) == CIPHERTEXT_PREKEY_TYPE ? CipherKind::kPreKey : CipherKind::kMessage;
  const auto ciphertext = view(ciphertext_message_get_serialized(message.get()));
  disclosure_.sent(peer, kind, content, ciphertext);
  return Encrypted{kind, toBytes(ciphertext), anchors_.renew(transaction), withoutOneTime};
}

// Everything that can be known before the library computes with a stranger's keys; what costs nothing first.
Result<std::uint64_t> Ratchet::Impl::checkBefore(const DeviceAddress& from, const ManifestDevice& entry,
                                                 const Received& received, Effort effort) {
  const auto record = store_.load(from);
  if (record || received.initial) {
    if (auto cost = checkCost(record.get(), received, effort); !cost) return tl::unexpected(cost.error());
  }
  if (auto keys = checkKeys(record.get(), entry, received); !keys) {
    workInVain_ += limits::kTurnWork;
    return tl::unexpected(keys.error());
  }
  if (received.initial && received.identityKey() != entry.identityKey) {
    return fail(Errc::kUntrustedIdentity, "the manifest does not vouch for that identity key");
  }
  if (!record && !received.initial) return noSession();
  if (received.initial) {
    if (auto initial = checkInitial(record.get(), received); !initial) return tl::unexpected(initial.error());
  }
  return workOf(record.get(), received);
}

Result<void> Ratchet::Impl::checkCost(session_record* record, const Received& received, Effort effort) {
  if (record != nullptr && knowsChain(record, received.ratchetKey())) return {};
  if (received.counter() > limits::kUnknownChainCounter) {
    return fail(Errc::kCounterTooFar, "a new chain does not begin that far along");
  }
  const bool little = received.counter() <= limits::kUnknownChainCounterAtOnce;
  if (effort == Effort::kFull || (effort == Effort::kLittle && little)) return {};
  if (little) return fail(Errc::kOverBudget, "too much was spent on what was not authentic");
  return fail(Errc::kCostly, "to find out whether it is authentic takes much work");
}

// A known initial message is a replay unless its session is still there: every message of a session that was not
// answered yet begins with the same keys (hardening H4).
Result<void> Ratchet::Impl::checkInitial(session_record* record, const Received& received) {
  if (!sessions().knowsInitial(received.initialHash())) return {};
  if (hasState(record, received)) return {};
  return fail(Errc::kInitialReplay, "an initial message that was accepted before");
}

Result<SecretBytes> Ratchet::Impl::callLibrary(const DeviceAddress& from, const Received& received) {
  const PeerName name(from);
  Cipher cipher;
  requireSignal(session_cipher_create(cipher.out(), store_.context(), &name.address, signal_.get()));
  SignalBuffer padded;
  const int result =
      received.initial
          ? session_cipher_decrypt_pre_key_signal_message(cipher.get(), received.initial.get(), nullptr, padded.out())
          : session_cipher_decrypt_signal_message(cipher.get(), received.plain.get(), nullptr, padded.out());
  store_.rethrow();
  if (result == SG_ERR_DUPLICATE_MESSAGE) {
    if (sessions().wasDecrypted(received.trace())) return fail(Errc::kDuplicate, "this message was read before");
    return fail(Errc::kKeyReuse, "its message key was used before, by another message");
  }
  if (result < 0) return tl::unexpected(libraryError(result));
  return unpadContent(view(padded));
}

// The library looked at the outer identity key alone (hardening H11).
Result<void> Ratchet::Impl::checkAfter(const DeviceAddress& from, const ManifestDevice& entry) {
  const auto record = store_.load(from);
  const auto* state = record ? session_record_get_state(record.get()) : nullptr;
  if (state == nullptr || !isWith(state, entry.identityKey)) {
    return fail(Errc::kUntrustedIdentity, "the session is not with the identity key that the manifest vouches for");
  }
  trim(from, record.get());
  noteAgeing(from, 0);
  return {};
}

void Ratchet::Impl::trim(const DeviceAddress& peer, session_record* record) {
  bool changed = dropEmptyStates(record);
  while (archivedCount(record) > limits::kArchivedStates) changed = dropOldestState(record);
  while (archivedCount(record) > 0 && view(serialized(record)).size() > limits::kSessionRecordBytes) {
    changed = dropOldestState(record);
  }
  if (changed) store_.put(peer, view(serialized(record)));
}

Result<SecretBytes> Ratchet::Impl::open(const DeviceAddress& from, const ManifestDevice& entry,
                                        const Received& received) {
  auto content = callLibrary(from, received);
  if (!content) return content;
  if (auto checked = checkAfter(from, entry); !checked) return tl::unexpected(checked.error());
  return content;
}

Result<SecretBytes> Ratchet::Impl::decrypt(const DeviceAddress& from, CipherKind kind, ByteView ciphertext,
                                           Effort effort) {
  const auto entry = manifests_.listed(from);
  if (!entry) return tl::unexpected(entry.error());
  const auto received = parse(kind, ciphertext, signal_.get());
  if (!received) return tl::unexpected(received.error());
  disclosure_.begin();
  const auto work = checkBefore(from, *entry, *received, effort);
  if (!work) return tl::unexpected(work.error());
  auto content = open(from, *entry, *received);
  if (!content) {
    const bool repeated = content.error().code == Errc::kDuplicate || content.error().code == Errc::kKeyReuse;
    if (!repeated) workInVain_ += *work;
    return content;
  }
  if (received->initial) sessions().addInitial(received->initialHash(), received->signedPreKeyId());
  sessions().addDecrypted(received->trace(), clock_.now());
  disclosure_.received(from, kind, content->view(), ciphertext);
  return content;
}

void Ratchet::Impl::wipe(const DeviceAddress& peer) {
  store_.remove(peer);
  disclosure_.wiped(peer);
  for (const auto& baseKey : sessions().births(peer)) sessions().removeBirth(baseKey);
}

void Ratchet::Impl::spendAll() {
  for (const auto& row : sessions().generations()) {
    forEachState(store_.load(row.address).get(), [&](session_state* state) {
      if (session_state_has_sender_chain(state) == 1) sessions().addSpent(senderRatchetKey(state));
    });
  }
}

Ratchet::Ratchet(Database& db, const OwnDevice& self, ManifestBook& manifests, PreKeys& preKeys, Anchors& anchors,
                 const Clock& clock, Random& random)
    : impl_(std::make_unique<Impl>(db, self, manifests, preKeys, anchors, clock, random)) {}

Ratchet::~Ratchet() = default;

Ratchet::Readiness Ratchet::readiness(const DeviceAddress& peer) { return impl_->readiness(peer); }

namespace {

// Keeps what `work` wrote if it succeeded, and nothing of it otherwise.
template <typename Work>
auto inSavepoint(Transaction& transaction, Work work) {
  Savepoint savepoint(transaction);
  auto result = work();
  if (result) savepoint.release();
  return result;
}

}  // namespace

Result<SignedKeys> Ratchet::acceptKeys(Transaction& transaction, const DeviceAddress& peer, ByteView signedKeys) {
  return inSavepoint(transaction, [&] { return impl_->acceptKeys(peer, signedKeys); });
}

Result<void> Ratchet::establish(Transaction& transaction, const DeviceAddress& peer, const PreKeyBundle& bundle) {
  return inSavepoint(transaction, [&] { return impl_->establish(peer, bundle); });
}

Result<Ratchet::Encrypted> Ratchet::encrypt(Transaction& transaction, const DeviceAddress& peer, ByteView content) {
  return inSavepoint(transaction, [&] { return impl_->encrypt(transaction, peer, content); });
}

Result<SecretBytes> Ratchet::decrypt(Transaction& transaction, const DeviceAddress& from, CipherKind kind,
                                     ByteView ciphertext, Effort effort) {
  return inSavepoint(transaction, [&] { return impl_->decrypt(from, kind, ciphertext, effort); });
}

std::uint64_t Ratchet::workInVain() const { return impl_->workInVain(); }
std::uint64_t Ratchet::hmacs() const { return impl_->hmacs(); }

std::map<DeviceAddress, Ratchet::Ageing> Ratchet::takeAgeing() { return impl_->takeAgeing(); }

void Ratchet::wipe(Transaction&, const DeviceAddress& peer) { impl_->wipe(peer); }

void Ratchet::spendAll(Transaction&) { impl_->spendAll(); }

Result<void> Ratchet::checkGenerations() {
  if (impl_->generationsHold()) return {};
  return fail(Errc::kDamaged,
              "the database holds sessions from different times: restore a whole backup or link this device again");
}

}  // namespace waxwing
