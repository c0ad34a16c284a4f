// Calls to the relay in any order with any arguments, good ones among them, by one who has logged in: behind what the
// wire format lets through.

#include <deque>

#include "session/login.h"
#include "tests/fuzz/relay_scene.h"

namespace waxwing::fuzz {
namespace {

using testing::TestClient;
using testing::toData;

constexpr std::size_t kMostCalls = 40;

enum class Call : std::uint8_t {
  kDescribe,
  kRegister,
  kLogin,
  kManifest,
  kPublishedKeys,
  kPreKeyBundles,
  kSubmit,
  kAttach,
  kAcknowledge,
  kSwapAnchor,
  kPublishKeys,
  kKeyStatus,
  kPublishManifest,
  kSetAccessKeys,
  kSubmitToOwn,
  kOwnManifest,
  kOwnBundles,
  kPing,
  kSetAside,
  kPause,
  kCalls
};

// What is delivered comes in order, each number once. An exception here would only reach the relay.
class Sink final : public wire::Sink::Server {
 public:
  enum class Answers { kYes, kNever };
  Sink(Answers answers, bool& inOrder) : answers_(answers), inOrder_(inOrder) {}

 protected:
  kj::Promise<void> deliver(DeliverContext context) override {
    for (const auto item : context.getParams().getItems()) {
      inOrder_ = inOrder_ && (last_ == 0 || item.getNumber() == last_ + 1);
      last_ = item.isGap() ? item.getGap().getLast() : item.getNumber();
    }
    if (answers_ == Answers::kNever) return kj::NEVER_DONE;
    return kj::READY_NOW;
  }
  kj::Promise<void> fence(FenceContext) override { return kj::READY_NOW; }
  kj::Promise<void> closing(ClosingContext) override { return kj::READY_NOW; }

 private:
  Answers answers_;
  bool& inOrder_;
  std::uint64_t last_ = 0;
};

class Calls {
 public:
  Calls(RelayScene& scene, ByteView input)
      : scene_(scene), in_(input), mailbox_(scene_.logIn(client_, cast().alice, 1)) {}

  // Ends early when the relay cuts this connection, as it does with a device that was retired.
  void run() {
    try {
      for (std::size_t i = 0; i < kMostCalls && !in_.empty(); ++i) {
        call(static_cast<Call>(in_.below(static_cast<std::size_t>(Call::kCalls))));
      }
    } catch (const kj::Exception& gone) {
      require(gone.getType() == kj::Exception::Type::DISCONNECTED, "a relay fails a harmless call");
    }
    scene_.settle();
    require(inOrder_, "a relay delivers out of order");
  }

 private:
  // Arguments: good ones, old ones, and bytes of the input.
  capnp::Data::Reader bytes(std::initializer_list<ByteView> good) {
    const auto how = in_.below(good.size() + 1);
    return toData(how < good.size() ? good.begin()[how] : in_.piece());
  }
  capnp::Data::Reader account() { return bytes({cast().alice.id().view(), cast().bob.id().view()}); }
  capnp::Data::Reader signature(const Signature& good) {
    kept_.push_back(toBytes(good.view()));
    return bytes({kept_.back()});
  }
  capnp::Data::Reader manifest() {
    kept_.push_back(renewed());
    kept_.push_back(toBytes(cast().stranger.manifest().bytes()));
    return bytes({kept_[kept_.size() - 2], kept_.back()});
  }
  // Alice's manifest, perhaps newer, without a device, or at another relay.
  Bytes renewed() {
    auto next = cast().alice.manifest().manifest();
    next.version += in_.below(3);
    const auto how = in_.below(4);
    if (how == 1) next.devices.pop_back();
    if (how == 2) next.retired.set(next.devices.back().id.value());
    if (how == 2) next.devices.pop_back();
    if (how == 3) next.relay.port = 1;
    return toBytes(SignedManifest::sign(next, cast().alice.accountKey()).value().bytes());
  }
  capnp::Data::Reader anchor() { return bytes({kAnchors[0], kAnchors[1]}); }
  std::uint64_t small() { return in_.below(4) == 3 ? in_.number() : in_.below(6); }
  void devices(capnp::List<std::uint8_t>::Builder list) {
    for (kj::uint i = 0; i < list.size(); ++i) list.set(i, in_.byte());
  }
  kj::uint few(std::size_t most) { return static_cast<kj::uint>(in_.below(most + 1)); }
  void hashes(capnp::List<capnp::Data>::Builder list) {
    for (kj::uint i = 0; i < list.size(); ++i) list.set(i, bytes({kAnchors[1]}));
  }
  void envelopes(capnp::List<wire::Envelope>::Builder list) {
    for (auto envelope : list) {
      envelope.setId(bytes({kIds[0], kIds[1]}));
      envelope.setDevice(static_cast<std::uint8_t>(in_.below(4)));
      envelope.setPayload(bytes({kAnchors[1]}));
    }
  }
  std::uint64_t version(const testing::TestAccount& account) { return account.version() + in_.below(3) - 1; }

  Sink::Answers answers() { return in_.below(2) == 0 ? Sink::Answers::kYes : Sink::Answers::kNever; }

  template <typename Request>
  void send(Request&& request) {
    tasks_.add(request.send().then([](auto&&) {}, [](kj::Exception&&) {}));
  }

  wire::Recipient::Client recipient() {
    auto request = client_.relay().recipientRequest();
    request.setAccount(account());
    request.setAccessKey(bytes({cast().aliceKey, cast().bobKey}));
    return request.send().getRecipient();
  }
  void registerAccount() {
    const auto body = registerBody(scene_.nonce(client_), RelayCast::kName, cast().stranger.manifest().hash());
    auto request = client_.relay().registerRequest();
    request.setManifest(manifest());
    request.setSignature(signature(cast().stranger.accountKey().sign(SignatureUse::kRegister, body)));
    const auto token = in_.piece();
    request.setToken(kj::heapString(asText(token).data(), token.size()));
    send(kj::mv(request));
  }
  void logIn() {
    const auto device = 1 + static_cast<int>(in_.below(2));
    const auto body =
        loginBody(scene_.nonce(client_), RelayCast::kName, cast().alice.address(device), *Anchor::from(kAnchors[0]));
    auto request = client_.relay().loginRequest();
    request.setAccount(account());
    request.setDevice(static_cast<std::uint8_t>(device));
    request.setAnchor(anchor());
    request.setSignature(signature(cast().alice.deviceKey(device).sign(SignatureUse::kLogin, body)));
    auto promise = request.send();
    if (in_.below(2) == 1) mailbox_ = promise.getMailbox();
    tasks_.add(promise.then([](auto&&) {}, [](kj::Exception&&) {}));
  }
  void publishKeys() {
    auto request = mailbox_.publishKeysRequest();
    kept_.push_back(toBytes(cast().alice.keys(10 + in_.below(10)).bytes()));
    request.setSigned(bytes({kept_.back()}));
    for (auto key : request.initOneTime(few(110))) {
      key.setId(static_cast<std::uint32_t>(small()));
      key.setKey(bytes({cast().alice.manifest()->devices.front().identityKey.view()}));
    }
    request.setReplace(static_cast<wire::Replace>(in_.below(3)));
    send(kj::mv(request));
  }

  void call(Call what) {
    switch (what) {
      case Call::kDescribe:
        return send(client_.relay().describeRequest());
      case Call::kRegister:
        return registerAccount();
      case Call::kLogin:
        return logIn();
      case Call::kManifest:
        return send(recipient().manifestRequest());
      case Call::kPublishedKeys:
        return withDevices(recipient().publishedKeysRequest());
      case Call::kPreKeyBundles:
        return withDevices(recipient().preKeyBundlesRequest());
      case Call::kSubmit:
        return submit(recipient().submitRequest());
      case Call::kAttach: {
        auto request = mailbox_.attachRequest();
        if (in_.below(8) != 7) request.setSink(kj::heap<Sink>(answers(), inOrder_));
        return send(kj::mv(request));
      }
      case Call::kAcknowledge: {
        auto request = mailbox_.acknowledgeRequest();
        request.setUpTo(small());
        return send(kj::mv(request));
      }
      case Call::kSwapAnchor: {
        auto request = mailbox_.swapAnchorRequest();
        request.setExpected(anchor());
        request.setNext(anchor());
        return send(kj::mv(request));
      }
      case Call::kPublishKeys:
        return publishKeys();
      case Call::kKeyStatus:
        return send(mailbox_.keyStatusRequest());
      case Call::kPublishManifest: {
        auto request = mailbox_.publishManifestRequest();
        request.setManifest(manifest());
        return send(kj::mv(request));
      }
      case Call::kSetAccessKeys: {
        auto request = mailbox_.setAccessKeysRequest();
        hashes(request.initContact(few(3)));
        hashes(request.initInvites(few(34)));
        return send(kj::mv(request));
      }
      case Call::kSubmitToOwn:
        return submit(mailbox_.submitToOwnRequest());
      case Call::kOwnManifest:
        return send(mailbox_.ownManifestRequest());
      case Call::kOwnBundles:
        return withDevices(mailbox_.ownBundlesRequest());
      case Call::kPing:
        return send(mailbox_.pingRequest());
      case Call::kSetAside: {
        auto request = mailbox_.setAsideRequest();
        request.setAfter(small());
        return send(kj::mv(request));
      }
      case Call::kPause:
        return scene_.settle();
      case Call::kCalls:
        return;
    }
  }
  template <typename Request>
  void withDevices(Request request) {
    devices(request.initDevices(few(20)));
    send(kj::mv(request));
  }
  template <typename Request>
  void submit(Request request) {
    request.setManifestVersion(version(cast().alice));
    envelopes(request.initEnvelopes(few(6)));
    send(kj::mv(request));
  }

  class Quiet final : public kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };

  inline static const Bytes kAnchors[] = {Bytes(32, 0), Bytes(32, 1)};
  inline static const Bytes kIds[] = {Bytes(16, 1), Bytes(16, 9)};

  RelayScene& scene_;
  Input in_;
  TestClient client_{scene_.connect()};
  bool inOrder_ = true;
  wire::Mailbox::Client mailbox_;
  std::deque<Bytes> kept_;  // arguments made for a call
  Quiet quiet_;
  kj::TaskSet tasks_{quiet_};
};

void run(ByteView input) {
  RelayScene scene;
  Calls(scene, input).run();
  scene.checkHealth();
}

struct GoodCall {
  const char* name;
  Call call;
  std::initializer_list<std::uint8_t> arguments;  // the choices that make the relay do it
};

const GoodCall kGoodCalls[] = {
    {"describe", Call::kDescribe, {}},
    {"register", Call::kRegister, {0, 0, 1, 0, 0}},
    {"manifest", Call::kManifest, {0, 0}},
    {"published-keys", Call::kPublishedKeys, {0, 0, 2, 1, 2}},
    {"pre-key-bundles", Call::kPreKeyBundles, {0, 0, 2, 1, 2}},
    {"submit", Call::kSubmit, {0, 0, 1, 2, 1, 1, 0, 0, 2, 0}},
    {"attach", Call::kAttach, {0, 0}},
    {"acknowledge", Call::kAcknowledge, {0, 2}},
    {"swap-anchor", Call::kSwapAnchor, {0, 1}},
    {"publish-keys", Call::kPublishKeys, {5, 0, 2, 0, 4, 0, 0, 5, 0, 0}},
    {"key-status", Call::kKeyStatus, {}},
    {"set-access-keys", Call::kSetAccessKeys, {1, 0, 1, 0}},
    {"submit-to-own", Call::kSubmitToOwn, {1, 1, 1, 2, 0}},
    {"own-manifest", Call::kOwnManifest, {}},
    {"own-bundles", Call::kOwnBundles, {1, 2}},
    {"ping", Call::kPing, {}},
    {"set-aside", Call::kSetAside, {0, 0}},
    {"login", Call::kLogin, {0, 0, 0, 0, 1}},
    {"publish-manifest", Call::kPublishManifest, {1, 2, 0}},  // retires the other device
};

std::vector<Seed> seeds() {
  std::vector<Seed> all;
  ByteWriter every;
  for (const auto& good : kGoodCalls) {
    const auto one = ByteWriter().u8(static_cast<std::uint8_t>(good.call)).raw(Bytes(good.arguments)).take();
    all.push_back({good.name, one});
    every.raw(one).u8(static_cast<std::uint8_t>(Call::kPause));
  }
  all.push_back({"every-call", every.take()});
  return all;
}

}  // namespace

extern const Target kRelayCalls;
const Target kRelayCalls{"relay_calls", 512, run, seeds};

}  // namespace waxwing::fuzz
