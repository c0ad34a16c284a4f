#include "rpc/relay/submission.h"

#include <algorithm>

#include "rpc/relay/convert.h"

namespace waxwing::relay {
namespace {

using Event = RelayObserver::Event;

void observe(RelayObserver& observer, const SubmitOutcome& outcome) {
  if (outcome.verdict == SubmitOutcome::Verdict::kDenied) observer.count(Event::kBatchDenied, 1);
  if (outcome.verdict == SubmitOutcome::Verdict::kStaleManifest) observer.count(Event::kBatchStale, 1);
  const auto accepted = static_cast<std::uint64_t>(std::ranges::count(outcome.items, SubmitOutcome::Item::kAccepted));
  if (accepted > 0) observer.count(Event::kEnvelopeAccepted, accepted);
  if (accepted < outcome.items.size()) observer.count(Event::kEnvelopeRefused, outcome.items.size() - accepted);
}

}  // namespace

kj::Promise<Result<SubmitOutcome>> submitBatch(Peer& peer, const AccountId& account, Access access,
                                               std::uint64_t manifestVersion,
                                               capnp::List<wire::Envelope>::Reader envelopes) {
  Submit batch{account, access, manifestVersion, readEnvelopes(envelopes)};
  return peer.core()
      .queue()
      .commit(std::move(batch))
      .then([peer = kj::addRef(peer)](Result<SubmitOutcome> outcome) mutable {
        if (outcome) {
          observe(peer->core().observer(), *outcome);
          peer->core().wake(outcome->arrived);
        }
        return outcome;
      });
}

void answerSubmission(Peer& peer, const Result<SubmitOutcome>& outcome, wire::SubmitResult::Builder to) {
  if (outcome) return writeSubmitted(*outcome, peer.core().fullRetryMs(), to);
  peer.core().observer().count(Event::kBusy, 1);
  to.setBusy(peer.core().busyRetryMs());
}

}  // namespace waxwing::relay
