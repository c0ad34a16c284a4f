#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "store/relay/mailbox_store.h"

namespace waxwing::testing {

// What a relay has said `accepted` to, and must therefore still hold after any crash or power loss unless its mailbox
// acknowledged it: a state Sent is as true as this.
class AcceptedBook {
 public:
  // After `commit` returned, before anybody is answered.
  void noteCommit(std::span<const relay::Operation> operations, std::span<const relay::Outcome> outcomes);
  // Which numbers the relay has given out, as it reads them.
  void noteRead(const DeviceAddress& mailbox, std::span<const relay::QueueItem> items);
  // The relay lies to that mailbox about numbers: what an acknowledgement takes away, it did not mean.
  void noteMisnumbered(const DeviceAddress& mailbox) { mailboxes_[mailbox].isMisnumbered = true; }
  // One line for each envelope that `store`, opened anew, has lost.
  std::vector<std::string> lostBy(relay::MailboxStore& store);
  // An old copy of the store was put back: it owes nothing of what came after. What was acknowledged stays so: a sender
  // that did not hear the answer submits again, and the copy may know the envelope as one of the past.
  void forget();

 private:
  struct Mailbox {
    std::set<EnvelopeId> accepted;
    std::set<EnvelopeId> acknowledged;
    std::map<EnvelopeId, std::uint64_t> numbers;
    std::map<EnvelopeId, std::uint64_t> numbersBefore;  // until it is seen which of them an old copy had acknowledged
    bool isMisnumbered = false;
  };

  void noteSubmit(const relay::Submit& submit, const relay::SubmitOutcome& outcome);
  void noteAcknowledge(const relay::Acknowledge& acknowledge);

  std::map<DeviceAddress, Mailbox> mailboxes_;
};

}  // namespace waxwing::testing
