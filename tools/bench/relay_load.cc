#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string>

#include "crypto/hash.h"
#include "store/relay/sqlcipher_mailbox_store.h"
#include "tools/bench/figures.h"
#include "tools/bench/relay_client.h"
#include "tools/bench/spawned_relay.h"

// What a relay process takes and gives per second over TLS on loopback, beside what the disk and the store do alone on
// the same machine in the same run. Usage: waxwing-bench-relay RELAY [SECONDS [MAILBOXES]]
namespace waxwing::bench {
namespace {

constexpr std::size_t kEnvelopeBytes = 1024;
constexpr int kRepetitions = 3;
constexpr std::size_t kStalled = 500;
constexpr std::size_t kContacts = 100;  // of each sender

struct Figures {
  std::vector<double> perSecond;
  std::vector<double> p99Ms;
  std::vector<double> relayCpuUs;  // per envelope
};

void print(const std::string& what, const Figures& figures) {
  printSpread(what, "envelopes/s", figures.perSecond);
  std::vector<double> micros;
  for (const double ms : figures.p99Ms) micros.push_back(ms * 1e3);
  printSpread("  p99 of the answer", "us", micros);
  printSpread("  the relay's processor time per envelope", "us", figures.relayCpuUs);
}

// Runs `once` for so long and answers how often it did.
template <typename Func>
double ratePerSecond(double seconds, Func&& once) {
  const Stopwatch watch;
  std::size_t done = 0;
  while (watch.seconds() < seconds) {
    once();
    ++done;
  }
  return static_cast<double>(done) / watch.seconds();
}

double syncRate(double seconds) {
  std::string name = (std::filesystem::temp_directory_path() / "waxwing-sync-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  const Bytes block(4096, 'x');
  const double rate = ratePerSecond(seconds, [&] {
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) std::abort();
  });
  ::close(file);
  ::unlink(name.c_str());
  return rate;
}

// A store of its own with one account, without network: `perCommit` envelopes in each transaction.
class StoreAlone {
 public:
  explicit StoreAlone(Random& random) : random_(random), account_(random, "relay.bench:1") {
    directory_ = (std::filesystem::temp_directory_path() / "waxwing-bench-store-XXXXXX").string();
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
    const Bytes key(32, 'k');
    relay::SqlcipherStoreOptions options;
    options.path = std::filesystem::path(directory_) / "relay.db";
    options.key = key;
    options.existing = Database::Existing::kMustNotExist;
    options.limits.mailboxEnvelopes = 100'000'000;
    options.limits.mailboxBytes = 1ull << 40;
    store_ = std::move(relay::openSqlcipherStore(options).value());
    meet();
  }
  ~StoreAlone() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  double rate(double seconds, std::size_t perCommit) {
    return static_cast<double>(perCommit) * ratePerSecond(seconds, [&] {
             std::vector<relay::Operation> operations;
             for (std::size_t i = 0; i < perCommit; ++i) operations.emplace_back(submission());
             store_->commit(operations);
             store_->checkpointIfDue();
           });
  }

 private:
  void meet() {
    const auto manifest = account_.manifest();
    relay::ManifestFacts facts;
    facts.account = account_.id();
    facts.version = manifest->version;
    facts.hash = manifest.hash();
    facts.devices = {{DeviceId::fromTrusted(1), account_.deviceKey().publicKey()}};
    facts.bytes = toBytes(manifest.bytes());
    const std::vector<relay::Operation> start{relay::Register{facts},
                                              relay::Login{account_.address(), account_.deviceKey().publicKey()}};
    const auto outcomes = store_->commit(start);
    login_ = std::get<relay::LoginOutcome>(outcomes[1]).login;
  }
  relay::Submit submission() {
    return {account_.id(),
            holder(),
            account_.version(),
            {{random_.fixed<EnvelopeId>(), DeviceId::fromTrusted(1), Bytes(kEnvelopeBytes, 'e')}}};
  }
  relay::Access holder() {
    if (!keyed_) {
      keyed_ = true;
      store_->commit(std::vector<relay::Operation>{relay::SetAccessKeys{login_, {AccessKeyHash{}}, {}}});
    }
    return relay::KeyHolder{AccessKeyHash{}, 1};
  }

  Random& random_;
  testing::TestAccount account_;
  std::string directory_;
  std::unique_ptr<relay::MailboxStore> store_;
  relay::LoginRef login_;
  bool keyed_ = false;
};

// Takes pages and acknowledges each.
class Drain final : public wire::Sink::Server {
 public:
  Drain(wire::Mailbox::Client mailbox, std::size_t& received, kj::Own<kj::PromiseFulfiller<void>> done)
      : mailbox_(kj::mv(mailbox)), received_(received), done_(kj::mv(done)) {}

 protected:
  kj::Promise<void> deliver(DeliverContext context) override {
    const auto items = context.getParams().getItems();
    received_ += items.size();
    auto request = mailbox_.acknowledgeRequest();
    request.setUpTo(items[items.size() - 1].getNumber());
    acknowledging_ = request.send().ignoreResult().eagerlyEvaluate(nullptr);
    return kj::READY_NOW;
  }
  kj::Promise<void> fence(FenceContext) override {
    done_->fulfill();
    return kj::READY_NOW;
  }

 private:
  wire::Mailbox::Client mailbox_;
  std::size_t& received_;
  kj::Own<kj::PromiseFulfiller<void>> done_;
  kj::Promise<void> acknowledging_ = kj::READY_NOW;
};

class Load {
 public:
  Load(const std::string& program, std::size_t mailboxes)
      : io_(kj::setupAsyncIo()),
        relay_(program),
        name_(relay_.address().name()),
        tls_(relay_.address().host, relay_.address().certificate) {
    for (std::size_t i = 0; i < mailboxes; ++i) accounts_.emplace_back(random_, name_);
  }

  void registerAll() {
    auto client = dial();
    for (const auto& account : accounts_) {
      client->registerAccount(account, name_).wait(io_.waitScope);
      auto mailbox = client->login(account, name_).wait(io_.waitScope);
      auto request = mailbox.setAccessKeysRequest();
      request.initContact(1).set(0, toData(labelledHash("access-key", accessKey_).view()));
      request.send().wait(io_.waitScope);
    }
  }

  // `senders` connections, each with `window` calls of one batch in flight.
  Figures accept(double seconds, std::size_t senders, std::size_t window, std::size_t batch) {
    Figures figures;
    for (int i = 0; i < kRepetitions; ++i) acceptOnce(figures, seconds, senders, window, batch);
    return figures;
  }

  // One sender, one call in flight, alone and beside connections that do nothing, in turn: half of those have not begun
  // their handshake, the others have not asked for anything. Each crowd is fresh, as the relay ends it after 10 and 30
  // s.
  void besideStalled(double seconds, std::size_t stalled) {
    Figures alone;
    Figures beside;
    std::vector<double> ofUndisturbed;
    for (int i = 0; i < kRepetitions; ++i) {
      acceptOnce(alone, seconds, 1, 1, 1);
      const Crowd crowd(*this, stalled);
      acceptOnce(beside, seconds, 1, 1, 1);
      ofUndisturbed.push_back(100 * beside.p99Ms.back() / alone.p99Ms.back());
    }
    print("1 sender, undisturbed", alone);
    print("1 sender, beside " + std::to_string(stalled) + " stalled connections", beside);
    printSpread("  its p99, of the undisturbed one", "%", ofUndisturbed);
  }

  // One mailbox with `count` envelopes, from attach to fence.
  std::vector<double> drain(std::size_t count) {
    std::vector<double> rates;
    for (int i = 0; i < kRepetitions; ++i) rates.push_back(drainOnce(static_cast<std::size_t>(i), count));
    return rates;
  }

 private:
  class Crowd {
   public:
    Crowd(Load& load, std::size_t size) {
      for (std::size_t i = 0; i < size / 2; ++i) {
        halfShaken_.push_back(load.connectOnly());
        silent_.push_back(load.dial());
      }
    }
    ~Crowd() {
      for (const int socket : halfShaken_) ::close(socket);
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

   private:
    std::vector<int> halfShaken_;
    std::vector<kj::Own<RelayClient>> silent_;
  };
  // Keeps the capabilities for its contacts, of which a relay hands out limits::kCapabilities at most.
  struct Sender {
    kj::Own<RelayClient> client;
    std::size_t firstContact = 0;
    std::unordered_map<std::size_t, wire::Recipient::Client> recipients;
  };

  kj::Own<RelayClient> dial() {
    return RelayClient::dial(io_.provider->getNetwork(), tls_, relay_.address()).wait(io_.waitScope);
  }

  int connectOnly() {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(relay_.address().port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
    return made;
  }

  void acceptOnce(Figures& figures, double seconds, std::size_t senders, std::size_t window, std::size_t batch) {
    std::vector<Sender> all(senders);
    std::vector<double> latencies;
    kj::Vector<kj::Promise<void>> lanes;
    for (std::size_t i = 0; i < senders; ++i) all[i] = {dial(), i * kContacts, {}};
    const Stopwatch watch;
    const double cpuBefore = relay_.cpuSeconds();
    for (auto& sender : all) {
      for (std::size_t i = 0; i < window; ++i) lanes.add(submitUntil(sender, watch, seconds, batch, latencies));
    }
    kj::joinPromises(lanes.releaseAsArray()).wait(io_.waitScope);
    const auto envelopes = static_cast<double>(latencies.size() * batch);
    figures.perSecond.push_back(envelopes / watch.seconds());
    figures.relayCpuUs.push_back((relay_.cpuSeconds() - cpuBefore) / envelopes * 1e6);
    figures.p99Ms.push_back(percentile(latencies, 0.99));
  }

  kj::Promise<void> submitUntil(Sender& sender, const Stopwatch& watch, double seconds, std::size_t batch,
                                std::vector<double>& latencies) {
    if (watch.seconds() >= seconds) return kj::READY_NOW;
    return submit(sender, (sender.firstContact + random_.below(kContacts)) % accounts_.size(), batch)
        .then([this, &sender, &watch, seconds, batch, &latencies, one = Stopwatch()](std::size_t accepted) {
          KJ_REQUIRE(accepted == batch, "not accepted", accepted);
          latencies.push_back(one.milliseconds());
          return submitUntil(sender, watch, seconds, batch, latencies);
        });
  }

  kj::Promise<std::size_t> submit(Sender& sender, std::size_t to, std::size_t batch) {
    auto known = sender.recipients.find(to);
    if (known == sender.recipients.end()) {
      known = sender.recipients.emplace(to, sender.client->recipient(accounts_[to].id(), accessKey_)).first;
    }
    auto request = known->second.submitRequest(capnp::MessageSize{32 + batch * (kEnvelopeBytes / 8 + 16), 0});
    request.setManifestVersion(accounts_[to].version());
    for (auto envelope : request.initEnvelopes(static_cast<capnp::uint>(batch))) {
      envelope.setId(toData(random_.fixed<EnvelopeId>().view()));
      envelope.setDevice(1);
      envelope.initPayload(kEnvelopeBytes);
    }
    return request.send().then([](capnp::Response<wire::SubmitResult>&& answer) -> std::size_t {
      if (!answer.isItems()) return 0;
      std::size_t accepted = 0;
      for (const auto item : answer.getItems()) accepted += item.isAccepted();
      return accepted;
    });
  }

  double drainOnce(std::size_t at, std::size_t count) {
    Sender sender{dial(), 0, {}};
    submit(sender, at, 1).wait(io_.waitScope);  // what is pipelined behind `recipient` must be small
    for (std::size_t sent = 0; sent < count; sent += 100) submit(sender, at, 100).wait(io_.waitScope);
    auto client = dial();
    auto mailbox = client->login(accounts_[at], name_).wait(io_.waitScope);
    auto [promise, fulfiller] = kj::newPromiseAndFulfiller<void>();
    std::size_t received = 0;
    const Stopwatch watch;
    auto request = mailbox.attachRequest();
    request.setSink(kj::heap<Drain>(mailbox, received, kj::mv(fulfiller)));
    request.send().wait(io_.waitScope);
    promise.wait(io_.waitScope);
    return static_cast<double>(received) / watch.seconds();
  }

  kj::AsyncIoContext io_;
  SpawnedRelay relay_;
  std::string name_;
  TlsClient tls_;
  SeededRandom random_{7};
  const Bytes accessKey_ = Bytes(32, 'a');
  std::deque<testing::TestAccount> accounts_;
};

void run(const std::string& program, double seconds, std::size_t mailboxes) {
  std::printf("1 KiB envelopes over %zu mailboxes, %g s each, %d times: min, median, max\n", mailboxes, seconds,
              kRepetitions);
  SeededRandom random(3);
  StoreAlone store(random);
  Load load(program, mailboxes);
  load.registerAll();
  std::vector<double> syncs;
  std::vector<double> single;
  std::vector<double> grouped;
  for (int i = 0; i < kRepetitions; ++i) {
    syncs.push_back(syncRate(seconds / 2));
    single.push_back(store.rate(seconds / 2, 1));
    grouped.push_back(store.rate(seconds / 2, 16));
  }
  printSpread("floor: fdatasync of 4 KiB, growing file", "per s", syncs);
  printSpread("floor: store alone, 1 envelope a commit", "envelopes/s", single);
  printSpread("floor: store alone, 16 envelopes a commit", "envelopes/s", grouped);
  print("1 sender, one call in flight", load.accept(seconds, 1, 1, 1));
  print("16 senders, one call in flight each", load.accept(seconds, 16, 1, 1));
  print("16 senders, 8 calls in flight each", load.accept(seconds, 16, 8, 1));
  print("16 senders, batches of 16", load.accept(seconds, 16, 1, 16));
  load.besideStalled(seconds, kStalled);
  printSpread("drain: attach to fence, page by page", "envelopes/s", load.drain(5'000));
}

}  // namespace
}  // namespace waxwing::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: waxwing-bench-relay RELAY [SECONDS [MAILBOXES]]\n");
    return 2;
  }
  const double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  const auto mailboxes = static_cast<std::size_t>(argc > 3 ? std::atol(argv[3]) : 1'000);
  waxwing::bench::run(argv[1], seconds, mailboxes);
}
