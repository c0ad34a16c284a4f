#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crypto/curve.h"
#include "crypto/ids.h"
#include "session/envelope.h"
#include "store/database.h"
#include "store/relay/mailbox_store.h"

namespace waxwing::testing {

// Listens at the relays, and – with the recipients' own seal keys – inside the seal. Holds against what it heard:
//  - two ciphertexts of one (ratchet key, counter) are byte-identical: no message key is used twice;
//  - an EnvelopeId names one inner ciphertext, whatever is resubmitted;
//  - no submitted byte shows a sender's account id or a plaintext that was told to the tap.
class WireTap {
 public:
  // Reads a device's seal keys from its database; to be called again before they can be lost.
  void learnKeys(const DeviceAddress& device, Database& db);
  // From now on what is sealed to this device may stay closed: one copy of its database made the key, and another one
  // of the same id.
  void noteCopied(const DeviceAddress& device) { copied_.insert(device); }
  void addSecret(std::string text) { secrets_.insert(std::move(text)); }
  void addAccount(const AccountId& account) { accounts_.insert(account); }

  // From now on a message key of this account may be used twice: its database and its relay went back to the same
  // moment, which nobody can tell.
  void excuseReuse(const AccountId& account) { reuseExcused_.insert(account); }

  void onSubmit(const relay::Submit& batch);
  // Opens what was heard while the recipient's keys were not known yet.
  void openWaiting();

  // What an envelope's seal covers, and the key that it was sealed to. nullopt: that key is not known, or the seal is
  // broken.
  struct Opened {
    Envelope envelope;
    std::uint32_t sealKeyId = 0;
    CurveKey sealKey;
  };
  std::optional<Opened> look(const DeviceAddress& to, ByteView payload) const;

  // One line per offence.
  const std::vector<std::string>& offences() const { return offences_; }
  std::size_t opened() const { return opened_; }
  std::size_t waiting() const { return waiting_.size(); }

  // Sees every envelope that could be opened.
  std::function<void(const Envelope&)> onOpened = [](const Envelope&) {};

 private:
  struct Heard {
    DeviceAddress to;
    EnvelopeId id;
    Bytes payload;
  };

  const std::vector<CurveKeyPair>* keysOf(const DeviceAddress& to, std::uint32_t id) const;
  bool open(const Heard& heard);
  void judge(const Envelope& envelope);

  // Two copies of one database may make different keys under one id.
  std::map<std::pair<DeviceAddress, std::uint32_t>, std::vector<CurveKeyPair>> keys_;
  std::set<DeviceAddress> copied_;
  std::vector<Heard> waiting_;
  std::set<std::string> secrets_;
  std::set<AccountId> accounts_;
  std::map<std::pair<Hash, std::uint64_t>, Hash> messageKeys_;  // (hash of the ratchet key, counter) → ciphertext
  std::map<EnvelopeId, Hash> envelopes_;
  std::set<AccountId> reuseExcused_;
  std::size_t opened_ = 0;
  std::vector<std::string> offences_;
};

}  // namespace waxwing::testing
