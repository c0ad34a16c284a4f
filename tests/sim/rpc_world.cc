#include "tests/sim/rpc_world.h"

#include <stdexcept>
#include <utility>

#include "session/invite.h"
#include "store/client/contact_table.h"
#include "tests/support/test_device.h"

namespace waxwing::testing {

using namespace std::chrono_literals;

namespace {

// Long enough for back-offs, pings and timeouts, short against the bound of a test.
constexpr auto kGlance = 5s;
constexpr auto kMeeting = 30min;

std::string number(auto value) { return std::to_string(static_cast<int>(value)); }

// What a person is told when the disk is full or the device has just died.
bool isListed(relay::MailboxStore& store, const DeviceAddress& device) {
  try {
    const auto record = store.findDevice(device);
    return record && record->state == relay::DeviceRecord::State::kListed;
  } catch (const StoreFailure&) {
    return false;  // its disk failed, and nobody has noticed yet
  }
}

bool isDiskFailure(const SimDevice& device, const Error& error) {
  return device.dying() || device.failed() || error.code == Errc::kStoreFull;
}

constexpr std::uint64_t kLongTextEvery = 5;
constexpr std::size_t kLongTextBytes = 3000;

std::string described(const LinkState& state) {
  return "link " + number(state.kind) + " stop " + number(state.stop) + " " + state.detail;
}

std::string described(const Event& event) {
  if (const auto* arrived = std::get_if<event::MessageArrived>(&event))
    return "arrived " + SimLedger::nameOf(arrived->item.text);
  if (const auto* changed = std::get_if<event::MessageChanged>(&event)) {
    return "state " + number(changed->state) + " pending " + number(changed->pending);
  }
  if (const auto* note = std::get_if<event::TimelineNote>(&event)) return "line of kind " + number(note->item.kind);
  if (const auto* link = std::get_if<event::LinkChanged>(&event)) return described(link->state);
  if (const auto* restored = std::get_if<event::Restored>(&event)) return "restored " + number(restored->what);
  if (std::holds_alternative<event::ContactChanged>(event)) return "a contact changed";
  if (std::holds_alternative<event::CaughtUp>(event)) return "caught up";
  if (const auto* failed = std::get_if<event::Failed>(&event)) return "failed: " + failed->cause.message;
  return "own devices changed";
}

}  // namespace

RpcWorld::RpcWorld(std::uint64_t seed) : random_(seed), network_(loop_, random_), forger_(tap_, random_) {
  tap_.addSecret(kMarker);
}

RpcWorld::~RpcWorld() noexcept(false) = default;

// Cast.

SimRelay& RpcWorld::addRelay(const std::string& host) {
  relays_.push_back(std::make_unique<SimRelay>(SimRelay::Place{loop_, network_, random_, directory_.path()},
                                               RelayAddress{host, 7077, {}}, [this](const relay::Submit& batch) {
                                                 ++submissions_;
                                                 tap_.onSubmit(batch);
                                               }));
  relays_.back()->forge = [this](const DeviceAddress& mailbox, const relay::QueuedEnvelope& genuine) {
    return forge(mailbox, genuine);
  };
  relays_.back()->start();
  return *relays_.back();
}

SimDevice& RpcWorld::addAccount(const std::string& name, SimRelay& home) {
  devices_.push_back(
      std::make_unique<SimDevice>(SimDevice::Place{loop_, network_, random_, directory_.path()}, name,
                                  [this](SimDevice& device, const Event& event) { onEvent(device, event); }));
  SimDevice& device = *devices_.back();
  observeStarts(device);
  device.create(home.address());
  homes_[device.account()] = &home;
  ledger_.addDevice(device.self());
  unlisted_.insert(device.self());
  tap_.addAccount(device.account());
  device.goOnline();
  return device;
}

void RpcWorld::observeStarts(SimDevice& device) {
  device.onStart = [this](SimDevice& started) {
    ledger_.noteStart(started);
    settleRetired(started);
  };
}

// Whether a primary that was killed over it had retired a device.
void RpcWorld::settleRetired(SimDevice& primary) {
  const auto listed = primary.perform([](Outbox& outbox) { return outbox.devices(); });
  if (!listed || std::ranges::none_of(*listed, [](const auto& one) { return one.primary && one.self; })) return;
  for (auto& device : devices_) {
    if (device->account() != primary.account() || perhapsRetired_.erase(device->self()) == 0) continue;
    const bool isListed =
        std::ranges::any_of(*listed, [&](const OwnDeviceInfo& one) { return one.id == device->self().device; });
    if (!isListed) giveUp(*device);
  }
}

SimDevice* RpcWorld::addDevice(SimDevice& primary, const std::string& name) {
  auto device = std::make_unique<SimDevice>(SimDevice::Place{loop_, network_, random_, directory_.path()}, name,
                                            [this](SimDevice& which, const Event& event) { onEvent(which, event); });
  const std::string request = device->request(primary.account());
  const auto grant = primary.perform([&](Outbox& outbox) { return outbox.grantDevice(request); });
  if (!grant) return nullptr;
  device->join(*grant);
  ledger_.addDevice(device->self());
  observeStarts(*device);
  unlisted_.insert(device->self());
  device->goOnline();
  devices_.push_back(std::move(device));
  return devices_.back().get();
}

bool RpcWorld::retire(SimDevice& primary, const SimDevice& device) {
  const auto done = primary.perform([&](Outbox& outbox) { return outbox.retireDevice(device.self().device); });
  if (done) {
    giveUp(device);
  } else {
    perhapsRetired_.insert(device.self());
  }
  return done.has_value();
}

void RpcWorld::giveUp(const SimDevice& device) {
  ledger_.retireDevice(device.self());
  retired_.insert(device.self());
  unlisted_.erase(device.self());
}

void RpcWorld::introduce(SimDevice& inviter, SimDevice& invited) {
  const Invite invite = must(inviter.perform([](Outbox& outbox) { return outbox.createInvite(); }));
  run(kGlance);  // the inviter publishes it
  must(invited.perform([&](Outbox& outbox) { return outbox.addContact(inviter.name(), invite); }));
  const auto stateAt = [](SimDevice& at, const AccountId& of) -> std::optional<ContactState> {
    const auto contact = must(at.perform([&](Outbox& outbox) { return outbox.findContact(of); }));
    return contact ? std::optional(contact->state) : std::nullopt;
  };
  if (!runUntil([&] { return stateAt(inviter, invited.account()) == ContactState::kRequested; }, kMeeting)) {
    throw std::runtime_error("the contact request does not arrive\n" + report());
  }
  must(inviter.perform([&](Outbox& outbox) { return outbox.acceptContact(invited.account(), invited.name()); }));
  if (!runUntil([&] { return stateAt(invited, inviter.account()) == ContactState::kAccepted; }, kMeeting)) {
    throw std::runtime_error("the acceptance does not arrive\n" + report());
  }
}

std::optional<relay::QueuedEnvelope> RpcWorld::forge(const DeviceAddress& mailbox,
                                                     const relay::QueuedEnvelope& genuine) {
  for (auto& device : devices_) {
    if (device->self() == mailbox && isWhole(*device)) tap_.learnKeys(mailbox, device->db());
  }
  for (const auto& [account, relay] : homes_) {
    if (!relay->hasStore()) continue;
    if (auto held = relay->store().findManifest(account)) forger_.learnManifest(account, std::move(held->bytes));
  }
  return forger_.forge(mailbox, genuine);
}

// Acts.

// Some are long: envelopes differ in size, and in what still fits into a mailbox that is nearly full.
std::string RpcWorld::nextText(const SimDevice& from) {
  std::string text = std::string(kMarker) + " " + std::to_string(++texts_) + " from " + from.name();
  return texts_ % kLongTextEvery == 0 ? text + "\n" + std::string(kLongTextBytes, '.') : text;
}

std::optional<MessageId> RpcWorld::send(SimDevice& from, const AccountId& to) {
  std::string text = nextText(from);
  const auto id = from.perform([&](Outbox& outbox) { return outbox.send(to, text); });
  if (!id) {
    if (!isDiskFailure(from, id.error())) throw std::runtime_error("send: " + id.error().message);
    return std::nullopt;
  }
  loop_.note("send " + SimLedger::nameOf(text));
  noticeListed();
  ledger_.noteSent(*id, from.self(), to, std::move(text));
  return *id;
}

void RpcWorld::readAll(SimDevice& device, const AccountId& conversation) {
  const auto items = device.perform([&](Outbox& outbox) { return outbox.messages(conversation, {.most = 100'000}); });
  if (!items || items->empty()) return;
  const auto note = [&](SimLedger::Reading reading) {
    for (const TimelineItem& item : *items) {
      if (!item.mine) ledger_.noteRead(device.self(), item.id, reading);
    }
  };
  note(SimLedger::Reading::kBegun);
  const std::int64_t last = items->back().position;
  const auto done = device.perform([&](Outbox& outbox) { return outbox.markRead(conversation, last); });
  if (done) return note(SimLedger::Reading::kDone);
  if (!isDiskFailure(device, done.error())) throw std::runtime_error("read: " + done.error().message);
}

RpcWorld::OldCopy RpcWorld::copy(const SimDevice& device) { return {device.copy(), ledger_.order()}; }

void RpcWorld::restore(SimDevice& device, const OldCopy& old) {
  if (isWhole(device)) tap_.learnKeys(device.self(), device.db());
  tap_.noteCopied(device.self());
  device.restore(old.files);
  ledger_.noteRestored(device.self(), old.order);
}

void RpcWorld::recover(SimDevice& device) {
  comeToRest();
  ledger_.noteRecovered(device.self());
}

void RpcWorld::recoverAll() {
  comeToRest();
  for (auto& device : devices_) ledger_.noteRecovered(device->self());
}

void RpcWorld::onEvent(SimDevice& device, const Event& event) {
  loop_.note(device.name() + ": " + described(event));
  ledger_.noteEvent(device, event);
}

// Time.

void RpcWorld::reap() {
  for (auto& device : devices_) {
    if (device->running() && device->dying()) device->kill();
    if (device->failed()) device->close();
  }
  for (auto& relay : relays_) {
    if (relay->dying()) relay->kill();
  }
}

void RpcWorld::noticeListed() {
  std::erase_if(unlisted_, [&](const DeviceAddress& device) {
    SimRelay& relay = home(device.account);
    if (!relay.running() || !relay.hasStore() || relay.dying()) return false;
    if (!isListed(relay.store(), device)) return false;
    ledger_.noteListed(device);
    return true;
  });
}

void RpcWorld::restore(SimRelay& relay, const SimDisk::Copy& old) {
  relay.restore(old);
  if (!relay.running() || !relay.hasStore()) return;
  for (const auto& device : devices_) {
    const DeviceAddress address = device->self();
    if (&home(address.account) != &relay || isRetired(*device) || unlisted_.contains(address)) continue;
    if (isListed(relay.store(), address)) continue;
    unlisted_.insert(address);
    ledger_.noteUnlisted(address);
  }
}

void RpcWorld::run(Span span) {
  runUntil([] { return false; }, span);
  const Span left = span - (loop_.elapsed() - lastRunBegan_);
  if (left > 0ms) loop_.runFor(left);
}

bool RpcWorld::runUntil(const std::function<bool()>& predicate, Span bound) {
  lastRunBegan_ = loop_.elapsed();
  reap();
  return loop_.runUntil(
      [&] {
        reap();
        return predicate();
      },
      bound);
}

bool RpcWorld::comeToRest(Span bound) {
  calm();
  const Span until = loop_.elapsed() + bound;
  std::string why;
  while (!isAtRest(&why)) {
    if (loop_.elapsed() > until) {
      unrest_.push_back("no rest: " + why);
      return false;
    }
    run(kGlance);
    attend_();
  }
  return true;
}

void RpcWorld::calm() {
  reap();
  for (auto& relay : relays_) {
    network_.heal(relay->address().name());
    if (relay->hasPlayed() && relay->running()) relay->kill();  // forgets what it made its clients believe
    relay->spare();
    if (!relay->running() && !relay->start()) unrest_.push_back(relay->address().host + " does not start");
  }
  for (auto& device : devices_) {
    network_.heal(device->name());
    device->spare();
    if (!device->running() && !device->start()) unrest_.push_back(device->name() + " does not start");
    if (device->running() && !isRetired(*device)) device->goOnline();
  }
}

bool RpcWorld::isAtRest(std::string* why) {
  for (auto& device : devices_) {
    if (isRetired(*device)) continue;
    const std::string reason = owes(*device);
    if (reason.empty()) continue;
    if (why != nullptr) *why = device->name() + " " + reason;
    return false;
  }
  return true;
}

bool RpcWorld::isUnanswered(SimDevice& device, const OutboxItem& item) {
  const auto contact = must(device.perform([&](Outbox& outbox) { return outbox.findContact(item.to); }));
  return contact && contact->state == ContactState::kInvited;
}

// The other device and its relay have both lost, unnoticed, what it published: keys older than `device` has seen are
// not taken until the other's clock has passed those.
bool RpcWorld::awaitsKeys(SimDevice& device, const OutboxItem& item) {
  const DeviceAddress to{item.to, item.device};
  auto find = device.db().prepare("SELECT counter FROM keys_seen WHERE account = ?1 AND device = ?2");
  Rows seen = find.query(to.account, to.device);
  if (!seen.next() || !home(to.account).hasStore()) return false;
  const auto held = home(to.account).store().findKeyStatus(to);
  return held && held->counter < static_cast<std::uint64_t>(seen.integer(0));
}

// Why the device is not at rest; empty: it is.
std::string RpcWorld::owes(SimDevice& device) {
  if (!isWhole(device)) return "is down";
  const LinkState link = device.link();
  if (link.kind != LinkState::Kind::kOnline) {
    return "is not online: " + described(link);
  }
  auto queued = must(device.perform([](Outbox& outbox) { return outbox.outbox(); }));
  if (ledger_.excuses().stuck) {
    std::erase_if(queued,
                  [&](const OutboxItem& item) { return isUnanswered(device, item) || awaitsKeys(device, item); });
  }
  if (!queued.empty()) {
    return "owes " + std::to_string(queued.size()) + ", the first a " + queued.front().kind + " (reason " +
           std::to_string(static_cast<int>(queued.front().reason)) + ", " + queued.front().lastAnswer + ")";
  }
  if (!must(device.perform([](Outbox& outbox) { return outbox.settled(); }))) return "is not settled";
  if (!home(device.account()).hasStore()) return "has a relay without its store";
  const auto position = home(device.account()).store().findPosition(device.self());
  if (!position) return "has no mailbox";
  if (position->acknowledged != position->last) {
    return "has acknowledged " + std::to_string(position->acknowledged) + " of " + std::to_string(position->last);
  }
  return {};
}

// Judgement.

void RpcWorld::check() {
  reap();
  std::vector<SimDevice*> whole;
  for (auto& device : devices_) {
    if (!isWhole(*device)) continue;
    tap_.learnKeys(device->self(), device->db());
    whole.push_back(device.get());
  }
  tap_.openWaiting();
  ledger_.check(whole);
}

void RpcWorld::checkAtRest() {
  check();
  std::vector<SimDevice*> present;
  for (auto& device : devices_) {
    if (isWhole(*device) && !isRetired(*device)) present.push_back(device.get());
  }
  for (SimDevice* device : present) noteStrangers(*device);
  ledger_.checkAtRest(present);
}

// A device that was retired may make friends until it hears of that, and its siblings do not listen to it any more.
void RpcWorld::noteStrangers(SimDevice& device) {
  const auto knows = [](SimDevice& who, const AccountId& account) {
    return ContactTable(who.db()).state(account) != 0;
  };
  for (const auto& retired : devices_) {
    if (retired->account() != device.account() || !isWhole(*retired) || !isRetired(*retired)) continue;
    for (const auto& other : devices_) {
      const AccountId& account = other->account();
      if (account == device.account() || knows(device, account) || !knows(*retired, account)) continue;
      ledger_.noteStranger(device.self(), account);
    }
  }
}

std::vector<std::string> RpcWorld::offences() const {
  std::vector<std::string> all = unrest_;
  all.insert(all.end(), ledger_.offences().begin(), ledger_.offences().end());
  for (const auto& relay : relays_) all.insert(all.end(), relay->offences().begin(), relay->offences().end());
  all.insert(all.end(), tap_.offences().begin(), tap_.offences().end());
  return all;
}

std::string RpcWorld::report() const {
  std::string text;
  for (const std::string& offence : offences()) text += "- " + offence + "\n";
  text += "The end of the trace:\n" + loop_.trace().tail();
  for (const auto& device : devices_) text += reportOn(*device);
  return text;
}

std::string RpcWorld::reportOn(SimDevice& device) const {
  if (!isWhole(device)) return device.name() + " is down\n";
  std::string text = device.name() + " " + described(device.link()) + "\n";
  const auto queued = device.perform([](Outbox& outbox) { return outbox.outbox(); });
  if (!queued) return text + "  " + queued.error().message + "\n";
  for (const OutboxItem& item : *queued) {
    text += "  owes " + item.kind + " to device " + std::to_string(item.device.value()) + ", reason " +
            number(item.reason) + ", " + std::to_string(item.attempts) + " attempts, " + item.lastAnswer + "\n";
  }
  for (const auto& other : devices_) {
    const auto contact = device.perform([&](Outbox& outbox) { return outbox.findContact(other->account()); });
    if (!contact || !*contact || (*contact)->state == ContactState::kAccepted) continue;
    text += "  knows " + other->name() + " in state " + number((*contact)->state) + "\n";
  }
  auto find = device.db().prepare("SELECT code, reason, count(*) FROM refusal GROUP BY code, reason");
  Rows rows = find.query();
  while (rows.next()) {
    text += "  refused " + std::to_string(rows.integer(2)) + " times (" + std::to_string(rows.integer(0)) + ") " +
            rows.text(1) + "\n";
  }
  return text;
}

}  // namespace waxwing::testing
