#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "session/anchors.h"
#include "session/envelope.h"
#include "session/manifest_book.h"
#include "session/own_device.h"
#include "session/pre_keys.h"
#include "session/published_keys.h"
#include "store/database.h"

namespace waxwing {

// Pairwise sessions with the devices that a manifest vouches for: libsignal-protocol-c's X3DH and Double Ratchet with
// our guards around every call (hardening H1, H2, H4, H5, H7, H8, H10–H12). Nothing is cached: a rolled-back
// transaction leaves no trace.
//
// Every member that takes a Transaction runs in a savepoint of its own, undone on any error.
class Ratchet {
 public:
  Ratchet(Database& db, const OwnDevice& self, ManifestBook& manifests, PreKeys& preKeys, Anchors& anchors,
          const Clock& clock, Random& random);
  ~Ratchet();

  enum class Readiness {
    kReady,
    kNone,        // no session, or its sender ratchet key is spent: needs a bundle
    kWantsFresh,  // usable, but a fresh bundle should be had where one can be (chain index, size of the record,
                  // unacknowledged for 30 days)
    kNotVouched,  // the manifest does not list the device, or the account equivocates
  };
  Readiness readiness(const DeviceAddress& peer);

  // Why a session wants a fresh bundle. A large record holds so many keys of messages that never came that it is over
  // its bound: what a fresh session pushes out of it can no longer be read. Whoever is unheard, though asked again and
  // again, may hold nothing of a session any more; that only its user sees.
  enum class Ageing { kLongChain, kLargeRecord, kUnheard };
  // The sessions in which encrypt or decrypt saw that since this was asked last. Memory only: `readiness` knows it too.
  std::map<DeviceAddress, Ageing> takeAgeing();

  // Verifies published keys that a relay handed out against the manifest, and remembers their counter.
  // kUnlistedDevice, kRetiredDevice, kEquivocation, kBadKey, kBadSignature, kStaleKeys (a lower counter than seen),
  // kMalformed.
  Result<SignedKeys> acceptKeys(Transaction& transaction, const DeviceAddress& peer, ByteView signedKeys);

  // Opens a session from a bundle that a relay handed out: verifies it against the manifest, runs the key gate, X3DH.
  // Archives what was there. kUnlistedDevice, kRetiredDevice, kEquivocation, kBadKey, kBadSignature, kStaleKeys (a
  // lower counter than seen), kMalformed.
  Result<void> establish(Transaction& transaction, const DeviceAddress& peer, const PreKeyBundle& bundle);

  struct Encrypted {
    CipherKind kind = CipherKind::kMessage;
    Bytes ciphertext;
    std::int64_t anchor = 0;             // leaves only when Anchors::confirmed() has reached it
    bool reducedForwardSecrecy = false;  // a pre-key message without a one-time key
  };
  // Pads (padContent) and encrypts `content` (unpadded bytes), advances the session, renews the anchor.
  // kNoSession, kSpentKey, kUnlistedDevice, kRetiredDevice, kEquivocation.
  Result<Encrypted> encrypt(Transaction& transaction, const DeviceAddress& peer, ByteView content);

  // How much work a message may cost before it has shown that it is authentic (hardening H3). A forged one, in whatever
  // name, makes the library try a new chain in every state that the session has.
  enum class Effort {
    kKnownChains,  // a chain that a state knows already: who names one knows a key that only its sender was told
    kLittle,       // also a new chain, up to its message number limits::kUnknownChainCounterAtOnce
    kFull,         // up to limits::kUnknownChainCounter
  };
  // The unpadded content bytes, secret. The newest held manifest must list `from`: kUnlistedDevice, kRetiredDevice.
  // kDuplicate (this very ciphertext was decrypted before), kKeyReuse (its message key was used, by another
  // ciphertext), kInitialReplay, kUndecryptable, kCounterTooFar, kUntrustedIdentity, kBadKey, kUnknownPreKey,
  // kNoSession, kMalformed; what would take a greater effort: kCostly (far along a new chain), kOverBudget (a new
  // chain).
  Result<SecretBytes> decrypt(Transaction& transaction, const DeviceAddress& from, CipherKind kind, ByteView ciphertext,
                              Effort effort = Effort::kFull);
  // What messages that did not open have cost since construction, in steps of a chain.
  std::uint64_t workInVain() const;
  // The HMACs that the library has asked for since construction.
  std::uint64_t hmacs() const;

  // Removes every session with a device (retired, or the account blocked).
  void wipe(Transaction& transaction, const DeviceAddress& peer);

  // After a restore: records the sender ratchet key of every state of every session as spent. Such a state may decrypt
  // and never encrypts.
  void spendAll(Transaction& transaction);

  // Checks the keyed digest over all (address, generation) pairs: kDamaged if a page was spliced in from an older copy.
  Result<void> checkGenerations();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waxwing
