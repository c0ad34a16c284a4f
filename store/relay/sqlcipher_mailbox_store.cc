#include "store/relay/sqlcipher_mailbox_store.h"

#include <algorithm>
#include <set>

#include "crypto/mutation.h"
#include "store/relay/accounts.h"
#include "store/relay/attempts.h"
#include "store/relay/bundle_budget.h"
#include "store/relay/key_shelf.h"
#include "store/relay/queues.h"
#include "store/relay/schema.h"
#include "store/relay/service_clock.h"

namespace waxwing::relay {
namespace {

class SqlcipherMailboxStore final : public MailboxStore {
 public:
  SqlcipherMailboxStore(std::unique_ptr<Database> writer, std::unique_ptr<Database> reader, const StoreLimits& limits)
      : limits_(limits),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        accounts_(*writer_),
        queues_(*writer_, limits),
        attempts_(*writer_, limits),
        shelf_(*writer_, limits),
        budget_(limits),
        clock_(*writer_),
        pages_(*reader_) {}

  std::vector<Outcome> commit(std::span<const Operation> operations) override;

  std::vector<QueueItem> readPage(const DeviceAddress& mailbox, std::uint64_t after, const PageLimits& limits) override;
  std::vector<QueueItem> readSetAside(const DeviceAddress& mailbox, std::uint64_t after,
                                      const PageLimits& limits) override;
  std::optional<Position> findPosition(const DeviceAddress& mailbox) override;
  std::optional<HeldManifest> findManifest(const AccountId& account) override;
  std::optional<DeviceRecord> findDevice(const DeviceAddress& device) override;
  std::optional<KeyStatus> findKeyStatus(const DeviceAddress& device) override;
  std::optional<KeyClass> findAccess(const AccountId& account, const AccessKeyHash& key) override;
  std::vector<Bundle> readPublishedKeys(const AccountId& account, std::span<const DeviceId> devices) override;

  void checkpointIfDue() override;

 private:
  // Who asks, once his right is proved.
  struct Caller {
    const AccountEntry* account;
    KeyClass keyClass;
    const KeyHolder* holder;  // null: an own device
  };
  enum class Refusal { kDenied, kReplaced };

  void requireHealth() const;
  std::vector<Outcome> apply(std::span<const Operation> operations);
  void fold();
  void recover() noexcept;

  RegisterOutcome run(const Register& operation);
  PublishManifestOutcome run(const PublishManifest& operation);
  LoginOutcome run(const Login& operation) { return accounts_.login(operation); }
  AcknowledgeOutcome run(const Acknowledge& operation);
  SwapAnchorOutcome run(const SwapAnchor& operation) { return accounts_.swapAnchor(operation); }
  PublishKeysOutcome run(const PublishKeys& operation);
  TakePreKeyBundlesOutcome run(const TakePreKeyBundles& operation);
  SetAccessKeysOutcome run(const SetAccessKeys& operation);
  SubmitOutcome run(const Submit& operation);
  UpkeepOutcome run(const Upkeep& operation);
  NoteAttemptOutcome run(const NoteAttempt& operation);

  ManifestOutcome adopt(const ManifestFacts& manifest);
  tl::expected<Caller, Refusal> admit(const AccountId& account, const Access& access);
  std::optional<OneTimeKey> drawOneTime(const Caller& caller, std::int64_t mailbox);
  bool isOverLimit(const Submit& operation) const;
  SubmitOutcome::Item place(const Caller& caller, const DeviceAddress& address, const Envelope& envelope,
                            Entrance entrance, SubmitOutcome& outcome);
  const DeviceEntry* findMailbox(const DeviceAddress& address);

  const StoreLimits limits_;
  std::unique_ptr<Database> writer_;
  std::unique_ptr<Database> reader_;
  Accounts accounts_;
  Queues queues_;
  Attempts attempts_;
  KeyShelf shelf_;
  BundleBudget budget_;
  ServiceClock clock_;
  QueueReader pages_;
};

CommitPoint pointOf(std::span<const Operation> operations) {
  const auto isUpkeep = [](const Operation& operation) { return std::holds_alternative<Upkeep>(operation); };
  return std::ranges::all_of(operations, isUpkeep) ? CommitPoint::kRelayUpkeep : CommitPoint::kAccept;
}

void SqlcipherMailboxStore::requireHealth() const {
  // What is in memory would still answer.
  if (writer_->hasFailed()) throw StoreFailure(Errc::kStoreFailed, "the disk failed earlier; open the store anew");
}

std::vector<Outcome> SqlcipherMailboxStore::commit(std::span<const Operation> operations) {
  if (operations.empty()) return {};
  requireHealth();
  try {
    return apply(operations);
  } catch (...) {
    recover();
    throw;
  }
}

std::vector<Outcome> SqlcipherMailboxStore::apply(std::span<const Operation> operations) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(operations.size());
  Transaction transaction(*writer_, pointOf(operations));
  for (const Operation& operation : operations) {
    outcomes.push_back(std::visit([&](const auto& each) -> Outcome { return run(each); }, operation));
  }
  queues_.flush();
  transaction.commit();
  accounts_.trim();
  queues_.trim();
  return outcomes;
}

void SqlcipherMailboxStore::checkpointIfDue() {
  if (queues_.isFoldDue()) fold();
  writer_->checkpointIfDue();
}

void SqlcipherMailboxStore::fold() {
  requireHealth();
  try {
    Transaction transaction(*writer_, CommitPoint::kRelayUpkeep);
    queues_.fold();
    transaction.commit();
  } catch (...) {
    recover();
    throw;
  }
}

// Memory again as the database is.
void SqlcipherMailboxStore::recover() noexcept {
  accounts_.forgetAll();
  try {
    queues_.forgetAll();
    clock_.reload();
  } catch (const std::exception&) {
    writer_->refuseWork();
  }
}

ManifestOutcome SqlcipherMailboxStore::adopt(const ManifestFacts& manifest) {
  ManifestChange change = accounts_.adopt(manifest);
  for (const std::int64_t mailbox : change.opened) queues_.open(mailbox);
  for (const std::int64_t mailbox : change.emptied) {
    queues_.remove(mailbox);
    attempts_.forget(mailbox);
    shelf_.remove(mailbox);
  }
  return std::move(change.outcome);
}

RegisterOutcome SqlcipherMailboxStore::run(const Register& operation) { return {adopt(operation.manifest)}; }

PublishManifestOutcome SqlcipherMailboxStore::run(const PublishManifest& operation) {
  using Verdict = ManifestOutcome::Verdict;
  if (accounts_.findLoggedIn(operation.login) == nullptr) return {{Verdict::kReplaced, {}}};
  if (operation.manifest.account != operation.login.address.account) return {{Verdict::kOtherAccount, {}}};
  return {adopt(operation.manifest)};
}

AcknowledgeOutcome SqlcipherMailboxStore::run(const Acknowledge& operation) {
  const DeviceEntry* device = accounts_.findLoggedIn(operation.login);
  if (device == nullptr) return {AcknowledgeOutcome::Verdict::kReplaced};
  std::uint64_t upTo = operation.upTo;
  if (mutated(Mutation::kAcknowledgeOneMore) && queues_.position(device->mailbox).last > upTo) ++upTo;
  return {queues_.acknowledge(device->mailbox, upTo, clock_.now())};
}

PublishKeysOutcome SqlcipherMailboxStore::run(const PublishKeys& operation) {
  const DeviceEntry* device = accounts_.findLoggedIn(operation.login);
  if (device == nullptr) return {PublishKeysOutcome::Verdict::kReplaced, 0};
  return shelf_.publish(device->mailbox, operation);
}

SetAccessKeysOutcome SqlcipherMailboxStore::run(const SetAccessKeys& operation) {
  using Verdict = SetAccessKeysOutcome::Verdict;
  if (accounts_.findLoggedIn(operation.login) == nullptr) return {Verdict::kReplaced};
  if (operation.contact.size() > limits_.contactKeys || operation.invites.size() > limits_.inviteKeys) {
    return {Verdict::kOverLimit};
  }
  accounts_.setAccessKeys(operation);
  return {Verdict::kOk};
}

tl::expected<SqlcipherMailboxStore::Caller, SqlcipherMailboxStore::Refusal> SqlcipherMailboxStore::admit(
    const AccountId& account, const Access& access) {
  if (const auto* login = std::get_if<LoginRef>(&access)) {
    if (login->address.account != account) return tl::unexpected(Refusal::kDenied);
    if (accounts_.findLoggedIn(*login) == nullptr) return tl::unexpected(Refusal::kReplaced);
    return Caller{accounts_.find(account), KeyClass::kOwn, nullptr};
  }
  const auto& holder = std::get<KeyHolder>(access);
  const AccountEntry* entry = accounts_.find(account);
  const auto keyClass = entry == nullptr ? std::nullopt : entry->classOf(holder.key);
  if (!keyClass) return tl::unexpected(Refusal::kDenied);
  return Caller{entry, *keyClass, &holder};
}

std::optional<OneTimeKey> SqlcipherMailboxStore::drawOneTime(const Caller& caller, std::int64_t mailbox) {
  if (caller.holder == nullptr) return shelf_.takeOneTime(mailbox);
  if (!budget_.allows(mailbox, *caller.holder, caller.keyClass, clock_.now())) return std::nullopt;
  auto taken = shelf_.takeOneTime(mailbox);
  if (taken) budget_.spend(mailbox, *caller.holder, caller.keyClass, clock_.now());
  return taken;
}

TakePreKeyBundlesOutcome SqlcipherMailboxStore::run(const TakePreKeyBundles& operation) {
  using Verdict = TakePreKeyBundlesOutcome::Verdict;
  const auto caller = admit(operation.account, operation.access);
  if (!caller) return {caller.error() == Refusal::kReplaced ? Verdict::kReplaced : Verdict::kDenied, {}};
  TakePreKeyBundlesOutcome outcome;
  for (const DeviceId device : operation.devices) {
    const DeviceEntry* entry = caller->account->findListed(device);
    if (entry == nullptr) continue;
    Bytes signedKeys = shelf_.findSigned(entry->mailbox);
    if (signedKeys.empty()) continue;
    outcome.bundles.push_back({device, std::move(signedKeys), drawOneTime(*caller, entry->mailbox)});
  }
  return outcome;
}

bool SqlcipherMailboxStore::isOverLimit(const Submit& operation) const {
  return operation.envelopes.size() > limits_.batchEnvelopes ||
         std::ranges::any_of(operation.envelopes,
                             [&](const auto& envelope) { return envelope.payload.size() > limits_.envelopeBytes; });
}

SubmitOutcome SqlcipherMailboxStore::run(const Submit& operation) {
  using Verdict = SubmitOutcome::Verdict;
  SubmitOutcome outcome;
  const auto refuse = [&](Verdict verdict) {
    outcome.verdict = verdict;
    return std::move(outcome);
  };
  if (isOverLimit(operation)) return refuse(Verdict::kOverLimit);
  const auto caller = admit(operation.account, operation.access);
  if (!caller) return refuse(caller.error() == Refusal::kReplaced ? Verdict::kReplaced : Verdict::kDenied);
  if (operation.manifestVersion < caller->account->version) {
    outcome.newerManifest = accounts_.manifestOf(*caller->account);
    return refuse(Verdict::kStaleManifest);
  }
  outcome.items.reserve(operation.envelopes.size());
  std::set<DeviceId> full;
  for (const Envelope& envelope : operation.envelopes) {
    const auto entrance = full.contains(envelope.device) ? Entrance::kShut : Entrance::kOpen;
    outcome.items.push_back(place(*caller, {operation.account, envelope.device}, envelope, entrance, outcome));
    if (outcome.items.back() != SubmitOutcome::Item::kMailboxFull || mutated(Mutation::kOvertakeFull)) continue;
    full.insert(envelope.device);
  }
  return outcome;
}

SubmitOutcome::Item SqlcipherMailboxStore::place(const Caller& caller, const DeviceAddress& address,
                                                 const Envelope& envelope, Entrance entrance, SubmitOutcome& outcome) {
  using Item = SubmitOutcome::Item;
  const DeviceEntry* device = caller.account->findListed(address.device);
  if (device == nullptr) return Item::kNoSuchDevice;
  const Push pushed = queues_.push(device->mailbox, envelope, caller.keyClass, entrance, clock_.now());
  if (pushed == Push::kFull) return Item::kMailboxFull;
  if (pushed == Push::kStored && std::ranges::find(outcome.arrived, address) == outcome.arrived.end()) {
    outcome.arrived.push_back(address);
  }
  return Item::kAccepted;
}

UpkeepOutcome SqlcipherMailboxStore::run(const Upkeep& operation) {
  clock_.advance(operation.wallNow);
  budget_.trim(clock_.now());
  queues_.forgetSetAside(clock_.now());
  return {clock_.now(), queues_.forgetOld(clock_.now())};
}

NoteAttemptOutcome SqlcipherMailboxStore::run(const NoteAttempt& operation) {
  using Verdict = NoteAttemptOutcome::Verdict;
  const DeviceEntry* device = findMailbox(operation.mailbox);
  if (device == nullptr || queues_.firstWaiting(device->mailbox) != operation.number) return {Verdict::kGone};
  if (attempts_.add(device->mailbox, operation.number, clock_.now()) == Attempts::Verdict::kTryAgain) {
    return {Verdict::kCounted};
  }
  queues_.setAside(device->mailbox, clock_.now());
  attempts_.forget(device->mailbox);
  return {Verdict::kSetAside};
}

const DeviceEntry* SqlcipherMailboxStore::findMailbox(const DeviceAddress& address) {
  requireHealth();
  const AccountEntry* account = accounts_.find(address.account);
  return account == nullptr ? nullptr : account->findListed(address.device);
}

std::vector<QueueItem> SqlcipherMailboxStore::readPage(const DeviceAddress& mailbox, std::uint64_t after,
                                                       const PageLimits& limits) {
  const DeviceEntry* device = findMailbox(mailbox);
  if (device == nullptr) return {};
  auto slots = queues_.slots(device->mailbox, after, limits.items);
  if (slots.empty()) return {};
  const std::uint32_t attempts = attempts_.of(device->mailbox, slots.front().number);
  if (attempts >= limits_.attemptsAlone) slots.resize(1);
  auto items = pages_.read(device->mailbox, slots, limits.bytes);
  items.front().attempts = attempts;
  return items;
}

std::vector<QueueItem> SqlcipherMailboxStore::readSetAside(const DeviceAddress& mailbox, std::uint64_t after,
                                                           const PageLimits& limits) {
  const DeviceEntry* device = findMailbox(mailbox);
  if (device == nullptr) return {};
  return pages_.readSetAside(device->mailbox, after, limits);
}

std::optional<Position> SqlcipherMailboxStore::findPosition(const DeviceAddress& mailbox) {
  const DeviceEntry* device = findMailbox(mailbox);
  if (device == nullptr) return std::nullopt;
  return queues_.position(device->mailbox);
}

std::optional<HeldManifest> SqlcipherMailboxStore::findManifest(const AccountId& account) {
  requireHealth();
  const AccountEntry* entry = accounts_.find(account);
  if (entry == nullptr) return std::nullopt;
  return HeldManifest{entry->version, entry->hash, accounts_.manifestOf(*entry)};
}

std::optional<DeviceRecord> SqlcipherMailboxStore::findDevice(const DeviceAddress& device) {
  requireHealth();
  const AccountEntry* account = accounts_.find(device.account);
  if (account == nullptr) return std::nullopt;
  if (account->isRetired(device.device)) return DeviceRecord{DeviceRecord::State::kRetired, {}, 0};
  const DeviceEntry* entry = account->findListed(device.device);
  if (entry == nullptr) return DeviceRecord{};
  return DeviceRecord{DeviceRecord::State::kListed, entry->signingKey, entry->login};
}

std::optional<KeyStatus> SqlcipherMailboxStore::findKeyStatus(const DeviceAddress& device) {
  const DeviceEntry* entry = findMailbox(device);
  if (entry == nullptr) return std::nullopt;
  return shelf_.status(entry->mailbox);
}

std::optional<KeyClass> SqlcipherMailboxStore::findAccess(const AccountId& account, const AccessKeyHash& key) {
  requireHealth();
  const AccountEntry* entry = accounts_.find(account);
  return entry == nullptr ? std::nullopt : entry->classOf(key);
}

std::vector<Bundle> SqlcipherMailboxStore::readPublishedKeys(const AccountId& account,
                                                             std::span<const DeviceId> devices) {
  std::vector<Bundle> bundles;
  for (const DeviceId device : devices) {
    const DeviceEntry* entry = findMailbox({account, device});
    if (entry == nullptr) continue;
    Bytes signedKeys = shelf_.findSigned(entry->mailbox);
    if (!signedKeys.empty()) bundles.push_back({device, std::move(signedKeys), std::nullopt});
  }
  return bundles;
}

Result<std::unique_ptr<Database>> openWriter(Database::Options options) {
  auto writer = openMigrated(options, kRelayMigrations);
  // A working set of a thousand busy mailboxes: a page that falls out of memory is deciphered again.
  if (writer) (*writer)->script("PRAGMA cache_size = -65536");
  return writer;
}

}  // namespace

std::span<const Migration> relayMigrations() { return kRelayMigrations; }

Result<std::unique_ptr<MailboxStore>> openSqlcipherStore(const SqlcipherStoreOptions& options) {
  return openSqlcipherStore(options, nullptr);
}

Result<std::unique_ptr<MailboxStore>> openSqlcipherStore(
    const SqlcipherStoreOptions& options, std::function<void(CommitPoint, CommitEdge)> onCommitPoint) try {
  Database::Options database = {.path = options.path,
                                .key = options.key,
                                .existing = options.existing,
                                .locking = Database::Locking::kShared,
                                .secureDelete = Database::SecureDelete::kFast,
                                .vfs = options.vfs};
  auto writer = openWriter(database);
  if (!writer) return tl::unexpected(writer.error());
  database.existing = Database::Existing::kMustExist;
  database.access = Database::Access::kQueryOnly;
  auto reader = Database::open(database);
  if (!reader) return tl::unexpected(reader.error());
  (*writer)->onCommitPoint(std::move(onCommitPoint));
  return std::make_unique<SqlcipherMailboxStore>(std::move(*writer), std::move(*reader), options.limits);
} catch (const StoreFailure& failure) {
  return fail(failure.code(), failure.what());
}

}  // namespace waxwing::relay
