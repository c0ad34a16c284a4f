#include "tests/support/world.h"

#include <map>
#include <stdexcept>

#include "crypto/text.h"
#include "session/device_link.h"
#include "session/envelope.h"
#include "session/pre_keys.h"
#include "store/client/client_database.h"

namespace waxwing::testing {

namespace {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

}  // namespace

// WorldClient

WorldClient::WorldClient(World& world, std::string name, std::uint64_t seed)
    : world_(world), name_(std::move(name)), random_(seed), key_(32, 0x42) {
  std::filesystem::create_directory(directory());
}

WorldClient::~WorldClient() { kill(); }

std::filesystem::path WorldClient::directory() const { return world_.directory / name_; }

void WorldClient::openDatabase(Database::Existing existing) {
  db_ = must(openClientDatabase({.path = directory() / "profile.db", .key = key_, .existing = existing}));
  db_->onCommitPoint([this](CommitPoint point, CommitEdge edge) {
    if (!crashWhen_ || !crashWhen_(point, edge)) return;
    crashWhen_ = nullptr;
    throw Crash{};
  });
}

void WorldClient::start() {
  outbox_ = must(Outbox::open(
      *db_, {.clock = world_.clock, .random = random_, .restoreMarker = marker_, .onEvent = [this](const Event& event) {
               events.push_back(event);
             }}));
  address_ = outbox_->self();
  link_ =
      std::make_unique<WorldLink>(world_.network, *outbox_, [this](const std::function<void()>& what) { run(what); });
  outbox_->connect(*link_);
  if (online_) link_->goOnline();
}

void WorldClient::open() {
  openDatabase(Database::Existing::kMustExist);
  run([this] { start(); });
}

void WorldClient::kill() {
  link_.reset();
  outbox_.reset();
  db_.reset();
}

// A crash unwinds to here; the client is taken apart when nothing of it is on the stack any more.
void WorldClient::run(const std::function<void()>& what) {
  if (dying_) return;
  try {
    what();
  } catch (const Crash&) {
    ++crashes_;
    dying_ = true;
    world_.agenda.after(std::chrono::milliseconds(0), [this] {
      kill();
      dying_ = false;
    });
  }
}

bool WorldClient::attempt(const std::function<void()>& what) {
  const std::size_t before = crashes_;
  run(what);
  if (crashes_ == before) return true;
  world_.runFor(std::chrono::milliseconds(0));
  return false;
}

void WorldClient::crashAt(CommitPoint point, CommitEdge edge, int nth) {
  crashWhen_ = [point, edge, nth](CommitPoint passed, CommitEdge at) mutable {
    return passed == point && at == edge && --nth == 0;
  };
}

void WorldClient::crashAfterEdges(int nth) {
  crashWhen_ = [nth](CommitPoint, CommitEdge) mutable { return --nth == 0; };
}

void WorldClient::goOnline() {
  online_ = true;
  run([this] { link_->goOnline(); });
}

void WorldClient::goOffline() {
  online_ = false;
  run([this] { link_->goOffline(); });
  world_.runFor(std::chrono::milliseconds(1));
}

void WorldClient::copyAside(std::string_view as) {
  const bool running = isRunning();
  kill();
  std::filesystem::remove_all(world_.directory / as);
  std::filesystem::copy(directory(), world_.directory / as, std::filesystem::copy_options::recursive);
  if (running) open();
}

void WorldClient::putBack(std::string_view from) {
  const bool running = isRunning();
  kill();
  std::filesystem::remove_all(directory());
  std::filesystem::copy(world_.directory / from, directory(), std::filesystem::copy_options::recursive);
  if (running) open();
}

std::vector<std::string> WorldClient::texts(const AccountId& with) {
  std::vector<std::string> found;
  for (const auto& item : outbox_->messages(with, {.most = 100'000})) {
    if (item.kind == TimelineItem::Kind::kText) found.push_back(item.text);
  }
  return found;
}

std::vector<std::string> WorldClient::writtenBy(const DeviceAddress& author, const AccountId& with) {
  std::vector<std::string> found;
  for (const auto& item : outbox_->messages(with, {.most = 100'000})) {
    if (item.kind == TimelineItem::Kind::kText && item.author == author) found.push_back(item.text);
  }
  return found;
}

std::vector<std::string> WorldClient::received(const AccountId& from) {
  std::vector<std::string> found;
  for (const auto& item : outbox_->messages(from, {.most = 100'000})) {
    if (item.kind == TimelineItem::Kind::kText && !item.mine) found.push_back(item.text);
  }
  return found;
}

std::size_t WorldClient::count(const AccountId& with, TimelineItem::Kind kind) {
  const auto items = outbox_->messages(with, {.most = 100'000});
  return static_cast<std::size_t>(std::ranges::count(items, kind, &TimelineItem::kind));
}

std::vector<DeliveryState> WorldClient::states(const AccountId& with) {
  std::vector<DeliveryState> found;
  for (const auto& item : outbox_->messages(with, {.most = 100'000})) {
    if (item.kind == TimelineItem::Kind::kText && item.mine) found.push_back(item.state);
  }
  return found;
}

void WorldClient::readAll(const AccountId& with) { must(outbox_->markRead(with, INT64_MAX)); }

// World

World::World(std::uint64_t seed, relay::StoreLimits limits) : random(seed), seed_(seed), limits_(limits) {
  addRelay("relay.example");
}

WorldRelay& World::addRelay(std::string host) {
  const RelayAddress address{.host = host, .port = 7443, .certificate = {}};
  relays_.push_back(std::make_unique<WorldRelay>(directory / (host + ".db"), address, limits_));
  network.relays[address.name()] = relays_.back().get();
  return *relays_.back();
}

WorldClient& World::addAccount(std::string name) { return addAccount(std::move(name), relay()); }

WorldClient& World::addAccount(std::string name, WorldRelay& at) {
  const std::uint64_t seed = seed_ * 1000 + clients_.size();
  WorldClient& client = *clients_.emplace_back(std::make_unique<WorldClient>(*this, std::move(name), seed));
  client.openDatabase(Database::Existing::kMustNotExist);
  Transaction transaction(*client.db_, CommitPoint::kCreateProfile);
  must(OwnDevice::createAccount(transaction, at.address(), clock, client.random_));
  transaction.commit();
  client.start();
  client.goOnline();
  if (!settle()) throw std::runtime_error("a new account does not settle");
  return client;
}

WorldClient& World::addDevice(WorldClient& primary, std::string name) {
  const std::uint64_t seed = seed_ * 1000 + clients_.size();
  WorldClient& client = *clients_.emplace_back(std::make_unique<WorldClient>(*this, std::move(name), seed));
  client.openDatabase(Database::Existing::kMustNotExist);
  Transaction transaction(*client.db_, CommitPoint::kCreateProfile);
  const auto request = must(makeDeviceRequest(transaction, primary.account(), clock, client.random_));
  transaction.commit();
  const std::string grant = must(primary.outbox().grantDevice(request.text()));
  if (!settle()) throw std::runtime_error("granting a device does not settle");
  must(Outbox::join(*client.db_, grant, clock, client.random_));
  client.start();
  client.goOnline();
  if (!settle()) throw std::runtime_error("a new device does not settle");
  return client;
}

void World::meet(WorldClient& a, WorldClient& b) {
  const Invite invite = must(b.outbox().createInvite());
  settle();
  must(a.outbox().addContact(b.name(), invite));
  settle();
  must(b.outbox().acceptContact(a.account(), a.name()));
  settle();
}

// Does the next thing that is due until `until`; false if there is none.
bool World::step(WallTime until) {
  WorldClient* due = nullptr;
  std::optional<WallTime> at = agenda.next();
  for (const auto& client : clients_) {
    if (!client->isRunning() || client->dying_) continue;
    const auto deadline = client->outbox().nextDeadline();
    if (!deadline || (at && *at <= *deadline)) continue;
    at = deadline;
    due = client.get();
  }
  if (!at || *at > until) return false;
  if (due == nullptr) {
    agenda.doNext();
    return true;
  }
  if (*at > clock.now()) clock.set(*at);
  due->run([due] { due->outbox().tick(); });
  return true;
}

void World::runFor(std::chrono::milliseconds span) {
  const WallTime until = clock.now() + span;
  for (int idle = 0; step(until);) {
    idle = clock.now() < until ? idle + 1 : 0;
    if (idle > 200'000) throw std::runtime_error("the world does not come to rest");
  }
  if (clock.now() < until) clock.set(until);
}

bool World::settle() {
  const WallTime until = clock.now() + std::chrono::minutes(10);
  const auto settled = [this] {
    if (!agenda.empty()) return false;
    return std::ranges::all_of(clients_, [](const auto& client) {
      return !client->isRunning() || client->dying_ || client->outbox().settled();
    });
  };
  std::uint64_t steps = 0;
  while (!settled()) {
    if (++steps > 100'000) throw std::runtime_error("the world does not come to rest");
    if (!step(until)) return false;
  }
  return true;
}

namespace {

// Just enough of protocol buffers to find a field of a libsignal message.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;
  ByteView bytes;
};

std::uint64_t readVarint(ByteView& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return value;
}

std::vector<Field> readFields(ByteView bytes) {
  std::vector<Field> fields;
  while (!bytes.empty()) {
    const std::uint64_t tag = readVarint(bytes);
    Field field{.number = tag >> 3, .integer = 0, .bytes = {}};
    if ((tag & 7) == 0) {
      field.integer = readVarint(bytes);
    } else if ((tag & 7) == 2) {
      const std::uint64_t size = readVarint(bytes);
      if (size > bytes.size()) break;
      field.bytes = bytes.first(size);
      bytes = bytes.subspan(size);
    } else {
      break;
    }
    fields.push_back(field);
  }
  return fields;
}

const Field* fieldOf(const std::vector<Field>& fields, std::uint64_t number) {
  const auto found = std::ranges::find(fields, number, &Field::number);
  return found == fields.end() ? nullptr : &*found;
}

// Ratchet key and counter (hex and decimal) of a ciphertext, and the message that they protect.
std::pair<std::string, Bytes> messageKeyOf(const Envelope& envelope) {
  ByteView message = ByteView(envelope.ciphertext).subspan(1);
  Bytes inner;
  if (envelope.kind == CipherKind::kPreKey) {
    const auto outer = readFields(message);
    inner = toBytes(fieldOf(outer, 4)->bytes);
    message = ByteView(inner).subspan(1);
  }
  const auto fields = readFields(message.first(message.size() - 8));
  const Field* counter = fieldOf(fields, 2);
  const std::string name = toHex(fieldOf(fields, 1)->bytes) + "/" + std::to_string(counter ? counter->integer : 0);
  return {name, toBytes(fieldOf(fields, 4)->bytes)};
}

}  // namespace

std::string World::findKeyReuse() {
  std::map<std::string, Bytes> seen;
  std::size_t opened = 0;
  for (const auto& client : clients_) {
    if (!client->isRunning()) continue;
    const OwnDevice self = must(OwnDevice::load(*client->db_));
    PreKeys preKeys(*client->db_, self, clock, random);
    for (const auto& relay : relays_) {
      for (const auto& submitted : relay->wire) {
        if (DeviceAddress{submitted.to, submitted.envelope.device} != client->address()) continue;
        const auto to = sealedTo(submitted.envelope.payload);
        const auto key = to ? preKeys.findSealKey(to->sealKeyId) : std::nullopt;
        const auto envelope = key ? openEnvelope(submitted.envelope.payload, *key) : fail(Errc::kUnknownSealKey, "");
        if (!envelope) continue;
        ++opened;
        const auto [name, ciphertext] = messageKeyOf(*envelope);
        const auto [held, fresh] = seen.emplace(name, ciphertext);
        if (!fresh && held->second != ciphertext) return "two ciphertexts under one message key: " + name;
      }
    }
  }
  return opened == 0 ? "nothing on the wire could be looked at" : "";
}

}  // namespace waxwing::testing
