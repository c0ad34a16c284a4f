#include "tests/rpc/relay_fixture.h"

#include "crypto/hash.h"
#include "session/login.h"
#include "store/relay/sqlcipher_mailbox_store.h"

namespace waxwing::testing {

kj::Promise<void> TestSink::deliver(DeliverContext context) {
  const auto items = context.getParams().getItems();
  std::size_t bytes = 0;
  delivered_.attempts.push_back(context.getParams().getAttempts());
  for (const auto item : items) {
    delivered_.numbers.push_back(item.getNumber());
    if (item.isGap()) {
      delivered_.gaps.push_back(item.getNumber());
      continue;
    }
    const auto payload = item.getEnvelope().getPayload();
    delivered_.payloads.emplace_back(payload.asChars().begin(), payload.size());
    delivered_.keyClasses.push_back(item.getEnvelope().getKeyClass());
    bytes += payload.size();
  }
  delivered_.largestPage = std::max(delivered_.largestPage, bytes);
  if (answering_ == Answering::kNever) return kj::NEVER_DONE;
  return kj::READY_NOW;
}

kj::Promise<void> TestSink::fence(FenceContext) {
  ++delivered_.fences;
  return kj::READY_NOW;
}

kj::Promise<void> TestSink::closing(ClosingContext context) {
  delivered_.closings.push_back(context.getParams().getReason());
  return kj::READY_NOW;
}

TestClient::TestClient(kj::Own<kj::AsyncIoStream> stream)
    : stream_(kj::mv(stream), limits::kMessageBytes),
      network_(stream_, capnp::rpc::twoparty::Side::CLIENT),
      rpc_(capnp::makeRpcClient(network_)),
      relay_(nullptr),
      gone_(network_.onDisconnect().fork()) {
  capnp::word scratch[4] = {};
  capnp::MallocMessageBuilder message(scratch);
  auto vat = message.getRoot<capnp::rpc::twoparty::VatId>();
  vat.setSide(capnp::rpc::twoparty::Side::SERVER);
  relay_ = rpc_.bootstrap(vat).castAs<wire::Relay>();
}

void RelayTest::SetUp() {
  options.names = {kName, "localhost:7443"};
  options.upkeepEvery = 1000 * kj::HOURS;
}

relay::OpenStore RelayTest::openStore() {
  return [path = directory_ / "relay.db", vfs = vfs] {
    const Bytes key(32, 'k');
    relay::SqlcipherStoreOptions store;
    store.path = path;
    store.key = key;
    store.vfs = vfs;
    store.existing = std::filesystem::exists(path) ? Database::Existing::kMustExist : Database::Existing::kMustNotExist;
    return relay::openSqlcipherStore(store);
  };
}

void RelayTest::start() {
  auto open = openStore();
  queue_ = std::make_unique<relay::InlineCommitQueue>(open, std::move(*open()), loop_.timer(), observer_,
                                                      [] { return 1 * kj::MILLISECONDS; });
  server_ = std::make_unique<relay::Server>(std::move(options),
                                            relay::Core::Ports{*queue_, loop_.timer(), clock_, random_, observer_});
}

void RelayTest::passADay() {
  kj::Vector<kj::Promise<void>> beats;
  for (auto passed = limits::kServiceTimeStep; passed <= std::chrono::hours(25); passed += limits::kServiceTimeStep) {
    clock_.advance(limits::kServiceTimeStep);
    beats.add(queue_->commit(relay::Upkeep{clock_.now()}).ignoreResult());
  }
  wait(kj::joinPromises(beats.releaseAsArray()));
}

void RelayTest::restart() {
  clients_.clear();
  server_.reset();
  queue_.reset();
  options = {};
  RelayTest::SetUp();
  start();
}

kj::Own<kj::AsyncIoStream> RelayTest::connectRaw() {
  if (!server_) start();
  auto pipe = kj::newTwoWayPipe();
  server_->accept(kj::mv(pipe.ends[0]));
  return kj::mv(pipe.ends[1]);
}

TestClient& RelayTest::connect() {
  clients_.push_back(std::make_unique<TestClient>(connectRaw()));
  return *clients_.back();
}

// Enough for any chain of commits and calls that is under way.
void RelayTest::settle() { loop_.runFor(std::chrono::milliseconds(100)); }

Nonce RelayTest::nonce(TestClient& client) {
  return *Nonce::from(bytesOf(wait(client.relay().describeRequest().send()).getNonce()));
}

wire::RegisterOutcome RelayTest::registerAccount(TestClient& client, const TestAccount& account, std::string_view token,
                                                 std::string_view dialled) {
  return registerBytes(client, account, account.manifest().bytes(), token, dialled);
}

wire::RegisterOutcome RelayTest::registerBytes(TestClient& client, const TestAccount& signer, ByteView manifest,
                                               std::string_view token, std::string_view dialled) {
  const auto body = registerBody(nonce(client), dialled, blake2b(manifest));
  const auto signature = signer.accountKey().sign(SignatureUse::kRegister, body);
  auto request = client.relay().registerRequest();
  request.setManifest(toData(manifest));
  request.setSignature(toData(signature.view()));
  request.setToken(kj::heapString(token.data(), token.size()));
  return wait(request.send()).getOutcome();
}

RelayTest::LoginResponse RelayTest::login(TestClient& client, const TestAccount& account, int device,
                                          std::string_view dialled) {
  const Anchor anchor;
  const auto body = loginBody(nonce(client), dialled, account.address(device), anchor);
  const auto signature = account.deviceKey(device).sign(SignatureUse::kLogin, body);
  auto request = client.relay().loginRequest();
  request.setAccount(toData(account.id().view()));
  request.setDevice(static_cast<std::uint8_t>(device));
  request.setAnchor(toData(anchor.view()));
  request.setSignature(toData(signature.view()));
  return wait(request.send());
}

wire::Mailbox::Client RelayTest::mailboxOf(TestClient& client, const TestAccount& account, int device) {
  auto response = login(client, account, device);
  EXPECT_EQ(response.getOutcome(), wire::LoginOutcome::OK);
  return response.getMailbox();
}

void RelayTest::setContactKey(wire::Mailbox::Client mailbox, const Bytes& key) {
  auto request = mailbox.setAccessKeysRequest();
  const auto hash = labelledHash("access-key", key);
  request.initContact(1).set(0, toData(hash.view()));
  EXPECT_EQ(wait(request.send()).getOutcome(), wire::MailboxOutcome::OK);
}

wire::Recipient::Client RelayTest::recipient(TestClient& client, const AccountId& account, const Bytes& key) {
  auto request = client.relay().recipientRequest();
  request.setAccount(toData(account.view()));
  request.setAccessKey(toData(key));
  return request.send().getRecipient();
}

wire::Envelope::Builder RelayTest::fill(wire::Envelope::Builder envelope, const EnvelopeId& id, std::size_t bytes,
                                        int device) {
  envelope.setId(toData(id.view()));
  envelope.setDevice(static_cast<std::uint8_t>(device));
  auto payload = envelope.initPayload(static_cast<capnp::uint>(bytes));
  std::fill(payload.begin(), payload.end(), id.bytes[0]);
  return envelope;
}

capnp::Response<wire::SubmitResult> RelayTest::submit(wire::Recipient::Client to, const TestAccount& account,
                                                      std::size_t count, std::size_t bytes, int device) {
  auto request = to.submitRequest();
  request.setManifestVersion(account.version());
  for (auto envelope : request.initEnvelopes(static_cast<capnp::uint>(count))) {
    fill(envelope, random_.fixed<EnvelopeId>(), bytes, device);
  }
  return wait(request.send());
}

std::uint64_t RelayTest::attach(kj::WaitScope& waitScope, wire::Mailbox::Client mailbox, wire::Sink::Client sink) {
  auto request = mailbox.attachRequest();
  request.setSink(kj::mv(sink));
  return request.send().wait(waitScope).getLast();
}

std::uint64_t RelayTest::attach(wire::Mailbox::Client mailbox, Delivered& delivered) {
  return attach(loop_.waitScope(), mailbox, kj::heap<TestSink>(delivered));
}

wire::MailboxOutcome RelayTest::acknowledge(wire::Mailbox::Client mailbox, std::uint64_t upTo) {
  auto request = mailbox.acknowledgeRequest();
  request.setUpTo(upTo);
  return wait(request.send()).getOutcome();
}

}  // namespace waxwing::testing
