#include "tests/fuzz/relay_scene.h"

#include <capnp/serialize.h>

#include <filesystem>

#include "rpc/relay/convert.h"
#include "session/login.h"
#include "store/relay/sqlcipher_mailbox_store.h"
#include "tests/support/test_device.h"

namespace waxwing::fuzz {
namespace {

using testing::must;
using testing::TestAccount;
using testing::TestClient;

class NotingStream final : public kj::AsyncIoStream {
 public:
  NotingStream(kj::Own<kj::AsyncIoStream> inner, std::vector<Bytes>& written)
      : inner_(kj::mv(inner)), written_(written) {}

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override {
    return inner_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    const auto* bytes = static_cast<const std::uint8_t*>(buffer);
    written_.emplace_back(bytes, bytes + size);
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    for (const auto& piece : pieces) written_.emplace_back(piece.begin(), piece.end());
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }

 private:
  kj::Own<kj::AsyncIoStream> inner_;
  std::vector<Bytes>& written_;
};

class Nowhere final : public kj::AsyncOutputStream {
 public:
  kj::Promise<void> write(const void*, std::size_t) override { return kj::READY_NOW; }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>) override { return kj::READY_NOW; }
  kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
};

// The store on disk, opened once and put back after a run that wrote.
class StoreBox {
 public:
  StoreBox() {
    std::filesystem::create_directory(directory_ / "first");
    auto store = open(directory_ / "first", Database::Existing::kMustNotExist);
    fill(*store);
  }

  const RelayCast& cast() const { return cast_; }
  void noteWritten() { written_ = true; }
  relay::MailboxStore& fresh() {
    if (!written_) return *store_;
    store_.reset();
    const auto path = directory_ / "run";
    std::filesystem::remove_all(path);
    std::filesystem::copy(directory_ / "first", path, std::filesystem::copy_options::recursive);
    store_ = open(path, Database::Existing::kMustExist);
    written_ = false;
    return *store_;
  }

 private:
  static std::unique_ptr<relay::MailboxStore> open(const std::filesystem::path& directory,
                                                   Database::Existing existing) {
    const Bytes key(32, 'k');
    relay::SqlcipherStoreOptions options;
    options.path = directory / "relay.db";
    options.key = key;
    options.existing = existing;
    return must(relay::openSqlcipherStore(options));
  }

  template <typename Op>
  static auto commit(relay::MailboxStore& store, Op operation) {
    const relay::Operation operations[] = {std::move(operation)};
    return std::get<relay::OutcomeOf<Op>>(std::move(store.commit(operations).front()));
  }
  static relay::LoginRef logIn(relay::MailboxStore& store, const TestAccount& account) {
    return commit(store, relay::Login{account.address(), account.deviceKey().publicKey()}).login;
  }
  static void moveIn(relay::MailboxStore& store, const TestAccount& account, const Bytes& accessKey) {
    commit(store, relay::Register{relay::factsOf(account.manifest())});
    commit(store, relay::SetAccessKeys{logIn(store, account), {relay::hashAccessKey(testing::toData(accessKey))}, {}});
  }
  void fill(relay::MailboxStore& store) {
    moveIn(store, cast_.alice, cast_.aliceKey);
    moveIn(store, cast_.bob, cast_.bobKey);
    relay::PublishKeys keys;
    keys.login = logIn(store, cast_.alice);
    keys.signedKeys = toBytes(cast_.alice.keys(12).bytes());
    keys.counter = 12;
    for (std::uint32_t id = 1; id <= 3; ++id) {
      keys.oneTime.push_back({id, CurveKeyPair::fromSecret(Bytes(32, static_cast<std::uint8_t>(id))).publicKey()});
    }
    commit(store, std::move(keys));
    relay::Submit batch;
    batch.account = cast_.alice.id();
    batch.access = relay::KeyHolder{relay::hashAccessKey(testing::toData(cast_.aliceKey)), 1};
    batch.manifestVersion = cast_.alice.version();
    for (std::uint8_t i = 1; i <= 2; ++i) {
      batch.envelopes.push_back({*EnvelopeId::from(Bytes(16, i)), DeviceId::fromTrusted(1), Bytes(300, i)});
    }
    require(commit(store, std::move(batch)).items.size() == 2, "the cast cannot be set up");
  }

  RelayCast cast_;
  testing::TemporaryDirectory directory_{testing::TemporaryDirectory::fastParent()};
  std::unique_ptr<relay::MailboxStore> store_;
  bool written_ = true;
};

StoreBox& box() {
  static StoreBox only;
  return only;
}

// The box's store, lent to a queue that wants one of its own.
class LentStore final : public relay::MailboxStore {
 public:
  explicit LentStore(MailboxStore& store) : store_(store) {}

  std::vector<relay::Outcome> commit(std::span<const relay::Operation> operations) override {
    box().noteWritten();
    return store_.commit(operations);
  }
  std::vector<relay::QueueItem> readPage(const DeviceAddress& mailbox, std::uint64_t after,
                                         const relay::PageLimits& limits) override {
    return store_.readPage(mailbox, after, limits);
  }
  std::optional<relay::Position> findPosition(const DeviceAddress& mailbox) override {
    return store_.findPosition(mailbox);
  }
  std::optional<relay::HeldManifest> findManifest(const AccountId& account) override {
    return store_.findManifest(account);
  }
  std::optional<relay::DeviceRecord> findDevice(const DeviceAddress& device) override {
    return store_.findDevice(device);
  }
  std::optional<relay::KeyStatus> findKeyStatus(const DeviceAddress& device) override {
    return store_.findKeyStatus(device);
  }
  std::optional<relay::KeyClass> findAccess(const AccountId& account, const AccessKeyHash& key) override {
    return store_.findAccess(account, key);
  }
  std::vector<relay::Bundle> readPublishedKeys(const AccountId& account, std::span<const DeviceId> devices) override {
    return store_.readPublishedKeys(account, devices);
  }
  std::vector<relay::QueueItem> readSetAside(const DeviceAddress& mailbox, std::uint64_t after,
                                             const relay::PageLimits& limits) override {
    return store_.readSetAside(mailbox, after, limits);
  }
  void checkpointIfDue() override { store_.checkpointIfDue(); }

 private:
  MailboxStore& store_;
};

relay::Options relayOptions() {
  relay::Options options;
  options.names = {RelayCast::kName};
  options.upkeepEvery = 1000 * kj::HOURS;
  return options;
}

}  // namespace

const RelayCast& cast() { return box().cast(); }

// A store that fails is a finding: nothing is wrong with the disk here.
class RelayScene::Observer final : public relay::RelayObserver {
 public:
  void count(Event event, std::uint64_t times) override { seen[static_cast<std::size_t>(event)] += times; }
  void committed(std::size_t, std::chrono::microseconds) override {}
  void limitExceeded(std::string_view) override {}
  void storeFailed(Errc) override { failed = true; }
  void readFailed(Errc) override { failed = true; }
  void storeReopened() override {}

  bool failed = false;
  inline static std::array<std::uint64_t, kEvents> seen{};
};

RelayScene::RelayScene() : observer_(std::make_unique<Observer>()) {
  auto open = [] { return Result<std::unique_ptr<relay::MailboxStore>>(std::make_unique<LentStore>(box().fresh())); };
  queue_ = std::make_unique<relay::InlineCommitQueue>(open, *open(), loop_.timer(), *observer_,
                                                      [] { return 1 * kj::MILLISECONDS; });
  server_ = std::make_unique<relay::Server>(relayOptions(),
                                            relay::Core::Ports{*queue_, loop_.timer(), clock_, random_, *observer_});
}

RelayScene::~RelayScene() noexcept(false) = default;

kj::Own<kj::AsyncIoStream> RelayScene::connect() {
  auto pipe = kj::newTwoWayPipe();
  server_->accept(kj::mv(pipe.ends[0]));
  return kj::mv(pipe.ends[1]);
}

kj::Own<kj::AsyncIoStream> RelayScene::connectNoting(std::vector<Bytes>& written) {
  return kj::heap<NotingStream>(connect(), written);
}

Nonce RelayScene::nonce(TestClient& client) {
  const auto described = client.relay().describeRequest().send().wait(waitScope());
  return *Nonce::from(testing::bytesOf(described.getNonce()));
}

wire::Mailbox::Client RelayScene::logIn(TestClient& client, const TestAccount& account, int device) {
  const Anchor anchor;
  const auto body = loginBody(nonce(client), RelayCast::kName, account.address(device), anchor);
  const auto signature = account.deviceKey(device).sign(SignatureUse::kLogin, body);
  auto request = client.relay().loginRequest();
  request.setAccount(testing::toData(account.id().view()));
  request.setDevice(static_cast<std::uint8_t>(device));
  request.setAnchor(testing::toData(anchor.view()));
  request.setSignature(testing::toData(signature.view()));
  auto response = request.send().wait(waitScope());
  require(response.getOutcome() == wire::LoginOutcome::OK, "a good login is refused");
  return response.getMailbox();
}

void RelayScene::say(kj::Own<kj::AsyncIoStream> stream, const std::vector<Bytes>& turns) {
  Nowhere nowhere;
  auto reading = stream->pumpTo(nowhere).ignoreResult().eagerlyEvaluate([](kj::Exception&&) {});
  kj::Promise<void> writing = kj::READY_NOW;
  for (const auto& turn : turns) {
    writing = writing.then([&stream, &turn] { return stream->write(turn.data(), turn.size()); })
                  .eagerlyEvaluate([](kj::Exception&&) {});
    settle();
  }
  writing = writing.then([&stream] { stream->shutdownWrite(); }).eagerlyEvaluate([](kj::Exception&&) {});
  settle();
}

std::uint64_t RelayScene::seen(relay::RelayObserver::Event event) {
  return Observer::seen[static_cast<std::size_t>(event)];
}

void RelayScene::checkHealth() {
  settle();
  require(server_->connections() == 0, "a connection stays behind");
  require(server_->pageBytesInFlight() == 0, "pages stay behind");
  require(!observer_->failed, "the store fails");
  TestClient next(connect());
  (void)nonce(next);
}

const std::vector<Bytes>& loginTurns() {
  static const std::vector<Bytes> all = [] {
    std::vector<Bytes> written;
    RelayScene scene;
    TestClient client(scene.connectNoting(written));
    const auto mailbox = scene.logIn(client, cast().alice, 1);
    scene.settle();
    return std::vector<Bytes>(written);
  }();
  return all;
}

namespace {

// Appends the messages of one write; false if it holds something else.
bool appendUnframed(ByteView write, ByteWriter& pieces) {
  auto words = kj::heapArray<capnp::word>(write.size() / sizeof(capnp::word));
  std::copy_n(write.begin(), words.asBytes().size(), words.asBytes().begin());
  for (kj::ArrayPtr<const capnp::word> left = words; left.size() > 0;) {
    capnp::FlatArrayMessageReader reader(left);
    const auto segment = reader.getSegment(0).asBytes();
    if (reader.getSegment(1).begin() != nullptr) return false;
    pieces.raw(asPiece({segment.begin(), segment.size()}));
    left = kj::arrayPtr(reader.getEnd(), left.end());
  }
  pieces.raw(asPiece({}));
  return true;
}

}  // namespace

Bytes unframed(const std::vector<Bytes>& writes) {
  ByteWriter pieces;
  for (const auto& write : writes) {
    if (!appendUnframed(write, pieces)) break;
  }
  return pieces.take();
}

std::vector<Bytes> framed(Input in) {
  std::vector<Bytes> turns;
  ByteWriter turn;
  while (!in.empty()) {
    const auto piece = in.piece();
    const auto words = (piece.size() + sizeof(capnp::word) - 1) / sizeof(capnp::word);
    if (piece.empty()) {
      turns.push_back(std::exchange(turn, ByteWriter()).take());
      continue;
    }
    turn.u32(0).u32(static_cast<std::uint32_t>(words)).raw(piece).zeros(words * sizeof(capnp::word) - piece.size());
  }
  turns.push_back(turn.take());
  return turns;
}

}  // namespace waxwing::fuzz
