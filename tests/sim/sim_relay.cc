#include "tests/sim/sim_relay.h"

#include <stdexcept>
#include <utility>

#include "store/relay/sqlcipher_mailbox_store.h"

namespace waxwing::testing {
namespace {

const Bytes kRelayKey(32, 0x52);

}  // namespace

SimRelay::SimRelay(Place place, RelayAddress address, Tap tap)
    : place_(std::move(place)),
      address_(std::move(address)),
      tap_(std::move(tap)),
      clock_(place_.loop),
      random_(place_.random.below(UINT64_MAX)),
      disk_(random_, place_.directory / address_.host),
      mischief_(random_) {
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
  compareWithBook(**store);
  auto hostile =
      std::make_unique<HostileStore>(mischief_, std::move(*store), [this](const relay::Submit& batch) { tap_(batch); });
  hostile->loses = [this](const DeviceAddress& mailbox) { return loses && loses(mailbox); };
  hostile->forge = [this](const DeviceAddress& mailbox, const relay::QueuedEnvelope& genuine) {
    return forge(mailbox, genuine);
  };
  hostile->onCommitted = [this](auto operations, auto outcomes) { book_.noteCommit(operations, outcomes); };
  hostile->onRead = [this](const DeviceAddress& mailbox, auto items) { book_.noteRead(mailbox, items); };
  hostile->onMisnumbered = [this](const DeviceAddress& mailbox) { book_.noteMisnumbered(mailbox); };
  hostile->onGone = [this, gone = hostile.get()] {
    if (store_ == gone) store_ = nullptr;
  };
  store_ = hostile.get();
  return hostile;
}

void SimRelay::compareWithBook(relay::MailboxStore& store) {
  try {
    for (std::string& line : book_.lostBy(store)) offences_.push_back(std::move(line));
  } catch (const StoreFailure&) {
    // A disk that fails now is judged when it is read again.
  }
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
  playedBefore_ = mischief_.played();
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
  book_.forget();
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
