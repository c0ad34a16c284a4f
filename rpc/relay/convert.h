#pragma once

#include <capnp/common.h>

#include <vector>

#include "rpc/wire/relay.capnp.h"
#include "session/manifest.h"
#include "store/relay/mailbox_store.h"

// The border between what came over the wire and what the store takes. Whatever is read here is checked for length,
// range and number first; what does not fit throws a kj::Exception of type FAILED whose text names the limit, and the
// connection lives on.
namespace waxwing::relay {

[[noreturn]] void refuse(kj::StringPtr why);

inline ByteView view(capnp::Data::Reader data) { return {data.begin(), data.size()}; }
inline capnp::Data::Reader toData(ByteView bytes) { return kj::arrayPtr(bytes.data(), bytes.size()); }

template <typename Fixed>
Fixed readFixed(capnp::Data::Reader from, kj::StringPtr what) {
  const auto value = Fixed::from(view(from));
  if (!value) refuse(kj::str(what, " must have ", Fixed::kSize, " bytes"));
  return *value;
}

// An account that is looked up and nothing else: who is registered has passed the point check with his manifest, and
// anything else is not found. The check is a multiplication, dearer than all the rest of a call.
AccountId readAccountSought(capnp::Data::Reader from);
DeviceId readDevice(std::uint8_t from);
AccessKeyHash hashAccessKey(capnp::Data::Reader key);
Bytes readBytes(capnp::Data::Reader from, std::size_t most, kj::StringPtr what);
std::vector<DeviceId> readDevices(capnp::List<std::uint8_t>::Reader from);
std::vector<Envelope> readEnvelopes(capnp::List<wire::Envelope>::Reader from);
std::vector<OneTimeKey> readOneTimeKeys(capnp::List<wire::OneTimeKey>::Reader from);
std::vector<AccessKeyHash> readHashes(capnp::List<capnp::Data>::Reader from, std::size_t most, kj::StringPtr what);

ManifestFacts factsOf(const SignedManifest& manifest);

// `retryAfterMs` is for what may be tried again.
void writeSubmitted(const SubmitOutcome& outcome, std::uint32_t retryAfterMs, wire::SubmitResult::Builder to);
void writeBundles(const std::vector<Bundle>& bundles, capnp::List<wire::Bundle>::Builder to);
capnp::MessageSize pageSize(const std::vector<QueueItem>& items);
void writeItems(const std::vector<QueueItem>& items, capnp::List<wire::Item>::Builder to);

}  // namespace waxwing::relay
