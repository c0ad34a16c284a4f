#include "tests/support/world_relay.h"

#include <stdexcept>

namespace waxwing::testing {

namespace {

relay::ManifestFacts factsOf(ByteView bytes) {
  const auto manifest = SignedManifest::parse(bytes);
  if (!manifest) throw std::runtime_error("a client published a manifest that does not verify");
  relay::ManifestFacts facts;
  facts.account = (*manifest)->account;
  facts.version = (*manifest)->version;
  facts.hash = manifest->hash();
  facts.bytes = toBytes(bytes);
  for (const auto& device : (*manifest)->devices) facts.devices.push_back({device.id, device.signingKey});
  for (std::uint8_t id = 1; id <= DeviceId::kMax; ++id) {
    if ((*manifest)->retired.test(id)) facts.retired.push_back(DeviceId::fromTrusted(id));
  }
  return facts;
}

MailboxAnswer::Outcome outcomeOf(relay::ManifestOutcome::Verdict verdict) {
  using Verdict = relay::ManifestOutcome::Verdict;
  switch (verdict) {
    case Verdict::kOk:
      return MailboxAnswer::Outcome::kOk;
    case Verdict::kReplaced:
      return MailboxAnswer::Outcome::kReplaced;
    case Verdict::kStale:
    case Verdict::kEquivocation:
      return MailboxAnswer::Outcome::kStale;
    case Verdict::kUnretires:
    case Verdict::kOtherAccount:
      break;
  }
  return MailboxAnswer::Outcome::kRefused;
}

std::vector<PreKeyBundle> bundlesOf(const std::vector<relay::Bundle>& held) {
  std::vector<PreKeyBundle> bundles;
  for (const auto& bundle : held) {
    PreKeyBundle made{.device = bundle.device, .signedKeys = bundle.signedKeys, .oneTimeKey = {}};
    if (bundle.oneTime) made.oneTimeKey = OneTimeKey{bundle.oneTime->id, bundle.oneTime->key};
    bundles.push_back(std::move(made));
  }
  return bundles;
}

}  // namespace

WorldRelay::WorldRelay(const std::filesystem::path& path, RelayAddress address, relay::StoreLimits limits)
    : path_(path), address_(std::move(address)), limits_(limits), key_(32, 0x77) {
  open(Database::Existing::kMustNotExist);
}

void WorldRelay::open(Database::Existing existing) {
  auto store =
      relay::openSqlcipherStore({.path = path_, .key = key_, .existing = existing, .limits = limits_, .vfs = {}});
  if (!store) throw std::runtime_error("relay store: " + store.error().message);
  store_ = std::move(*store);
}

void WorldRelay::copyAside() {
  store_.reset();
  const auto aside = path_.string() + ".copy";
  std::filesystem::copy_file(path_, aside, std::filesystem::copy_options::overwrite_existing);
  open(Database::Existing::kMustExist);
}

void WorldRelay::putBack() {
  if (!sessions_.empty()) throw std::logic_error("a device is attached to the relay");
  store_.reset();
  std::filesystem::remove(path_.string() + "-wal");
  std::filesystem::copy_file(path_.string() + ".copy", path_, std::filesystem::copy_options::overwrite_existing);
  open(Database::Existing::kMustExist);
}

template <typename Outcome, typename Operation>
Outcome WorldRelay::commit(Operation operation) {
  const relay::Operation operations[] = {std::move(operation)};
  auto outcomes = store_->commit(operations);
  return std::get<Outcome>(std::move(outcomes.at(0)));
}

SubmitAnswer WorldRelay::submit(const AccountId& to, const relay::Access& access, const Submission& batch) {
  if (deniesAll) return {SubmitAnswer::Denied{}};
  if (isBusy) return {SubmitAnswer::Busy{std::chrono::milliseconds(200)}};
  if (!staleAnswer.empty()) return {SubmitAnswer::StaleManifest{staleAnswer}};
  relay::Submit submit{.account = to, .access = access, .manifestVersion = batch.manifestVersion, .envelopes = {}};
  largestBatch = std::max(largestBatch, batch.envelopes.size());
  std::vector<bool> lost;
  for (const auto& envelope : batch.envelopes) {
    wire.push_back({to, envelope});
    lost.push_back(loses && loses({to, envelope.device}));
    if (lost.back()) continue;
    submit.envelopes.push_back({envelope.id, envelope.device, envelope.payload});
  }
  auto outcome = commit<relay::SubmitOutcome>(std::move(submit));
  using Verdict = relay::SubmitOutcome::Verdict;
  using Item = relay::SubmitOutcome::Item;
  if (outcome.verdict == Verdict::kStaleManifest) return {SubmitAnswer::StaleManifest{outcome.newerManifest}};
  if (outcome.verdict != Verdict::kItems) return {SubmitAnswer::Denied{}};
  std::vector<ItemOutcome> items;
  auto next = outcome.items.begin();
  for (const bool isLost : lost) {
    const Item item = isLost ? Item::kAccepted : *next++;
    ItemOutcome made;
    if (item == Item::kMailboxFull) made = {ItemOutcome::Kind::kMailboxFull, std::chrono::milliseconds(500)};
    if (item == Item::kNoSuchDevice) made.kind = ItemOutcome::Kind::kNoSuchDevice;
    items.push_back(made);
  }
  for (const auto& device : outcome.arrived) {
    const auto session = sessions_.find(device);
    if (session != sessions_.end()) session->second->onArrival();
  }
  return {std::move(items)};
}

ManifestAnswer WorldRelay::manifest(const AccountId& account, const AccessKeyHash& key) {
  if (deniesAll || !store_->findAccess(account, key)) return {};
  return ownManifest(account);
}

ManifestAnswer WorldRelay::ownManifest(const AccountId& account) {
  const auto held = store_->findManifest(account);
  return {held ? held->bytes : Bytes()};
}

BundlesAnswer WorldRelay::keys(const AccountId& account, const AccessKeyHash& key,
                               const std::vector<DeviceId>& devices) {
  if (deniesAll || !store_->findAccess(account, key)) return {BundlesAnswer::Outcome::kDenied, {}};
  return {BundlesAnswer::Outcome::kOk, bundlesOf(store_->readPublishedKeys(account, devices))};
}

BundlesAnswer WorldRelay::bundles(const AccountId& account, const relay::Access& access,
                                  const std::vector<DeviceId>& devices) {
  if (deniesAll) return {BundlesAnswer::Outcome::kDenied, {}};
  if (withholdsBundles) return {BundlesAnswer::Outcome::kOk, {}};
  ++bundlesTaken;
  const auto taken = commit<relay::TakePreKeyBundlesOutcome>(relay::TakePreKeyBundles{account, access, devices});
  if (taken.verdict != relay::TakePreKeyBundlesOutcome::Verdict::kOk) return {BundlesAnswer::Outcome::kDenied, {}};
  return {BundlesAnswer::Outcome::kOk, bundlesOf(taken.bundles)};
}

MailboxAnswer WorldRelay::publishKeys(const relay::LoginRef& login, const KeyPublication& keys) {
  const auto peeked = SignedKeys::peek(keys.signedKeys);
  if (!peeked) return {MailboxAnswer::Outcome::kRefused, 0};
  relay::PublishKeys publish{.login = login, .signedKeys = keys.signedKeys, .counter = peeked->counter, .oneTime = {}};
  if (keys.mode == KeyPublication::Mode::kReplaceAll) publish.mode = relay::PublishKeys::Mode::kReplaceAll;
  for (const auto& key : keys.oneTime) publish.oneTime.push_back({key.id, key.key});
  const auto outcome = commit<relay::PublishKeysOutcome>(std::move(publish));
  using Verdict = relay::PublishKeysOutcome::Verdict;
  switch (outcome.verdict) {
    case Verdict::kOk:
      return {MailboxAnswer::Outcome::kOk, outcome.counter};
    case Verdict::kReplaced:
      return {MailboxAnswer::Outcome::kReplaced, outcome.counter};
    case Verdict::kStale:
      return {MailboxAnswer::Outcome::kStale, outcome.counter};
    case Verdict::kOverLimit:
      break;
  }
  return {MailboxAnswer::Outcome::kRefused, outcome.counter};
}

KeyStatusAnswer WorldRelay::keyStatus(const relay::LoginRef& login) {
  const auto status = store_->findKeyStatus(login.address).value_or(relay::KeyStatus{});
  return {status.counter, status.oneTimeKeys};
}

MailboxAnswer WorldRelay::publishManifest(const relay::LoginRef& login, ByteView manifest) {
  const auto outcome = commit<relay::PublishManifestOutcome>(relay::PublishManifest{login, factsOf(manifest)});
  cut(outcome.cut);
  return {outcomeOf(outcome.verdict), 0};
}

MailboxAnswer WorldRelay::setAccessKeys(const relay::LoginRef& login, const AccessKeyHashes& hashes) {
  const auto outcome = commit<relay::SetAccessKeysOutcome>(relay::SetAccessKeys{login, hashes.contact, hashes.invites});
  const bool ok = outcome.verdict == relay::SetAccessKeysOutcome::Verdict::kOk;
  return {ok ? MailboxAnswer::Outcome::kOk : MailboxAnswer::Outcome::kRefused, 0};
}

tl::expected<Answer, Error> WorldRelay::swapAnchor(const relay::LoginRef& login, const Anchor& expected,
                                                   const Anchor& next) {
  const auto outcome = commit<relay::SwapAnchorOutcome>(relay::SwapAnchor{login, expected, next});
  using Verdict = relay::SwapAnchorOutcome::Verdict;
  if (outcome.verdict == Verdict::kReplaced) return fail(Errc::kReplaced, "replaced");
  if (outcome.verdict == Verdict::kMismatch) return AnchorAnswer{outcome.current};
  return AnchorAnswer{};
}

MailboxAnswer WorldRelay::acknowledge(const relay::LoginRef& login, std::uint64_t upTo) {
  const auto outcome = commit<relay::AcknowledgeOutcome>(relay::Acknowledge{login, upTo});
  const bool ok = outcome.verdict == relay::AcknowledgeOutcome::Verdict::kOk;
  return {ok ? MailboxAnswer::Outcome::kOk : MailboxAnswer::Outcome::kReplaced, 0};
}

relay::RegisterOutcome::Verdict WorldRelay::registerAccount(ByteView manifest) {
  const auto outcome = commit<relay::RegisterOutcome>(relay::Register{factsOf(manifest)});
  cut(outcome.cut);
  return outcome.verdict;
}

relay::LoginOutcome WorldRelay::login(const DeviceAddress& device) {
  const auto record = store_->findDevice(device);
  const SigningKey key = record ? record->signingKey : SigningKey{};
  return commit<relay::LoginOutcome>(relay::Login{device, key});
}

void WorldRelay::attach(const DeviceAddress& device, Session* session) {
  Session*& held = sessions_[device];
  if (held != nullptr && held != session) held->onClosing(LinkState::Stop::kReplaced);
  held = session;
}

void WorldRelay::detach(const DeviceAddress& device, const Session* session) {
  const auto found = sessions_.find(device);
  if (found != sessions_.end() && found->second == session) sessions_.erase(found);
}

void WorldRelay::cut(const std::vector<DeviceAddress>& devices) {
  for (const auto& device : devices) {
    const auto found = sessions_.find(device);
    if (found == sessions_.end()) continue;
    Session* session = found->second;
    sessions_.erase(found);
    session->onClosing(LinkState::Stop::kRetired);
  }
}

}  // namespace waxwing::testing
