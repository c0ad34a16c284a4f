#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/session/forger.h"
#include "tests/sim/sim_device.h"
#include "tests/sim/sim_ledger.h"
#include "tests/sim/sim_relay.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wire_tap.h"

namespace waxwing::testing {

// Real clients and real relays, speaking real RPC over a simulated network, on virtual time, from one seed. Every
// message is in a ledger, every envelope passes a tap; `offences` says what went wrong.
class RpcWorld {
 public:
  using Span = SimLoop::Span;

  explicit RpcWorld(std::uint64_t seed);
  ~RpcWorld() noexcept(false);
  KJ_DISALLOW_COPY(RpcWorld);

  SimLoop& loop() { return loop_; }
  SimNetwork& network() { return network_; }
  Random& random() { return random_; }
  SimLedger& ledger() { return ledger_; }
  WireTap& tap() { return tap_; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  const std::vector<std::unique_ptr<SimDevice>>& devices() const { return devices_; }
  const std::vector<std::unique_ptr<SimRelay>>& relays() const { return relays_; }

  // Cast
  SimRelay& addRelay(const std::string& host);                     // runs
  SimDevice& addAccount(const std::string& name, SimRelay& home);  // its primary; online
  // Carries request and grant between the two; the new device is online. nullptr where the primary was killed over it.
  SimDevice* addDevice(SimDevice& primary, const std::string& name);
  bool retire(SimDevice& primary, const SimDevice& device);
  // Nobody lists it any more: its owner has to link it anew.
  void giveUp(const SimDevice& device);
  // Lets the two primaries become accepted contacts, on all their devices. Throws if that does not come about.
  void introduce(SimDevice& inviter, SimDevice& invited);
  SimRelay& home(const AccountId& account) { return *homes_.at(account); }
  bool isRetired(const SimDevice& device) const { return retired_.contains(device.self()); }

  // What people do from time to time while `comeToRest` waits.
  void attend(std::function<void()> what) { attend_ = std::move(what); }

  // Acts of people. nullopt: the device was killed over it.
  std::optional<MessageId> send(SimDevice& from, const AccountId& to);
  void readAll(SimDevice& device, const AccountId& conversation);
  // To be given back with `restore`. What is sent to the device until `recover` may be lost to it.
  struct OldCopy {
    SimDisk::Copy files;
    std::uint64_t order = 0;
  };
  OldCopy copy(const SimDevice& device);
  void restore(SimDevice& device, const OldCopy& old);
  // Gives a relay its old copy back.
  void restore(SimRelay& relay, const SimDisk::Copy& old);
  // Comes to rest; from then on everything must arrive again.
  void recover(SimDevice& device);
  void recoverAll();

  // Time. What is dying is killed in between.
  void run(Span span);
  bool runUntil(const std::function<bool()>& predicate, Span bound);
  // Starts all that is down, heals the network, sets all clients online, and lets time pass until nobody owes anybody
  // anything. False, with the reason as an offence, if that does not come about within `bound`.
  bool comeToRest(Span bound = std::chrono::hours(6));
  bool isAtRest(std::string* why = nullptr);
  // Ends all faults and starts all that is down.
  void calm();

  // Looks at all timelines and all that was tapped; then `offences`.
  void check();
  void checkAtRest();
  std::vector<std::string> offences() const;
  // Something that only the caller could see.
  void offend(std::string line) { unrest_.push_back(std::move(line)); }
  // Batches that reached a relay.
  std::uint64_t submissions() const { return submissions_; }
  // All of the above for a person, with the end of the trace and what each device owes and has refused.
  std::string report() const;

  static constexpr const char* kMarker = "w4xm4rk";

 private:
  void reap();
  void noticeListed();
  bool isWhole(const SimDevice& device) const { return device.running() && !device.dying(); }
  void onEvent(SimDevice& device, const Event& event);
  bool isUnanswered(SimDevice& device, const OutboxItem& item);
  bool awaitsKeys(SimDevice& device, const OutboxItem& item);
  std::string owes(SimDevice& device);
  std::string nextText(const SimDevice& from);
  void observeStarts(SimDevice& device);
  void settleRetired(SimDevice& primary);
  std::string reportOn(SimDevice& device) const;
  void noteStrangers(SimDevice& device);
  std::optional<relay::QueuedEnvelope> forge(const DeviceAddress& mailbox, const relay::QueuedEnvelope& genuine);

  SeededRandom random_;
  SimLoop loop_;
  SimNetwork network_;
  TemporaryDirectory directory_{TemporaryDirectory::fastParent()};
  SimLedger ledger_;
  WireTap tap_;
  Forger forger_;
  std::function<void()> attend_ = [] {};
  std::uint64_t texts_ = 0;
  std::uint64_t submissions_ = 0;
  Span lastRunBegan_{0};
  std::map<AccountId, SimRelay*> homes_;
  std::set<DeviceAddress> retired_;
  std::set<DeviceAddress> perhapsRetired_;
  std::set<DeviceAddress> unlisted_;  // not known to their relay yet
  std::vector<std::string> unrest_;
  std::vector<std::unique_ptr<SimRelay>> relays_;
  std::vector<std::unique_ptr<SimDevice>> devices_;
};

}  // namespace waxwing::testing
