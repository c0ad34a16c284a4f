#include "rpc/relay/convert.h"

#include <kj/debug.h>

#include "crypto/hash.h"
#include "crypto/limits.h"

namespace waxwing::relay {
namespace {

// The enums of wire and store are the same numbers.
static_assert(static_cast<int>(wire::Item::KeyClass::OWN) == static_cast<int>(KeyClass::kOwn));
static_assert(static_cast<int>(wire::Item::GapReason::OPERATOR) == static_cast<int>(Gap::Reason::kOperator));

void requireAtMost(std::size_t count, std::size_t most, kj::StringPtr what) {
  if (count > most) refuse(kj::str("at most ", most, " ", what));
}

void writeItem(const QueueItem& item, wire::Item::Builder to) {
  to.setNumber(item.number);
  if (const auto* envelope = std::get_if<QueuedEnvelope>(&item.content)) {
    auto out = to.initEnvelope();
    out.setId(toData(envelope->id.view()));
    out.setKeyClass(static_cast<wire::Item::KeyClass>(envelope->keyClass));
    out.setPayload(toData(envelope->payload));
    return;
  }
  const auto& gap = std::get<Gap>(item.content);
  auto out = to.initGap();
  out.setLast(gap.last);
  out.setCount(gap.count);
  out.setReason(static_cast<wire::Item::GapReason>(gap.reason));
  out.setFirstAt(gap.firstAt.ms);
  out.setLastAt(gap.lastAt.ms);
}

void writeItemOutcome(SubmitOutcome::Item item, std::uint32_t retryAfterMs, wire::ItemOutcome::Builder to) {
  switch (item) {
    case SubmitOutcome::Item::kAccepted:
      return to.setAccepted();
    case SubmitOutcome::Item::kMailboxFull:
      return to.setMailboxFull(retryAfterMs);
    case SubmitOutcome::Item::kNoSuchDevice:
      return to.setNoSuchDevice();
  }
}

}  // namespace

void refuse(kj::StringPtr why) {
  kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::heapString(why)));
}

AccountId readAccountSought(capnp::Data::Reader from) {
  return AccountId::fromTrusted(readFixed<SigningKey>(from, "account").view());
}

DeviceId readDevice(std::uint8_t from) {
  const auto device = DeviceId::parse(from);
  if (!device) refuse("device must be 1 to 127");
  return *device;
}

AccessKeyHash hashAccessKey(capnp::Data::Reader key) {
  if (key.size() != 32) refuse("access key must have 32 bytes");
  return AccessKeyHash{labelledHash("access-key", view(key)).bytes};
}

Bytes readBytes(capnp::Data::Reader from, std::size_t most, kj::StringPtr what) {
  requireAtMost(from.size(), most, kj::str("bytes of ", what));
  return toBytes(view(from));
}

std::vector<DeviceId> readDevices(capnp::List<std::uint8_t>::Reader from) {
  requireAtMost(from.size(), limits::kDevicesPerManifest, "devices");
  std::vector<DeviceId> devices;
  for (const auto device : from) devices.push_back(readDevice(device));
  return devices;
}

std::vector<Envelope> readEnvelopes(capnp::List<wire::Envelope>::Reader from) {
  requireAtMost(from.size(), limits::kBatchEnvelopes, "envelopes in a batch");
  std::vector<Envelope> envelopes;
  envelopes.reserve(from.size());
  std::size_t total = 0;
  for (const auto envelope : from) {
    total += envelope.getPayload().size();
    requireAtMost(total, limits::kBatchBytes, "bytes in a batch");
    envelopes.push_back({readFixed<EnvelopeId>(envelope.getId(), "envelope id"), readDevice(envelope.getDevice()),
                         readBytes(envelope.getPayload(), limits::kEnvelopeBytes, "an envelope")});
  }
  return envelopes;
}

std::vector<OneTimeKey> readOneTimeKeys(capnp::List<wire::OneTimeKey>::Reader from) {
  requireAtMost(from.size(), limits::kOneTimeKeysPublished, "one-time keys a call");
  std::vector<OneTimeKey> keys;
  keys.reserve(from.size());
  for (const auto key : from) {
    if (key.getId() == 0 || key.getId() > limits::kPreKeyIdMax) refuse("one-time key id is out of range");
    keys.push_back({key.getId(), readFixed<CurveKey>(key.getKey(), "one-time key")});
  }
  return keys;
}

std::vector<AccessKeyHash> readHashes(capnp::List<capnp::Data>::Reader from, std::size_t most, kj::StringPtr what) {
  requireAtMost(from.size(), most, what);
  std::vector<AccessKeyHash> hashes;
  for (const auto hash : from) hashes.push_back(readFixed<AccessKeyHash>(hash, "access key hash"));
  return hashes;
}

ManifestFacts factsOf(const SignedManifest& manifest) {
  ManifestFacts facts;
  facts.account = manifest->account;
  facts.version = manifest->version;
  facts.hash = manifest.hash();
  facts.bytes = toBytes(manifest.bytes());
  for (const auto& device : manifest->devices) facts.devices.push_back({device.id, device.signingKey});
  for (int id = 1; id <= DeviceId::kMax; ++id) {
    const auto device = DeviceId::fromTrusted(id);
    if (manifest->isRetired(device)) facts.retired.push_back(device);
  }
  return facts;
}

void writeSubmitted(const SubmitOutcome& outcome, std::uint32_t retryAfterMs, wire::SubmitResult::Builder to) {
  switch (outcome.verdict) {
    case SubmitOutcome::Verdict::kDenied:
      return to.setDenied();
    case SubmitOutcome::Verdict::kStaleManifest:
      return to.setStaleManifest(toData(outcome.newerManifest));
    case SubmitOutcome::Verdict::kReplaced:
      refuse("this link was replaced");
    case SubmitOutcome::Verdict::kOverLimit:
      refuse("the batch is beyond the store's limit");
    case SubmitOutcome::Verdict::kItems:
      break;
  }
  auto items = to.initItems(static_cast<capnp::uint>(outcome.items.size()));
  capnp::uint at = 0;
  for (const auto item : outcome.items) writeItemOutcome(item, retryAfterMs, items[at++]);
}

void writeBundles(const std::vector<Bundle>& bundles, capnp::List<wire::Bundle>::Builder to) {
  capnp::uint at = 0;
  for (const auto& bundle : bundles) {
    auto out = to[at++];
    out.setDevice(bundle.device.value());
    out.setSignedKeys(toData(bundle.signedKeys));
    if (!bundle.oneTime) continue;
    out.setOneTimeKeyId(bundle.oneTime->id);
    out.setOneTimeKey(toData(bundle.oneTime->key.view()));
  }
}

capnp::MessageSize pageSize(const std::vector<QueueItem>& items) {
  std::uint64_t words = 16;
  for (const auto& item : items) {
    const auto* envelope = std::get_if<QueuedEnvelope>(&item.content);
    words += 16 + (envelope ? envelope->payload.size() / sizeof(capnp::word) : 0);
  }
  return {words, 0};
}

void writeItems(const std::vector<QueueItem>& items, capnp::List<wire::Item>::Builder to) {
  capnp::uint at = 0;
  for (const auto& item : items) writeItem(item, to[at++]);
}

}  // namespace waxwing::relay
