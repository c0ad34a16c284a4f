// Bytes on a connection to the relay, before anybody has logged in on it and after Alice has. They stand for
// themselves, or for messages whose framing is right.

#include "session/login.h"
#include "tests/fuzz/relay_scene.h"

namespace waxwing::fuzz {
namespace {

using testing::TestClient;
using testing::toData;

enum Mode : std::uint8_t { kStream, kMessages, kModes };

std::vector<Bytes> turnsOf(Input in) {
  const auto mode = in.below(kModes);
  if (mode == kStream) return {toBytes(in.rest())};
  return framed(in);
}

void runAnonymous(ByteView input) {
  RelayScene scene;
  scene.say(scene.connect(), turnsOf(Input(input)));
  scene.checkHealth();
}

void runLoggedIn(ByteView input) {
  auto turns = turnsOf(Input(input));
  turns.insert(turns.begin(), loginTurns().begin(), loginTurns().end());
  RelayScene scene;
  scene.say(scene.connect(), turns);
  scene.checkHealth();
}

// What a client writes while it does something, in both modes.
class Recorder {
 public:
  template <typename Act>
  void add(const char* name, Act act) {
    std::vector<Bytes> written;
    RelayScene scene;
    {
      TestClient client(scene.connectNoting(written));
      act(scene, client, written);
      scene.settle();
    }
    ByteWriter stream;
    for (const auto& write : written) stream.raw(write);
    seeds_.push_back({std::string(name).append("-stream"), tagged(kStream, stream.view())});
    seeds_.push_back({std::string(name).append("-messages"), tagged(kMessages, unframed(written))});
  }
  // The same behind a login.
  template <typename Call>
  void addCall(const char* name, Call call) {
    add(name, [&](RelayScene& scene, TestClient& client, std::vector<Bytes>& written) {
      auto mailbox = scene.logIn(client, cast().alice, 1);
      scene.settle();
      written.clear();
      call(mailbox).ignoreResult().wait(scene.waitScope());
    });
  }
  std::vector<Seed> take() { return std::move(seeds_); }

 private:
  std::vector<Seed> seeds_;
};

wire::Recipient::Client toBob(TestClient& client) {
  auto request = client.relay().recipientRequest();
  request.setAccount(toData(cast().bob.id().view()));
  request.setAccessKey(toData(cast().bobKey));
  return request.send().getRecipient();
}

void fill(capnp::List<wire::Envelope>::Builder envelopes, std::uint8_t device) {
  for (auto envelope : envelopes) {
    envelope.setId(toData(Bytes(16, 9)));
    envelope.setDevice(device);
    envelope.setPayload(toData(Bytes(40, 3)));
  }
}

std::vector<Seed> anonymousSeeds() {
  Recorder recorder;
  recorder.add("describe", [](RelayScene& scene, TestClient& client, auto&) { (void)scene.nonce(client); });
  recorder.add("login",
               [](RelayScene& scene, TestClient& client, auto&) { (void)scene.logIn(client, cast().alice, 2); });
  recorder.add("register", [](RelayScene& scene, TestClient& client, auto&) {
    const auto manifest = cast().stranger.manifest();
    const auto body = registerBody(scene.nonce(client), RelayCast::kName, manifest.hash());
    const auto signature = cast().stranger.accountKey().sign(SignatureUse::kRegister, body);
    auto request = client.relay().registerRequest();
    request.setManifest(toData(manifest.bytes()));
    request.setSignature(toData(signature.view()));
    request.setToken("");
    request.send().wait(scene.waitScope());
  });
  recorder.add("submit", [](RelayScene& scene, TestClient& client, auto&) {
    auto request = toBob(client).submitRequest();
    request.setManifestVersion(cast().bob.version());
    fill(request.initEnvelopes(2), 1);
    request.send().wait(scene.waitScope());
  });
  recorder.add("bundles", [](RelayScene& scene, TestClient& client, auto&) {
    auto bob = toBob(client);
    auto keys = bob.publishedKeysRequest();
    keys.initDevices(1).set(0, 1);
    auto bundles = bob.preKeyBundlesRequest();
    bundles.initDevices(1).set(0, 1);
    auto first = keys.send();
    auto second = bundles.send();
    auto third = bob.manifestRequest().send();
    first.wait(scene.waitScope());
    second.wait(scene.waitScope());
    third.wait(scene.waitScope());
  });
  return recorder.take();
}

std::vector<Seed> loggedInSeeds() {
  Recorder recorder;
  using Mailbox = wire::Mailbox::Client;
  recorder.addCall("ping", [](Mailbox& mailbox) { return mailbox.pingRequest().send(); });
  recorder.addCall("key-status", [](Mailbox& mailbox) { return mailbox.keyStatusRequest().send(); });
  recorder.addCall("own-manifest", [](Mailbox& mailbox) { return mailbox.ownManifestRequest().send(); });
  recorder.addCall("acknowledge", [](Mailbox& mailbox) {
    auto request = mailbox.acknowledgeRequest();
    request.setUpTo(0);
    return request.send();
  });
  recorder.addCall("swap-anchor", [](Mailbox& mailbox) {
    auto request = mailbox.swapAnchorRequest();
    request.setExpected(toData(Bytes(32, 0)));
    request.setNext(toData(Bytes(32, 1)));
    return request.send();
  });
  recorder.addCall("publish-keys", [](Mailbox& mailbox) {
    auto request = mailbox.publishKeysRequest();
    request.setSigned(toData(cast().alice.keys(13).bytes()));
    auto key = request.initOneTime(1)[0];
    key.setId(8);
    key.setKey(toData(CurveKeyPair::fromSecret(Bytes(32, 8)).publicKey().view()));
    return request.send();
  });
  recorder.addCall("publish-manifest", [](Mailbox& mailbox) {
    auto request = mailbox.publishManifestRequest();
    request.setManifest(toData(cast().alice.manifest().bytes()));
    return request.send();
  });
  recorder.addCall("access-keys", [](Mailbox& mailbox) {
    auto request = mailbox.setAccessKeysRequest();
    request.initContact(1).set(0, toData(Bytes(32, 1)));
    request.initInvites(1).set(0, toData(Bytes(32, 2)));
    return request.send();
  });
  recorder.addCall("submit-to-own", [](Mailbox& mailbox) {
    auto request = mailbox.submitToOwnRequest();
    request.setManifestVersion(cast().alice.version());
    fill(request.initEnvelopes(1), 2);
    return request.send();
  });
  recorder.addCall("own-bundles", [](Mailbox& mailbox) {
    auto request = mailbox.ownBundlesRequest();
    request.initDevices(1).set(0, 2);
    return request.send();
  });
  recorder.addCall("set-aside", [](Mailbox& mailbox) { return mailbox.setAsideRequest().send(); });
  testing::Delivered delivered;
  recorder.addCall("attach", [&](Mailbox& mailbox) {
    auto request = mailbox.attachRequest();
    request.setSink(kj::heap<testing::TestSink>(delivered));
    return request.send();
  });
  return recorder.take();
}

}  // namespace

extern const Target kRelayAnonymous, kRelayLoggedIn;
const Target kRelayAnonymous{"relay_anonymous", 8192, runAnonymous, anonymousSeeds};
const Target kRelayLoggedIn{"relay_logged_in", 8192, runLoggedIn, loggedInSeeds};

}  // namespace waxwing::fuzz
