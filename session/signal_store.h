#pragma once

#include <signal/session_record.h>

#include <exception>

#include "session/manifest_book.h"
#include "session/own_device.h"
#include "session/pre_keys.h"
#include "session/signal_context.h"
#include "store/client/anchor_table.h"
#include "store/client/session_table.h"

namespace waxwing {

// Calls `visit` with the current state and every archived one.
template <typename Visit>
void forEachState(session_record* record, Visit visit) {
  if (auto* state = session_record_get_state(record)) visit(state);
  for (auto* node = session_record_get_previous_states_head(record); node != nullptr;
       node = session_record_get_previous_states_next(node)) {
    visit(session_record_get_previous_states_element(node));
  }
}

// What libsignal-protocol-c reads and writes, over our tables: sessions, own pre-keys, and the manifest as the only
// judge of identities (hardening H1). Internal to session/ratchet.cc.
//
// The library is C: a callback that fails keeps its exception, tells the library of an unknown error, and `rethrow`
// after the library's call throws it on.
class SignalStore {
 public:
  SignalStore(Database& db, const OwnDevice& self, ManifestBook& manifests, PreKeys& preKeys,
              const SignalContext& signal);
  ~SignalStore();
  SignalStore(const SignalStore&) = delete;
  SignalStore& operator=(const SignalStore&) = delete;

  signal_protocol_store_context* context() const { return context_; }
  void rethrow();

  // The peer's record, whole; an empty reference if there is none. Throws StoreFailure (kDamaged).
  SignalRef<session_record> load(const DeviceAddress& peer);
  // Every change of a session goes through these two: they keep the digest over all generations.
  void put(const DeviceAddress& peer, ByteView record);
  void remove(const DeviceAddress& peer);
  // Whether every session row is of the generation that the digest says.
  bool generationsHold();

  SessionTable& sessions() { return sessions_; }
  // Of the record that was written last.
  std::size_t recordBytes() const { return recordBytes_; }

 private:
  struct Callbacks;

  // A row's share of the digest: sums of these are what an older page would have to match without the key.
  Hash share(const DeviceAddress& peer, std::int64_t generation) const;

  const OwnDevice& self_;
  ManifestBook& manifests_;
  const SignalContext& signal_;
  SessionTable sessions_;
  PreKeyTable& preKeys_;
  AnchorTable anchors_;
  SecretArray<32> generationKey_;
  signal_protocol_store_context* context_ = nullptr;
  std::exception_ptr thrown_;
  std::size_t recordBytes_ = 0;
};

}  // namespace waxwing
