#include "tests/sim/sim_device.h"

#include <utility>

#include "client/profile.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

const Bytes kDeviceKey(32, 0x44);

}  // namespace

SimDevice::SimDevice(Place place, std::string name, OnEvent onEvent)
    : place_(std::move(place)),
      name_(std::move(name)),
      onEvent_(std::move(onEvent)),
      random_(place_.random.below(UINT64_MAX)),
      disk_(random_, place_.directory / name_),
      clock_(place_.loop),
      dialer_(place_.network.dialer(name_)) {
  disk_.onDeath = [this](DiskFault) { die(); };
}

SimDevice::~SimDevice() noexcept(false) = default;

Database::Options SimDevice::options() const {
  Database::Options options;
  options.path = database();
  options.key = kDeviceKey;
  options.vfs = disk_.vfs();
  return options;
}

void SimDevice::create(const RelayAddress& relay, const std::string& token) {
  open(must(createProfile(options(), relay, token, clock_, random_)));
}

std::string SimDevice::request(const AccountId& account) {
  return must(requestProfile(options(), account, clock_, random_)).text();
}

void SimDevice::join(const std::string& grant) { open(must(joinProfile(options(), grant, clock_, random_))); }

bool SimDevice::start() {
  try {
    auto db = openProfile(options());
    if (db && open(std::move(*db))) return true;
    if (!db) place_.loop.note(name_ + ": " + db.error().message);
  } catch (const StoreFailure&) {
  } catch (const Killed&) {
  }
  place_.loop.note("does not start " + name_);
  clearAway();
  return false;
}

bool SimDevice::open(std::unique_ptr<Database> db) {
  db_ = db.get();
  db_->onCommitPoint([this](CommitPoint point, CommitEdge edge) { passCommitPoint(point, edge); });
  auto core = Core::open(std::move(db), {.timer = place_.loop.timer(),
                                         .dialer = *dialer_,
                                         .clock = clock_,
                                         .random = random_,
                                         .restoreMarker = useMarker_ == Marker::kKept ? &marker_ : nullptr,
                                         .onEvent = [this](const Event& event) { onEvent_(*this, event); }});
  if (!core) {
    place_.loop.note(name_ + ": " + core.error().message);
    return false;
  }
  core_ = std::move(*core);
  self_ = must(core_->perform([](Outbox& outbox) { return outbox.self(); }));
  place_.loop.note("start " + name_);
  if (onStart) onStart(*this);
  if (online_) core_->goOnline();
  return true;
}

void SimDevice::kill() {
  place_.loop.note("kill " + name_);
  place_.network.cutAll(name_);
  disk_.killProcess();
  clearAway();
}

void SimDevice::losePower() {
  place_.loop.note("power loss " + name_);
  place_.network.cutAll(name_);
  disk_.losePower();
  clearAway();
}

void SimDevice::close() {
  place_.loop.note("close " + name_);
  clearAway();
}

void SimDevice::clearAway() {
  core_ = nullptr;
  db_ = nullptr;
  killAt_.reset();
  dying_ = false;
}

void SimDevice::restore(const SimDisk::Copy& copy) {
  if (running()) kill();
  place_.loop.note("restore " + name_);
  disk_.putBack(copy);
  start();
}

void SimDevice::goOnline() {
  online_ = true;
  if (running()) core_->goOnline();
}

void SimDevice::goOffline() {
  online_ = false;
  if (running()) core_->goOffline();
}

void SimDevice::passCommitPoint(CommitPoint point, CommitEdge edge) {
  if (dying_) throw Killed();
  if (!killAt_ || killAt_->point != point || killAt_->edge != edge || --killAt_->times > 0) return;
  disk_.killProcess();
  db_->refuseWork();
  die();
  throw Killed();
}

void SimDevice::die() {
  place_.loop.note("dying " + name_);
  dying_ = true;
  place_.network.cutAll(name_);
}

}  // namespace waxwing::testing
