#include "tests/sim/simulation.h"

#include <kj/exception.h>

#include <algorithm>
#include <optional>

#include "tests/sim/growth.h"
#include "tests/sim/rpc_world.h"
#include "tests/sim/sim_people.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kStepsBetweenChecks = 500;
constexpr std::size_t kDevicesMost = 9;
constexpr int kQuietMost = 12;  // asking and sending again, with back-off, comes to an end
constexpr const char* kNames[] = {"alice", "bob", "carol", "dave", "erin", "frank"};

// What libraries log is not what a run is judged by.
class Quiet final : public kj::ExceptionCallback {
 public:
  void logMessage(kj::LogSeverity, const char*, int, int, kj::String&&) override {}
};

// The chance of one step.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  std::uint32_t small(std::uint64_t bound) { return static_cast<std::uint32_t>(below(bound)); }
  bool once(std::uint64_t in) { return below(in) == 0; }
  template <typename Range>
  auto& of(Range& range) {
    return range[below(range.size())];
  }
  CommitEdge edge() { return once(2) ? CommitEdge::kBefore : CommitEdge::kAfter; }
  SimSide side() { return once(2) ? SimSide::kClient : SimSide::kRelay; }
  SimLoop::Span jump() {
    const SimLoop::Span by(below(once(4) ? 400'000'000 : 7'200'000));
    return once(2) ? by : -by;
  }

 private:
  SeededRandom random_;
};

class Run {
 public:
  Run(const Script& script, std::uint64_t seed) : script_(script), world_(seed) {}

  Verdict play();

 private:
  void begin();
  void step(const Step& step);
  void act(const Step& step, Dice& dice);
  void end();
  void struck(Fault fault);
  void noteTricks();

  static bool isUp(const SimDevice& device) { return SimPeople::isUp(device); }
  static bool isUp(const SimRelay& relay) { return relay.running() && !relay.dying() && relay.hasStore(); }
  bool takesPart(const SimDevice& device) const { return people_.takesPart(device); }
  SimDevice& anyDevice(Dice& dice) { return *world_.devices()[dice.below(world_.devices().size())]; }
  SimRelay& anyRelay(Dice& dice) { return *world_.relays()[dice.below(world_.relays().size())]; }
  AccountId otherThan(const AccountId& account, Dice& dice);
  std::vector<AccountId> partners(SimDevice& device);

  void send(SimDevice& device, Dice& dice);
  void befriend(SimDevice& device, Dice& dice);
  void addDevice(Dice& dice);
  void retireDevice(Dice& dice);
  void cut(SimDevice& device, Dice& dice);
  void silence(SimDevice& device, Dice& dice);
  void crash(SimDevice& device, Dice& dice);
  void power(SimDevice& device, Dice& dice);
  void disk(SimDisk& disk, Dice& dice);
  void fill(SimDisk& disk, Dice& dice);
  void relayCrash(SimRelay& relay, Dice& dice);
  void usePreKeysUp(SimDevice& device);
  void copyOrRestore(Dice& dice);
  void clone(Dice& dice);
  void excuseReuse();
  void relayCopyOrRestore(SimRelay& relay);
  void trick(SimRelay& relay, Dice& dice);
  void revive(Dice& dice);

  Quiet quiet_;
  const Script& script_;
  RpcWorld world_;
  std::array<std::uint64_t, kFaults> struck_{};
  std::array<std::uint64_t, kTricks> tricksNoted_{};
  std::vector<SimDevice*> primaries_;
  SimPeople people_{world_, primaries_};
  std::uint32_t added_ = 0;
  std::optional<RpcWorld::OldCopy> old_;
  bool restored_ = false;
  std::unique_ptr<SimDevice> twin_;
  std::map<const SimRelay*, SimDisk::Copy> relayCopies_;
  std::set<const SimRelay*> relaysRestored_;
};

// Accounts in a ring of acquaintances; the other pairs meet, or do not, on the way.
void Run::begin() {
  for (const char* host : {"one.example", "two.example"}) {
    SimRelay& relay = world_.addRelay(host);
    if (!has(script_.faults, Fault::kMailboxFull)) continue;
    relay.kill();
    // By number, or by size, where a small envelope still fits in behind a larger one that does not.
    relay.adjust = [bySize = world_.relays().size() == 2](relay::Options& options) {
      (bySize ? options.mailboxBytes : options.mailboxEnvelopes) = bySize ? 12 * 1024 : 12;
    };
    relay.start();
    struck(Fault::kMailboxFull);
  }
  for (std::uint32_t i = 0; i < script_.clients; ++i) {
    const std::string name = i < std::size(kNames) ? kNames[i] : "client" + std::to_string(i);
    primaries_.push_back(&world_.addAccount(name, *world_.relays()[i % 2]));
  }
  for (std::size_t i = 0; i < primaries_.size(); ++i) {
    world_.introduce(*primaries_[i], *primaries_[(i + 1) % primaries_.size()]);
  }
  world_.comeToRest();
}

Verdict Run::play() {
  try {
    begin();
    for (std::size_t i = 0; i < script_.steps.size() && world_.offences().empty(); ++i) {
      step(script_.steps[i]);
      noteTricks();
      if ((i + 1) % kStepsBetweenChecks == 0) world_.check();
    }
    if (world_.offences().empty()) end();
  } catch (const kj::Exception& broken) {
    world_.offend("threw: " + std::string(broken.getDescription().cStr()));
  } catch (const std::exception& broken) {
    world_.offend("threw: " + std::string(broken.what()));
  }
  Verdict verdict;
  verdict.offences = world_.offences();
  verdict.events = world_.loop().trace().hash();
  verdict.messages = world_.ledger().sent().size();
  verdict.span = world_.loop().elapsed();
  verdict.struck = struck_;
  if (!verdict.clean()) verdict.report = world_.report();
  return verdict;
}

void Run::step(const Step& step) {
  world_.loop().note("step " + std::to_string(step.number));
  Dice dice(step.chance);
  act(step, dice);
  world_.run(SimLoop::Span(dice.once(6) ? dice.below(60'000) : dice.below(500)));
  revive(dice);
}

// All that was broken is mended, and what was lost is to be seen by what comes after it.
void Run::end() {
  world_.calm();
  for (auto& device : world_.devices()) {
    if (people_.isCloned(*device)) people_.openClone(*device);
  }
  people_.retireGhosts();
  world_.attend([this] {
    for (auto& device : world_.devices()) {
      if (!takesPart(*device)) continue;
      people_.acceptAll(*device);
      people_.decide(*device);
    }
  });
  world_.run(1min);
  if (restored_) {
    people_.retireAgain();
    people_.giveUpUnlisted();
  }
  people_.renewInvites();
  world_.recoverAll();
  noteTricks();
  for (int round = 0; round < 2 && world_.offences().empty(); ++round) {
    for (auto& device : world_.devices()) {
      if (!takesPart(*device)) continue;
      for (const AccountId& partner : partners(*device)) world_.send(*device, partner);
    }
    world_.comeToRest();
  }
  for (int quiet = 0; quiet < kQuietMost && world_.offences().empty(); ++quiet) {
    const std::uint64_t submissions = world_.submissions();
    world_.run(5min);
    world_.comeToRest();  // the last of these minutes may have begun something
    if (world_.submissions() == submissions) break;
    if (quiet + 1 == kQuietMost) world_.offend("at rest, and still submits");
  }
  if (!world_.offences().empty()) return;
  world_.checkAtRest();
  for (const std::string& line : growth(world_)) world_.offend(line);
}

void Run::struck(Fault fault) {
  ++struck_[static_cast<std::size_t>(fault)];
  world_.ledger().excuse(excusesOf(fault));
}

void Run::noteTricks() {
  for (std::size_t i = 0; i < kTricks; ++i) {
    std::uint64_t played = 0;
    for (auto& relay : world_.relays()) played += relay->mischief().playedOf(static_cast<Trick>(i));
    for (; tricksNoted_[i] < played; ++tricksNoted_[i]) {
      world_.loop().note("played " + std::string(name(faultOf(static_cast<Trick>(i)))));
      struck(faultOf(static_cast<Trick>(i)));
    }
  }
}

void Run::act(const Step& step, Dice& dice) {
  SimDevice& device = anyDevice(dice);
  SimRelay& relay = anyRelay(dice);
  const bool up = takesPart(device);
  switch (step.act) {
    case Act::kSend:
      return send(device, dice);
    case Act::kRead:
      if (up) world_.readAll(device, otherThan(device.account(), dice));
      return;
    case Act::kBefriend:
      if (up) befriend(device, dice);
      return;
    case Act::kAccept:
      if (up) people_.acceptAll(device);
      return;
    case Act::kAddDevice:
      return addDevice(dice);
    case Act::kRetireDevice:
      return retireDevice(dice);
    case Act::kToggleOnline:
      return device.wantsOnline() ? device.goOffline() : device.goOnline();
    case Act::kCut:
      return cut(device, dice);
    case Act::kSilence:
      return silence(device, dice);
    case Act::kCrash:
      if (isUp(device)) crash(device, dice);
      return;
    case Act::kPower:
      if (isUp(device)) power(device, dice);
      return;
    case Act::kDisk:
      if (isUp(device)) struck(Fault::kDisk), disk(device.disk(), dice);
      return;
    case Act::kFull:
      if (isUp(device)) struck(Fault::kFull), fill(device.disk(), dice);
      return;
    case Act::kClock:
      struck(Fault::kClock);
      return dice.once(3) ? relay.clock().jump(dice.jump()) : device.clock().jump(dice.jump());
    case Act::kRelayCrash:
      if (isUp(relay)) relayCrash(relay, dice);
      return;
    case Act::kRelayPower:
      if (!isUp(relay)) return;
      struck(Fault::kRelayPower);
      return dice.once(2) ? relay.losePower() : relay.disk().failAt(DiskFault::kPowerLoss, 1 + dice.below(60));
    case Act::kRelayDisk:
      if (!isUp(relay)) return;
      struck(Fault::kRelayDisk);
      return dice.once(3) ? fill(relay.disk(), dice) : disk(relay.disk(), dice);
    case Act::kPreKeys:
      if (up) usePreKeysUp(device);
      return;
    case Act::kCopyOrRestore:
      return copyOrRestore(dice);
    case Act::kClone:
      return clone(dice);
    case Act::kRelayCopyOrRestore:
      if (isUp(relay)) relayCopyOrRestore(relay);
      return;
    case Act::kTrick:
      return trick(relay, dice);
  }
}

AccountId Run::otherThan(const AccountId& account, Dice& dice) {
  for (;;) {
    const AccountId& other = primaries_[dice.below(primaries_.size())]->account();
    if (other != account) return other;
  }
}

// Whom the device can write to.
std::vector<AccountId> Run::partners(SimDevice& device) {
  std::vector<AccountId> found;
  for (const SimDevice* other : primaries_) {
    if (other->account() == device.account()) continue;
    const auto contact = device.perform([&](Outbox& outbox) { return outbox.findContact(other->account()); });
    if (!contact || !*contact) continue;
    const ContactState state = (*contact)->state;
    if (state == ContactState::kAccepted || state == ContactState::kInvited) found.push_back(other->account());
  }
  return found;
}

void Run::send(SimDevice& device, Dice& dice) {
  if (!takesPart(device)) return;
  const auto to = partners(device);
  if (!to.empty()) world_.send(device, to[dice.below(to.size())]);
}

void Run::befriend(SimDevice& device, Dice& dice) {
  SimDevice& other = *dice.of(primaries_);
  if (!isUp(other) || other.account() == device.account()) return;
  const auto known = device.perform([&](Outbox& outbox) { return outbox.findContact(other.account()); });
  if (!known || *known) return;
  const auto back = other.perform([&](Outbox& outbox) { return outbox.findContact(device.account()); });
  if (!back || *back) return;
  const auto invite = other.perform([](Outbox& outbox) { return outbox.createInvite(); });
  if (!invite) return;
  device.perform([&](Outbox& outbox) { return outbox.addContact(other.name(), *invite); });
}

void Run::addDevice(Dice& dice) {
  SimDevice& primary = *dice.of(primaries_);
  if (!isUp(primary) || world_.devices().size() >= kDevicesMost) return;
  world_.addDevice(primary, primary.name() + "-" + std::to_string(++added_ + 1));
}

void Run::retireDevice(Dice& dice) {
  SimDevice& device = anyDevice(dice);
  if (std::ranges::find(primaries_, &device) != primaries_.end() || world_.isRetired(device)) return;
  for (SimDevice* primary : primaries_) {
    if (primary->account() == device.account() && isUp(*primary)) world_.retire(*primary, device);
  }
}

void Run::cut(SimDevice& device, Dice& dice) {
  struck(Fault::kCut);
  switch (dice.below(3)) {
    case 0:
      return world_.network().cutAll(device.name());
    case 1:
      return world_.network().cutNext(device.name(), {dice.side(), dice.below(8'000)});
    default:
      for (SimConnection* connection : world_.network().connections(device.name())) {
        connection->cutAfter(dice.side(), dice.below(3'000));
      }
  }
}

void Run::silence(SimDevice& device, Dice& dice) {
  struck(Fault::kSilence);
  const std::string host = dice.once(8) ? anyRelay(dice).address().name() : device.name();
  switch (dice.below(3)) {
    case 0:
      return world_.network().swallowAll(host);
    case 1:
      return world_.network().partition(host);
    default:
      for (auto& relay : world_.relays()) world_.network().heal(relay->address().name());
      return world_.network().heal(device.name());
  }
}

void Run::crash(SimDevice& device, Dice& dice) {
  struck(Fault::kCrash);
  switch (dice.below(4)) {
    case 0:
      return device.kill();
    case 1:
      return device.disk().failAt(DiskFault::kKill, 1 + dice.below(60));
    default: {
      const auto points = clientCommitPoints();
      return device.killAt({dice.of(points), dice.edge(), 1 + dice.small(4)});
    }
  }
}

void Run::power(SimDevice& device, Dice& dice) {
  struck(Fault::kPower);
  if (dice.once(3)) return device.losePower();
  device.disk().failAt(DiskFault::kPowerLoss, 1 + dice.below(60));
}

void Run::disk(SimDisk& disk, Dice& dice) {
  disk.failAt(dice.once(2) ? DiskFault::kFailWrite : DiskFault::kFailSync, 1 + dice.below(40));
}

void Run::fill(SimDisk& disk, Dice& dice) { disk.failAt(DiskFault::kFull, 1 + dice.below(40)); }

void Run::relayCrash(SimRelay& relay, Dice& dice) {
  struck(Fault::kRelayCrash);
  switch (dice.below(5)) {
    case 0:
      return relay.kill();
    case 1:
      return relay.drain();
    case 2:
      return relay.disk().failAt(DiskFault::kKill, 1 + dice.below(60));
    default: {
      const auto points = relayCommitPoints();
      return relay.killAt({dice.of(points), dice.edge(), 1 + dice.small(4)});
    }
  }
}

// As if very many strangers had asked for bundles.
void Run::usePreKeysUp(SimDevice& device) {
  SimRelay& relay = world_.home(device.account());
  if (!isUp(relay)) return;
  try {
    const auto record = relay.store().findDevice(device.self());
    if (!record || record->state != relay::DeviceRecord::State::kListed) return;
    struck(Fault::kPreKeys);
    const relay::TakePreKeyBundles take{
        device.account(), relay::LoginRef{device.self(), record->login}, {device.self().device}};
    relay.store().commit(std::vector<relay::Operation>(limits::kOneTimeKeysPublished, take));
  } catch (const std::exception&) {
    // Its disk failed, now or before: its own next commit tells.
  }
}

// One copy and one restore of one device in a run: restores are at least a day apart.
void Run::copyOrRestore(Dice&) {
  SimDevice& device = *primaries_.front();
  if (!isUp(device) || restored_) return;
  if (!old_) {
    old_.emplace(world_.copy(device));
    return;
  }
  struck(Fault::kRestore);
  world_.restore(device, *old_);
  restored_ = true;
  excuseReuse();
}

// A copy takes the link over, writes, and is gone again; what it read, the first will never see.
void Run::clone(Dice& dice) {
  SimDevice& device = *primaries_.front();
  if (!isUp(device) || restored_) return;
  struck(Fault::kClone);
  restored_ = true;
  excuseReuse();
  const auto now = world_.copy(device);
  world_.tap().noteCopied(device.self());
  world_.ledger().noteRestored(device.self(), now.order);
  twin_ = std::make_unique<SimDevice>(
      SimDevice::Place{world_.loop(), world_.network(), world_.random(), world_.directory()}, device.name() + "-twin",
      [this](SimDevice& twin, const Event& event) {
        if (std::holds_alternative<event::MessageArrived>(event)) world_.ledger().noteEvent(twin, event);
      });
  twin_->disk().putBack(now.files);
  if (!twin_->start()) return;
  twin_->goOnline();
  world_.run(SimLoop::Span(dice.below(60'000)));
  const AccountId to = otherThan(device.account(), dice);
  twin_->perform([&](Outbox& outbox) { return outbox.send(to, "from a twin"); });
  world_.run(SimLoop::Span(dice.below(60'000)));
  world_.tap().learnKeys(twin_->self(), twin_->db());
  twin_->kill();
  twin_.reset();
  if (!device.running() || device.dying()) return;
  device.goOffline();
  device.goOnline();
}

void Run::relayCopyOrRestore(SimRelay& relay) {
  if (relaysRestored_.contains(&relay)) return;
  const auto old = relayCopies_.find(&relay);
  if (old == relayCopies_.end()) {
    relayCopies_[&relay] = relay.disk().copy();
    return;
  }
  struck(Fault::kRelayRestore);
  relaysRestored_.insert(&relay);
  world_.restore(relay, old->second);
  excuseReuse();
}

// A relay and a database that both went back may have met at one anchor.
void Run::excuseReuse() {
  const AccountId& account = primaries_.front()->account();
  if (restored_ && relaysRestored_.contains(&world_.home(account))) world_.tap().excuseReuse(account);
}

void Run::trick(SimRelay& relay, Dice& dice) {
  std::vector<Trick> possible;
  for (std::size_t i = 0; i < kTricks; ++i) {
    if (has(script_.faults, faultOf(static_cast<Trick>(i)))) possible.push_back(static_cast<Trick>(i));
  }
  relay.mischief().allow(dice.of(possible), 1 + dice.small(4));
}

// What is down comes up again after a while, and disks are emptied.
void Run::revive(Dice& dice) {
  for (auto& device : world_.devices()) {
    if (device->disk().isFull() && dice.once(5)) device->disk().heal();
    if (!device->running() && dice.once(3)) device->start();
    if (people_.isCloned(*device) && dice.once(3)) people_.openClone(*device);
  }
  for (auto& relay : world_.relays()) {
    if (relay->disk().isFull() && dice.once(5)) relay->disk().heal();
    if (!relay->running() && dice.once(4)) relay->start();
  }
}

}  // namespace

Verdict play(const Script& script, std::uint64_t seed) { return Run(script, seed).play(); }

std::string Verdict::kind() const {
  if (offences.empty()) return {};
  const std::string& line = offences.front();
  std::string kind;
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (c < '0' || c > '9')) kind += c;
  }
  for (const char* name : kNames) {
    if (kind.starts_with(name)) kind.erase(0, kind.find(' '));
  }
  return kind;
}

}  // namespace waxwing::testing
