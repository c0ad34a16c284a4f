#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "outbox/link.h"
#include "outbox/retry.h"
#include "tests/support/world_clock.h"
#include "tests/support/world_relay.h"

namespace waxwing::testing {

// All relays, by the name under which they are dialled, and the weather between them and the devices.
struct WorldNetwork {
  Agenda& agenda;
  ManualClock& clock;
  SeededRandom& random;
  std::map<std::string, WorldRelay*> relays;
  Faults faults;
  std::uint64_t mostDelivered = 0;  // to one device and not yet acknowledged by it, at any time

  WorldRelay* find(const RelayAddress& address) {
    const auto found = relays.find(address.name());
    return found != relays.end() && found->second->isUp ? found->second : nullptr;
  }
  bool happens(std::uint32_t perThousand) { return perThousand != 0 && random.below(1000) < perThousand; }
  std::chrono::milliseconds delay() {
    return std::chrono::milliseconds(1 + random.below(static_cast<std::uint64_t>(faults.delayMost.count())));
  }
};

// A Link that calls relays directly, in virtual time, with delays, losses and cuts. Calls on the own link keep their
// order and so do the relay's pages; other calls overtake each other. Every ticket is answered once.
class WorldLink final : public Link, private WorldRelay::Session {
 public:
  // `guard` runs whatever reports to the host: it is where a client's crash is caught.
  using Guard = std::function<void(const std::function<void()>&)>;
  WorldLink(WorldNetwork& network, LinkHost& host, Guard guard);
  ~WorldLink() override;

  // The device's own network: without one, nothing is reached.
  void setNetwork(bool available);

  void submit(RecipientRef to, Submission batch, Ticket ticket) override;
  void fetchManifest(RecipientRef of, Ticket ticket) override;
  void fetchKeys(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) override;
  void fetchBundles(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) override;
  void submitToOwn(Submission batch, Ticket ticket) override;
  void fetchOwnManifest(Ticket ticket) override;
  void fetchOwnBundles(std::vector<DeviceId> devices, Ticket ticket) override;
  void publishKeys(KeyPublication keys, Ticket ticket) override;
  void keyStatus(Ticket ticket) override;
  void publishManifest(Bytes signedManifest, Ticket ticket) override;
  void setAccessKeys(AccessKeyHashes hashes, Ticket ticket) override;
  void swapAnchor(Anchor expected, Anchor next, Ticket ticket) override;
  void acknowledge(std::uint64_t upTo, Ticket ticket) override;
  void goOnline() override;
  void goOffline() override;
  void networkChanged() override;

 private:
  using AnswerOr = tl::expected<Answer, Error>;
  struct Up {
    WorldRelay* relay = nullptr;
    DeviceAddress device;
    relay::LoginRef login;
    std::uint64_t delivered = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t fenceAt = 0;
    bool fenced = false;
  };

  // Runs at `time` unless this link is gone; with `sameConnection`, unless the own link was cut in between.
  enum class Lifetime { kLink, kConnection };
  void plan(WallTime time, Lifetime lifetime, std::function<void()> what);
  void call(const RelayAddress& to, std::function<AnswerOr(WorldRelay&)> perform, Ticket ticket);
  void callOwn(std::function<AnswerOr(Up&)> perform, Ticket ticket, std::chrono::milliseconds lateBy = {});
  void answer(Ticket ticket, AnswerOr answer);
  WallTime inOrder(WallTime& last);

  void connect();
  void login();
  void attach(WorldRelay& relay, const relay::LoginRef& login, bool registered);
  void deliver();
  void fence();
  void drop(std::string why);
  void stop(LinkState::Stop reason);
  void report(LinkState state);
  void forgetOwn();

  void onArrival() override;
  void onClosing(LinkState::Stop reason) override;

  WorldNetwork& network_;
  LinkHost& host_;
  Guard guard_;
  std::shared_ptr<std::uint64_t> connection_ = std::make_shared<std::uint64_t>(0);  // its number; the link's life
  bool wanted_ = false;
  bool available_ = true;
  bool connecting_ = false;
  std::optional<Up> up_;
  std::map<Ticket, bool> ownTickets_;
  Backoff backoff_;
  WallTime lastRequest_, lastDelivery_;
};

}  // namespace waxwing::testing
