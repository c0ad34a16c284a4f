#pragma once

#include <optional>

#include "session/anchors.h"
#include "session/manifest_book.h"
#include "session/pre_keys.h"
#include "session/ratchet.h"
#include "store/client/identity_table.h"
#include "tools/vectors/case.h"
#include "tools/vectors/scratch.h"
#include "tools/vectors/scripted_random.h"
#include "tools/vectors/session_values.h"

namespace waxwing::vectors {

// One device of a case that goes through session/ratchet.h with all its guards: real tables in a scratch database that
// forgets all when the check ends, and no other randomness than the case gives.
class Party {
 public:
  struct Sent {
    CipherKind kind = CipherKind::kMessage;
    Bytes message;
    Bytes content;
  };
  struct Secrets {
    SecretArray<32> accountSeed;
    DeviceId device;
    SecretArray<32> identitySecret;
    std::uint32_t registrationId = 0;
  };
  Party(const Secrets& secrets, Whose whose);

  // A Curve25519 secret of the case that becomes a key of this device under the case's number. Refused unless it is
  // clamped and the number fits.
  void addSignedPreKey(Case& c, const char* id, const char* secret);
  void addOneTimeKey(Case& c, const char* id, const char* secret);
  void addSealKey(Case& c, const char* id, const char* secret);

  DeviceAddress address() const { return self_.address(); }
  // A list of this device alone, made up: no byte of a session depends on it.
  SignedManifest manifest();
  void adopt(const SignedManifest& theirs) { manifests_.adopt(transaction_, theirs); }

  // What a relay would hand out. `signedId` 0: the only signed pre-key; `oneTimeId` 0: no one-time key. Refused as
  // unknownPreKey where the case names one that this device has not.
  PreKeyBundle bundle(Case& event, std::uint32_t signedId, std::uint32_t oneTimeId);
  std::optional<CurveKeyPair> findSealKey(std::uint32_t id) { return preKeys_.findSealKey(id); }

  // Events of a case, with what the case says is drawn for them, and no more.
  void open(Case& event, const Party& peer, const PreKeyBundle& bundle);
  Sent send(Case& event, const Party& peer);
  // What comes out; the caller knows what should.
  SecretBytes receive(Case& event, const Party& peer, const Sent& message);

  Ratchet& ratchet() { return ratchet_; }
  Transaction& transaction() { return transaction_; }
  // Where the session with `peer` stands, if there is one.
  std::optional<SessionValues> session(const DeviceAddress& peer);

 private:
  Database& db() { return transaction_.database(); }
  OwnDevice keep(const Secrets& secrets);

  ManualClock clock_;
  SeededRandom unbound_;  // for what no byte of a message depends on
  ScriptedRandom random_;
  std::uint64_t publications_ = 0;
  IdentityTable::Row identity_;
  Transaction transaction_;
  OwnDevice self_;
  ManifestBook manifests_;
  PreKeys preKeys_;
  Anchors anchors_;
  Ratchet ratchet_;
};

}  // namespace waxwing::vectors
