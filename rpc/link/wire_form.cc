#include "rpc/link/wire_form.h"

#include <algorithm>

#include "crypto/limits.h"

namespace waxwing {
namespace {

// A struct in a list, its pointers, and the headers of its blobs, rounded up.
constexpr std::size_t kEnvelopeOverhead = 80;
constexpr std::size_t kCallOverhead = 512;

tl::unexpected<Error> malformed() { return fail(Errc::kMalformed, "the relay's answer has not the stated form"); }

// Outcomes of a mailbox call that end it without an answer of its own.
tl::unexpected<Error> noAnswer(wire::MailboxOutcome outcome) {
  if (outcome == wire::MailboxOutcome::REPLACED) return fail(Errc::kReplaced, "another link of this device took over");
  if (outcome == wire::MailboxOutcome::BUSY) return fail(Errc::kBusy, "the relay is busy");
  return fail(Errc::kDenied, "the relay refused the call");
}

std::optional<PreKeyBundle> readBundle(wire::Bundle::Reader in) {
  const auto device = DeviceId::parse(in.getDevice());
  const ByteView signedKeys = byteView(in.getSignedKeys());
  if (!device || signedKeys.size() > limits::kPublishedKeysBytes) return std::nullopt;
  PreKeyBundle bundle{*device, toBytes(signedKeys), std::nullopt};
  if (in.getOneTimeKeyId() == 0) return bundle;
  const auto key = CurveKey::from(byteView(in.getOneTimeKey()));
  if (!key) return std::nullopt;
  bundle.oneTimeKey = OneTimeKey{in.getOneTimeKeyId(), *key};
  return bundle;
}

Result<std::vector<PreKeyBundle>> readBundleList(capnp::List<wire::Bundle>::Reader list) {
  if (list.size() > limits::kDevicesPerManifest) return malformed();
  std::vector<PreKeyBundle> bundles;
  bundles.reserve(list.size());
  for (const auto item : list) {
    auto bundle = readBundle(item);
    if (!bundle) return malformed();
    bundles.push_back(std::move(*bundle));
  }
  return bundles;
}

std::optional<ItemOutcome> readItem(wire::ItemOutcome::Reader in) {
  using Kind = ItemOutcome::Kind;
  switch (in.which()) {
    case wire::ItemOutcome::ACCEPTED:
      return ItemOutcome{Kind::kAccepted};
    case wire::ItemOutcome::MAILBOX_FULL:
      return ItemOutcome{Kind::kMailboxFull, std::chrono::milliseconds(in.getMailboxFull())};
    case wire::ItemOutcome::NO_SUCH_DEVICE:
      return ItemOutcome{Kind::kNoSuchDevice};
  }
  return std::nullopt;
}

Result<Answer> readItems(capnp::List<wire::ItemOutcome>::Reader list, std::size_t envelopes) {
  if (list.size() != envelopes) return malformed();
  std::vector<ItemOutcome> outcomes;
  outcomes.reserve(envelopes);
  for (const auto item : list) {
    const auto outcome = readItem(item);
    if (!outcome) return malformed();
    outcomes.push_back(*outcome);
  }
  return SubmitAnswer{std::move(outcomes)};
}

std::optional<IncomingItem> readEnvelope(std::uint64_t number, wire::Item::Envelope::Reader in) {
  const auto id = EnvelopeId::from(byteView(in.getId()));
  if (!id || in.getPayload().size() > limits::kEnvelopeBytes) return std::nullopt;
  const auto keyClass = static_cast<IncomingEnvelope::KeyClass>(in.getKeyClass());
  if (keyClass > IncomingEnvelope::KeyClass::kOwn) return std::nullopt;
  return IncomingEnvelope{number, *id, keyClass, toBytes(byteView(in.getPayload()))};
}

std::optional<IncomingItem> readGap(std::uint64_t number, wire::Item::Gap::Reader in) {
  const auto reason = static_cast<IncomingGap::Reason>(in.getReason());
  if (in.getLast() < number || reason > IncomingGap::Reason::kOperator) return std::nullopt;
  return IncomingGap{number, in.getLast(), in.getCount(), reason, {in.getFirstAt()}, {in.getLastAt()}};
}

std::optional<IncomingItem> readItem(wire::Item::Reader in) {
  if (in.getNumber() == 0) return std::nullopt;
  switch (in.which()) {
    case wire::Item::ENVELOPE:
      return readEnvelope(in.getNumber(), in.getEnvelope());
    case wire::Item::GAP:
      return readGap(in.getNumber(), in.getGap());
  }
  return std::nullopt;
}

// The enumerators are the same numbers on both sides of the casts above.
static_assert(static_cast<int>(wire::Item::KeyClass::OWN) == static_cast<int>(IncomingEnvelope::KeyClass::kOwn));
static_assert(static_cast<int>(wire::Item::GapReason::OPERATOR) == static_cast<int>(IncomingGap::Reason::kOperator));

}  // namespace

void write(const Submission& batch, capnp::List<wire::Envelope>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const OutgoingEnvelope& envelope = batch.envelopes[i];
    out[i].setId(wireData(envelope.id.view()));
    out[i].setDevice(envelope.device.value());
    out[i].setPayload(wireData(envelope.payload));
  }
}

void write(const std::vector<DeviceId>& devices, capnp::List<std::uint8_t>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, devices[i].value());
}

void write(const std::vector<OneTimeKey>& keys, capnp::List<wire::OneTimeKey>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setId(keys[i].id);
    out[i].setKey(wireData(keys[i].key.view()));
  }
}

void write(const std::vector<AccessKeyHash>& hashes, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, wireData(hashes[i].view()));
}

std::size_t wireSize(const Submission& batch) {
  std::size_t size = kCallOverhead;
  for (const OutgoingEnvelope& envelope : batch.envelopes) size += kEnvelopeOverhead + envelope.payload.size();
  return size;
}

Result<Answer> readSubmit(wire::SubmitResult::Reader result, std::size_t envelopes) {
  switch (result.which()) {
    case wire::SubmitResult::ITEMS:
      return readItems(result.getItems(), envelopes);
    case wire::SubmitResult::DENIED:
      return SubmitAnswer{SubmitAnswer::Denied{}};
    case wire::SubmitResult::BUSY:
      return SubmitAnswer{SubmitAnswer::Busy{std::chrono::milliseconds(result.getBusy())}};
    case wire::SubmitResult::STALE_MANIFEST: {
      const ByteView newer = byteView(result.getStaleManifest());
      if (newer.size() > limits::kManifestBytes) return malformed();
      return SubmitAnswer{SubmitAnswer::StaleManifest{toBytes(newer)}};
    }
  }
  return malformed();
}

Result<Answer> readBundles(wire::AccessOutcome outcome, capnp::List<wire::Bundle>::Reader bundles) {
  using Outcome = BundlesAnswer::Outcome;
  if (outcome == wire::AccessOutcome::DENIED) return BundlesAnswer{Outcome::kDenied, {}};
  if (outcome == wire::AccessOutcome::BUSY) return BundlesAnswer{Outcome::kBusy, {}};
  auto list = readBundleList(bundles);
  if (!list) return tl::unexpected(std::move(list.error()));
  return BundlesAnswer{Outcome::kOk, std::move(*list)};
}

Result<Answer> readManifest(wire::AccessOutcome outcome, capnp::Data::Reader manifest) {
  if (outcome == wire::AccessOutcome::DENIED) return ManifestAnswer{};
  if (outcome == wire::AccessOutcome::BUSY) return fail(Errc::kBusy, "the relay is busy");
  if (manifest.size() == 0 || manifest.size() > limits::kManifestBytes) return malformed();
  return ManifestAnswer{toBytes(byteView(manifest))};
}

Result<Answer> readOwnBundles(wire::MailboxOutcome outcome, capnp::List<wire::Bundle>::Reader bundles) {
  if (outcome == wire::MailboxOutcome::BUSY) return BundlesAnswer{BundlesAnswer::Outcome::kBusy, {}};
  if (outcome != wire::MailboxOutcome::OK) return noAnswer(outcome);
  return readBundles(wire::AccessOutcome::OK, bundles);
}

Result<Answer> readOwnManifest(wire::MailboxOutcome outcome, capnp::Data::Reader manifest) {
  if (outcome != wire::MailboxOutcome::OK) return noAnswer(outcome);
  return readManifest(wire::AccessOutcome::OK, manifest);
}

Result<Answer> readMailbox(wire::MailboxOutcome outcome, std::uint64_t counter) {
  using Outcome = MailboxAnswer::Outcome;
  switch (outcome) {
    case wire::MailboxOutcome::OK:
      return MailboxAnswer{Outcome::kOk, counter};
    case wire::MailboxOutcome::STALE:
      return MailboxAnswer{Outcome::kStale, counter};
    case wire::MailboxOutcome::BUSY:
      return MailboxAnswer{Outcome::kBusy, counter};
    case wire::MailboxOutcome::REPLACED:
      return MailboxAnswer{Outcome::kReplaced, counter};
    case wire::MailboxOutcome::MISMATCH:
    case wire::MailboxOutcome::REFUSED:
      return MailboxAnswer{Outcome::kRefused, counter};
  }
  return malformed();
}

Result<Answer> readKeyStatus(wire::MailboxOutcome outcome, std::uint64_t counter, std::uint32_t oneTimeKeys) {
  if (outcome != wire::MailboxOutcome::OK) return noAnswer(outcome);
  return KeyStatusAnswer{counter, oneTimeKeys};
}

Result<Answer> readAnchor(wire::MailboxOutcome outcome, capnp::Data::Reader current) {
  if (outcome == wire::MailboxOutcome::OK) return AnchorAnswer{};
  if (outcome != wire::MailboxOutcome::MISMATCH) return noAnswer(outcome);
  const auto anchor = Anchor::from(byteView(current));
  if (!anchor) return malformed();
  return AnchorAnswer{*anchor};
}

Result<Page> readPage(std::uint32_t attempts, capnp::List<wire::Item>::Reader items) {
  if (items.size() > limits::kWindowEnvelopes) return malformed();
  Page page{attempts, {}};
  page.items.reserve(items.size());
  for (const auto in : items) {
    auto item = readItem(in);
    if (!item) return malformed();
    page.items.push_back(std::move(*item));
  }
  return page;
}

}  // namespace waxwing
