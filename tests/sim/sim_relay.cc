#include "tests/sim/sim_relay.h"

#include <stdexcept>
#include <utility>

#include "store/relay/sqlcipher_mailbox_store.h"

namespace waxwing::testing {
namespace {

const Bytes kRelayKey(32, 0x52);

}  // namespace

// The store, with an eye on what is submitted.
class SimRelay::TappedStore final : public relay::MailboxStore {
 public:
  TappedStore(SimRelay& relay, std::unique_ptr<MailboxStore> inner) : relay_(relay), inner_(std::move(inner)) {
    relay_.store_ = this;
  }
  ~TappedStore() override {
    if (relay_.store_ == this) relay_.store_ = nullptr;
  }

  std::vector<relay::Outcome> commit(std::span<const relay::Operation> operations) override {
    for (const relay::Operation& operation : operations) {
      if (const auto* submit = std::get_if<relay::Submit>(&operation)) relay_.tap_(*submit);
    }
    return relay_.loses ? commitSome(operations) : inner_->commit(operations);
  }
  std::vector<relay::QueueItem> readPage(const DeviceAddress& mailbox, std::uint64_t after,
                                         const relay::PageLimits& bounds) override {
    return inner_->readPage(mailbox, after, bounds);
  }
  std::vector<relay::QueueItem> readSetAside(const DeviceAddress& mailbox, std::uint64_t after,
                                             const relay::PageLimits& bounds) override {
    return inner_->readSetAside(mailbox, after, bounds);
  }
  std::optional<relay::Position> findPosition(const DeviceAddress& mailbox) override {
    return inner_->findPosition(mailbox);
  }
  std::optional<relay::HeldManifest> findManifest(const AccountId& account) override {
    return inner_->findManifest(account);
  }
  std::optional<relay::DeviceRecord> findDevice(const DeviceAddress& device) override {
    return inner_->findDevice(device);
  }
  std::optional<relay::KeyStatus> findKeyStatus(const DeviceAddress& device) override {
    return inner_->findKeyStatus(device);
  }
  std::optional<relay::KeyClass> findAccess(const AccountId& account, const AccessKeyHash& key) override {
    return inner_->findAccess(account, key);
  }
  std::vector<relay::Bundle> readPublishedKeys(const AccountId& account, std::span<const DeviceId> devices) override {
    return inner_->readPublishedKeys(account, devices);
  }
  void checkpointIfDue() override { inner_->checkpointIfDue(); }

 private:
  std::vector<relay::Outcome> commitSome(std::span<const relay::Operation> operations) {
    std::vector<relay::Operation> kept(operations.begin(), operations.end());
    std::vector<std::vector<bool>> lost(kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      auto* submit = std::get_if<relay::Submit>(&kept[i]);
      if (submit == nullptr) continue;
      std::vector<relay::Envelope> some;
      for (relay::Envelope& envelope : submit->envelopes) {
        lost[i].push_back(relay_.loses({submit->account, envelope.device}));
        if (!lost[i].back()) some.push_back(std::move(envelope));
      }
      submit->envelopes = std::move(some);
    }
    auto outcomes = inner_->commit(kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      auto* outcome = std::get_if<relay::SubmitOutcome>(&outcomes[i]);
      if (outcome == nullptr || outcome->verdict != relay::SubmitOutcome::Verdict::kItems) continue;
      for (std::size_t at = 0; at < lost[i].size(); ++at) {
        const auto place = outcome->items.begin() + static_cast<std::ptrdiff_t>(at);
        if (lost[i][at]) outcome->items.insert(place, relay::SubmitOutcome::Item::kAccepted);
      }
    }
    return outcomes;
  }

  SimRelay& relay_;
  std::unique_ptr<MailboxStore> inner_;
};

SimRelay::SimRelay(Place place, RelayAddress address, Tap tap)
    : place_(std::move(place)),
      address_(std::move(address)),
      tap_(std::move(tap)),
      clock_(place_.loop),
      random_(place_.random.below(UINT64_MAX)),
      disk_(random_, place_.directory / address_.host) {
  disk_.onDeath = [this](DiskFault) { die(); };
}

SimRelay::~SimRelay() noexcept(false) {
  if (running()) end();
}

relay::Options SimRelay::options() const {
  relay::Options options;
  options.names = {address_.name()};
  adjust(options);
  return options;
}

Result<std::unique_ptr<relay::MailboxStore>> SimRelay::open() {
  const relay::Options granted = options();
  relay::SqlcipherStoreOptions wanted;
  wanted.path = database();
  wanted.key = kRelayKey;
  wanted.vfs = disk_.vfs();
  wanted.existing =
      std::filesystem::exists(wanted.path) ? Database::Existing::kMustExist : Database::Existing::kMustNotExist;
  wanted.limits.mailboxEnvelopes = granted.mailboxEnvelopes;
  wanted.limits.mailboxBytes = granted.mailboxBytes;
  auto store =
      relay::openSqlcipherStore(wanted, [this](CommitPoint point, CommitEdge edge) { passCommitPoint(point, edge); });
  if (!store) return store;
  return std::make_unique<TappedStore>(*this, std::move(*store));
}

bool SimRelay::start() {
  auto store = open();
  if (!store) {
    place_.loop.note("does not start " + address_.host + ": " + store.error().message);
    dying_ = false;
    return false;
  }
  Random& random = place_.random;
  queue_ = kj::heap<relay::InlineCommitQueue>(
      [this] { return open(); }, std::move(*store), place_.loop.timer(), observer_,
      [&random] { return static_cast<std::int64_t>(random.below(5'000)) * kj::MICROSECONDS; });
  server_ = kj::heap<relay::Server>(options(),
                                    relay::Core::Ports{*queue_, place_.loop.timer(), clock_, place_.random, observer_});
  place_.network.listen(address_, [this](kj::Own<kj::AsyncIoStream> stream) { server_->accept(kj::mv(stream)); });
  place_.loop.note("start " + address_.host);
  return true;
}

void SimRelay::kill() {
  place_.loop.note("kill " + address_.host);
  place_.network.cutAll(address_.name());
  disk_.killProcess();
  end();
}

void SimRelay::losePower() {
  place_.loop.note("power loss " + address_.host);
  place_.network.cutAll(address_.name());
  disk_.losePower();
  end();
}

void SimRelay::restore(const SimDisk::Copy& copy) {
  if (running()) kill();
  place_.loop.note("restore " + address_.host);
  disk_.putBack(copy);
  start();
}

void SimRelay::drain() {
  place_.loop.note("drain " + address_.host);
  place_.network.close(address_);
  server_->drain().wait(place_.loop.waitScope());
  end();
}

void SimRelay::end() {
  place_.network.close(address_);
  server_ = nullptr;
  queue_ = nullptr;
  killAt_.reset();
  dying_ = false;
}

void SimRelay::passCommitPoint(CommitPoint point, CommitEdge edge) {
  if (dying_) throw Killed();
  if (!killAt_ || killAt_->point != point || killAt_->edge != edge || --killAt_->times > 0) return;
  disk_.killProcess();
  die();
  throw Killed();
}

void SimRelay::die() {
  place_.loop.note("dying " + address_.host);
  dying_ = true;
  place_.network.close(address_);
  place_.network.cutAll(address_.name());
}

}  // namespace waxwing::testing
