#include "tests/sim/accepted_book.h"

#include <algorithm>
#include <utility>

#include "crypto/text.h"

namespace waxwing::testing {
namespace {

struct Held {
  std::set<EnvelopeId> envelopes;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;  // first and last number
};

Held heldBy(relay::MailboxStore& store, const DeviceAddress& mailbox, std::uint64_t after) {
  Held held;
  for (;;) {
    const auto items = store.readPage(mailbox, after, {});
    if (items.empty()) return held;
    for (const relay::QueueItem& item : items) {
      after = item.number;
      if (const auto* envelope = std::get_if<relay::QueuedEnvelope>(&item.content)) {
        held.envelopes.insert(envelope->id);
      } else {
        after = std::get<relay::Gap>(item.content).last;
        held.gaps.emplace_back(item.number, after);
      }
    }
  }
}

}  // namespace

void AcceptedBook::noteCommit(std::span<const relay::Operation> operations, std::span<const relay::Outcome> outcomes) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (const auto* submit = std::get_if<relay::Submit>(&operations[i])) {
      noteSubmit(*submit, std::get<relay::SubmitOutcome>(outcomes[i]));
    } else if (const auto* acknowledge = std::get_if<relay::Acknowledge>(&operations[i])) {
      const auto& outcome = std::get<relay::AcknowledgeOutcome>(outcomes[i]);
      if (outcome.verdict == relay::AcknowledgeOutcome::Verdict::kOk) noteAcknowledge(*acknowledge);
    }
  }
}

void AcceptedBook::noteSubmit(const relay::Submit& submit, const relay::SubmitOutcome& outcome) {
  if (outcome.verdict != relay::SubmitOutcome::Verdict::kItems) return;
  for (std::size_t i = 0; i < outcome.items.size(); ++i) {
    if (outcome.items[i] != relay::SubmitOutcome::Item::kAccepted) continue;
    Mailbox& mailbox = mailboxes_[{submit.account, submit.envelopes[i].device}];
    const EnvelopeId& id = submit.envelopes[i].id;
    if (!mailbox.acknowledged.contains(id)) mailbox.accepted.insert(id);
  }
}

void AcceptedBook::noteAcknowledge(const relay::Acknowledge& acknowledge) {
  Mailbox& mailbox = mailboxes_[acknowledge.login.address];
  for (const auto& [id, number] : mailbox.numbers) {
    if (number > acknowledge.upTo) continue;
    mailbox.accepted.erase(id);
    mailbox.acknowledged.insert(id);
  }
}

void AcceptedBook::noteRead(const DeviceAddress& mailbox, std::span<const relay::QueueItem> items) {
  for (const relay::QueueItem& item : items) {
    if (const auto* envelope = std::get_if<relay::QueuedEnvelope>(&item.content)) {
      mailboxes_[mailbox].numbers[envelope->id] = item.number;
    }
  }
}

void AcceptedBook::forget() {
  for (auto& [address, mailbox] : mailboxes_) {
    mailbox.accepted.clear();
    mailbox.numbersBefore = std::exchange(mailbox.numbers, {});
  }
}

std::vector<std::string> AcceptedBook::lostBy(relay::MailboxStore& store) {
  std::vector<std::string> lost;
  for (auto& [address, mailbox] : mailboxes_) {
    if (mailbox.isMisnumbered) continue;
    const auto position = store.findPosition(address);
    if (!position) continue;  // its device was retired
    for (const auto& [id, number] : std::exchange(mailbox.numbersBefore, {})) {
      if (number <= position->acknowledged) mailbox.acknowledged.insert(id);
    }
    const Held held = heldBy(store, address, position->acknowledged);
    for (const EnvelopeId& id : mailbox.accepted) {
      if (held.envelopes.contains(id)) continue;
      const auto number = mailbox.numbers.find(id);
      const bool wasRead = number != mailbox.numbers.end();
      if (wasRead && number->second <= position->acknowledged) continue;
      const bool isGap = wasRead && std::ranges::any_of(held.gaps, [&](const auto& gap) {
                           return gap.first <= number->second && number->second <= gap.second;
                         });
      if (!isGap) lost.push_back("a relay said accepted and has lost envelope " + toHex(id.view()));
    }
  }
  return lost;
}

}  // namespace waxwing::testing
