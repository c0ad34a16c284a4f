#pragma once

#include <map>
#include <memory>
#include <optional>

#include "store/relay/mailbox_store.h"
#include "tests/support/wire_tap.h"

namespace waxwing::testing {

class Forge;

// Makes envelopes as anybody can who knows an access key and the recipient's published keys, and guesses who writes to
// him: the seal is right, what it covers is not. He may have an account of his own, too.
class Forger {
 public:
  Forger(WireTap& tap, Random& random);
  ~Forger();

  // Accounts whose device lists a forger has seen, verbatim.
  void learnManifest(const AccountId& account, Bytes manifest) { manifests_[account] = std::move(manifest); }
  // A forgery made from an envelope of that mailbox, half of the time under the same id. nullopt: the tap does not know
  // the recipient's seal key.
  std::optional<relay::QueuedEnvelope> forge(const DeviceAddress& mailbox, const relay::QueuedEnvelope& genuine);

 private:
  void spoil(Envelope& envelope);
  void flipBit(Bytes& bytes);
  void claimOther(Envelope& envelope);
  void claimStranger(Envelope& envelope);

  WireTap& tap_;
  Random& random_;
  std::unique_ptr<Forge> parts_;
  std::map<AccountId, Bytes> manifests_;
};

}  // namespace waxwing::testing
