#pragma once

#include "rpc/relay/peer.h"
#include "rpc/wire/relay.capnp.h"

// What a recipient's and a device's own submissions and bundles have in common.
namespace waxwing::relay {

// Commits the batch and wakes the mailboxes that it reached. Throws like convert.h.
kj::Promise<Result<SubmitOutcome>> submitBatch(Peer& peer, const AccountId& account, Access access,
                                               std::uint64_t manifestVersion,
                                               capnp::List<wire::Envelope>::Reader envelopes);

// A failed store becomes `busy`.
void answerSubmission(Peer& peer, const Result<SubmitOutcome>& outcome, wire::SubmitResult::Builder to);

}  // namespace waxwing::relay
