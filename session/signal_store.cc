#include "session/signal_store.h"

#include <signal/session_pre_key.h>
#include <signal/session_record.h>
#include <signal/session_state.h>

#include "crypto/hash.h"
#include "crypto/mutation.h"
#include "crypto/text.h"
#include "session/published_keys.h"

namespace waxwing {
namespace {

void add(Hash& digest, const Hash& share) {
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(digest.bytes[i] ^ share.bytes[i]);
  }
}

DeviceAddress addressOf(const signal_protocol_address* address) {
  const auto account = fromHex({address->name, address->name_len});
  if (!account) throw std::logic_error("libsignal-protocol-c asks for an address that is none of ours");
  return {AccountId::fromTrusted(*account), DeviceId::fromTrusted(address->device_id)};
}

// The library decodes a state of which parts are missing, and its ratchet does not look before it uses them. Without a
// sender chain it is no session, and the library lets it lie.
bool isWhole(const session_state* state) {
  return session_state_has_sender_chain(state) != 1 ||
         (session_state_get_sender_ratchet_key_pair(state) != nullptr &&
          session_state_get_sender_chain_key(state) != nullptr && session_state_get_root_key(state) != nullptr &&
          session_state_get_local_identity_key(state) != nullptr &&
          session_state_get_remote_identity_key(state) != nullptr &&
          session_state_get_alice_base_key(state) != nullptr);
}

SignalBuffer serialized(const PreKeyTable::Key& key) {
  SignalRef<session_pre_key> record;
  const auto pair = toSignalPair(key.publicKey, key.secret.view());
  requireSignal(session_pre_key_create(record.out(), key.id, pair.get()));
  SignalBuffer buffer;
  requireSignal(session_pre_key_serialize(buffer.out(), record.get()));
  return buffer;
}

SignalBuffer serialized(const PreKeyTable::SignedKey& key) {
  SignalRef<session_signed_pre_key> record;
  const auto pair = toSignalPair(key.key.publicKey, key.key.secret.view());
  requireSignal(session_signed_pre_key_create(record.out(), key.key.id, static_cast<std::uint64_t>(key.createdAt.ms),
                                              pair.get(), key.signature.bytes.data(), key.signature.bytes.size()));
  SignalBuffer buffer;
  requireSignal(session_signed_pre_key_serialize(buffer.out(), record.get()));
  return buffer;
}

}  // namespace

struct SignalStore::Callbacks {
  template <typename Work>
  static int guarded(void* user, Work work) noexcept {
    auto& store = *static_cast<SignalStore*>(user);
    try {
      return work(store);
    } catch (...) {
      store.thrown_ = std::current_exception();
      return SG_ERR_UNKNOWN;
    }
  }

  static int loadSession(signal_buffer** record, signal_buffer**, const signal_protocol_address* address, void* user) {
    return guarded(user, [&](SignalStore& store) {
      const auto found = store.sessions_.findRecord(addressOf(address));
      if (found) *record = newSignalBuffer(found->view());
      return found ? 1 : 0;
    });
  }
  static int storeSession(const signal_protocol_address* address, std::uint8_t* record, std::size_t size, std::uint8_t*,
                          std::size_t, void* user) {
    return guarded(user, [&](SignalStore& store) {
      const bool forgets = mutated(Mutation::kForgetRatchetStep) && blake2b({record, size}).bytes[0] % 16 == 0;
      if (forgets && store.sessions_.contains(addressOf(address))) return SG_SUCCESS;
      store.put(addressOf(address), {record, size});
      return SG_SUCCESS;
    });
  }
  static int containsSession(const signal_protocol_address* address, void* user) {
    return guarded(user, [&](SignalStore& store) { return store.sessions_.contains(addressOf(address)) ? 1 : 0; });
  }

  static int loadPreKey(signal_buffer** record, std::uint32_t id, void* user) {
    return guarded(user, [&](SignalStore& store) {
      const auto key = store.preKeys_.findOneTime(id);
      if (!key) return SG_ERR_INVALID_KEY_ID;
      *record = newSignalBuffer(view(serialized(*key)));
      return SG_SUCCESS;
    });
  }
  static int containsPreKey(std::uint32_t id, void* user) {
    return guarded(user, [&](SignalStore& store) { return store.preKeys_.findOneTime(id) ? 1 : 0; });
  }
  static int removePreKey(std::uint32_t id, void* user) {
    return guarded(user, [&](SignalStore& store) {
      store.preKeys_.removeOneTime(id);
      return SG_SUCCESS;
    });
  }
  static int loadSignedPreKey(signal_buffer** record, std::uint32_t id, void* user) {
    return guarded(user, [&](SignalStore& store) {
      const auto key = store.preKeys_.findSigned(id);
      if (!key) return SG_ERR_INVALID_KEY_ID;
      *record = newSignalBuffer(view(serialized(*key)));
      return SG_SUCCESS;
    });
  }
  static int containsSignedPreKey(std::uint32_t id, void* user) {
    return guarded(user, [&](SignalStore& store) { return store.preKeys_.findSigned(id) ? 1 : 0; });
  }

  static int identityKeyPair(signal_buffer** publicKey, signal_buffer** privateKey, void* user) {
    return guarded(user, [&](SignalStore& store) {
      *publicKey = newSignalBuffer(ByteWriter().u8(kCurveKeyType).raw(store.self_.identityKey().view()).take());
      *privateKey = newSignalBuffer(store.self_.identitySecret());
      return SG_SUCCESS;
    });
  }
  static int registrationId(void* user, std::uint32_t* id) {
    *id = static_cast<SignalStore*>(user)->self_.registrationId();
    return SG_SUCCESS;
  }
  // Nothing is remembered: the manifest is the store of identities.
  static int saveIdentity(const signal_protocol_address*, std::uint8_t*, std::size_t, void*) { return SG_SUCCESS; }
  static int isTrusted(const signal_protocol_address* address, std::uint8_t* key, std::size_t size, void* user) {
    return guarded(user, [&](SignalStore& store) {
      const auto entry = store.manifests_.listed(addressOf(address));
      const ByteView given(key, size);
      return entry && size == 1 + CurveKey::kSize && equal(given.subspan(1), entry->identityKey.view()) ? 1 : 0;
    });
  }

  // What the library offers and Waxwing never asks of it.
  static int refuseList(signal_int_list**, const char*, std::size_t, void*) { return SG_ERR_UNKNOWN; }
  static int refuseDelete(const signal_protocol_address*, void*) { return SG_ERR_UNKNOWN; }
  static int refuseDeleteAll(const char*, std::size_t, void*) { return SG_ERR_UNKNOWN; }
  static int refuseStore(std::uint32_t, std::uint8_t*, std::size_t, void*) { return SG_ERR_UNKNOWN; }
  static int refuseRemove(std::uint32_t, void*) { return SG_ERR_UNKNOWN; }
  static void nothingToDestroy(void*) {}

  static void install(SignalStore& store) {
    const signal_protocol_session_store sessions{loadSession,  refuseList,      storeSession,     containsSession,
                                                 refuseDelete, refuseDeleteAll, nothingToDestroy, &store};
    const signal_protocol_pre_key_store preKeys{loadPreKey,   refuseStore,      containsPreKey,
                                                removePreKey, nothingToDestroy, &store};
    const signal_protocol_signed_pre_key_store signedPreKeys{loadSignedPreKey, refuseStore,      containsSignedPreKey,
                                                             refuseRemove,     nothingToDestroy, &store};
    const signal_protocol_identity_key_store identities{identityKeyPair, registrationId,   saveIdentity,
                                                        isTrusted,       nothingToDestroy, &store};
    requireSignal(signal_protocol_store_context_set_session_store(store.context_, &sessions));
    requireSignal(signal_protocol_store_context_set_pre_key_store(store.context_, &preKeys));
    requireSignal(signal_protocol_store_context_set_signed_pre_key_store(store.context_, &signedPreKeys));
    requireSignal(signal_protocol_store_context_set_identity_key_store(store.context_, &identities));
  }
};

SignalStore::SignalStore(Database& db, const OwnDevice& self, ManifestBook& manifests, PreKeys& preKeys,
                         const SignalContext& signal)
    : self_(self),
      manifests_(manifests),
      signal_(signal),
      sessions_(db),
      preKeys_(preKeys.table()),
      anchors_(db),
      generationKey_(deriveKey(self.identitySecret(), "generations")) {
  requireSignal(signal_protocol_store_context_create(&context_, signal.get()));
  Callbacks::install(*this);
}

SignalStore::~SignalStore() { signal_protocol_store_context_destroy(context_); }

void SignalStore::rethrow() {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

SignalRef<session_record> SignalStore::load(const DeviceAddress& peer) {
  SignalRef<session_record> record;
  const auto bytes = sessions_.findRecord(peer);
  if (!bytes) return record;
  if (session_record_deserialize(record.out(), bytes->view().data(), bytes->size(), signal_.get()) < 0) {
    throw StoreFailure(Errc::kDamaged, "a stored session does not decode");
  }
  forEachState(record.get(), [](const session_state* state) {
    if (!isWhole(state)) throw StoreFailure(Errc::kDamaged, "a stored session lacks a part");
  });
  return record;
}

Hash SignalStore::share(const DeviceAddress& peer, std::int64_t generation) const {
  ByteWriter writer;
  writer.raw(peer.account.view()).u8(peer.device.value()).u64(static_cast<std::uint64_t>(generation));
  return keyedHash(generationKey_.view(), writer.view());
}

void SignalStore::put(const DeviceAddress& peer, ByteView record) {
  auto generations = anchors_.generations();
  if (const auto old = sessions_.findGeneration(peer)) add(generations.digest, share(peer, *old));
  ++generations.last;
  add(generations.digest, share(peer, generations.last));
  sessions_.put(peer, record, generations.last);
  recordBytes_ = record.size();
  anchors_.putGenerations(generations);
}

void SignalStore::remove(const DeviceAddress& peer) {
  const auto old = sessions_.findGeneration(peer);
  if (!old) return;
  auto generations = anchors_.generations();
  add(generations.digest, share(peer, *old));
  sessions_.remove(peer);
  anchors_.putGenerations(generations);
}

bool SignalStore::generationsHold() {
  Hash digest;
  for (const auto& row : sessions_.generations()) add(digest, share(row.address, row.generation));
  return digest == anchors_.generations().digest;
}

}  // namespace waxwing
