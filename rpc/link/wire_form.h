#pragma once

#include <capnp/common.h>

#include <vector>

#include "outbox/link.h"
#include "rpc/wire/relay.capnp.h"

// Between relay.capnp and the types of outbox/link.h. What a relay sends is checked for shape and size here
// (kMalformed); signatures are checked by session/.
namespace waxwing {

inline capnp::Data::Reader wireData(ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline ByteView byteView(capnp::Data::Reader data) { return {data.begin(), data.size()}; }

void write(const Submission& batch, capnp::List<wire::Envelope>::Builder out);
void write(const std::vector<DeviceId>& devices, capnp::List<std::uint8_t>::Builder out);
void write(const std::vector<OneTimeKey>& keys, capnp::List<wire::OneTimeKey>::Builder out);
void write(const std::vector<AccessKeyHash>& hashes, capnp::List<capnp::Data>::Builder out);

// An upper bound of the size that a call with this batch has on the wire.
std::size_t wireSize(const Submission& batch);

// `envelopes`: how many the batch had.
Result<Answer> readSubmit(wire::SubmitResult::Reader result, std::size_t envelopes);
Result<Answer> readBundles(wire::AccessOutcome outcome, capnp::List<wire::Bundle>::Reader bundles);
Result<Answer> readManifest(wire::AccessOutcome outcome, capnp::Data::Reader manifest);
Result<Answer> readOwnBundles(wire::MailboxOutcome outcome, capnp::List<wire::Bundle>::Reader bundles);
Result<Answer> readOwnManifest(wire::MailboxOutcome outcome, capnp::Data::Reader manifest);
Result<Answer> readMailbox(wire::MailboxOutcome outcome, std::uint64_t counter);
Result<Answer> readKeyStatus(wire::MailboxOutcome outcome, std::uint64_t counter, std::uint32_t oneTimeKeys);
Result<Answer> readAnchor(wire::MailboxOutcome outcome, capnp::Data::Reader current);

Result<Page> readPage(std::uint32_t attempts, capnp::List<wire::Item>::Reader items);

}  // namespace waxwing
