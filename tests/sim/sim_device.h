#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/core.h"
#include "tests/sim/kill_at.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_network.h"

namespace waxwing::testing {

// A RestoreMarker that no restored copy takes back.
class SimMarker final : public RestoreMarker {
 public:
  std::optional<Anchor> read() override { return anchor_; }
  void write(const Anchor& anchor) override { anchor_ = anchor; }

 private:
  std::optional<Anchor> anchor_;
};

// A real client – core, outbox, link, SQLCipher – on the simulated network and a simulated disk. It can be killed
// between any two events, at a commit or at any call of its disk, lose its power, be started again from what its disk
// holds, and be given an old copy of that.
class SimDevice {
 public:
  struct Place {
    SimLoop& loop;
    SimNetwork& network;
    Random& random;
    std::filesystem::path directory;
  };
  enum class Marker { kNone, kKept };
  using OnEvent = std::function<void(SimDevice&, const Event&)>;

  // Of a new account, or – empty – a device that is yet to join one.
  SimDevice(Place place, std::string name, OnEvent onEvent);
  ~SimDevice() noexcept(false);
  KJ_DISALLOW_COPY(SimDevice);

  // How it becomes a device. Runs, offline, afterwards.
  void create(const RelayAddress& relay, const std::string& token = {});
  std::string request(const AccountId& account);
  void join(const std::string& grant);

  const std::string& name() const { return name_; }
  const DeviceAddress& self() const { return self_; }
  const AccountId& account() const { return self_.account; }
  SimClock& clock() { return clock_; }
  SimMarker& marker() { return marker_; }
  std::filesystem::path database() const { return disk_.path("device.db"); }

  bool running() const { return core_ != nullptr; }
  // Killed at a commit or by its disk: `kill` clears away what is left of it.
  bool dying() const { return dying_; }
  // Stopped by a failure of its disk; the app must close it and open it anew.
  bool failed() const { return running() && !dying_ && core_->hasFailed(); }
  // False, with the reason in the trace, if it cannot be opened now.
  bool start();
  // Called at each start, before anything happens.
  std::function<void(SimDevice&)> onStart;
  // As SIGKILL: what is on the disk stays, every connection is lost.
  void kill();
  void losePower();
  // As an app that ends.
  void close();
  void killAt(KillAt when) { killAt_ = when; }
  // Forgets that plan.
  void spare() {
    killAt_.reset();
    disk_.heal();
  }
  SimDisk& disk() { return disk_; }
  SimDisk::Copy copy() const { return disk_.copy(); }
  // Kills it, and starts it from that copy.
  void restore(const SimDisk::Copy& copy);
  // The next starts have a marker, or none.
  void useMarker(Marker marker) { useMarker_ = marker; }

  // The app's wishes; kept over a restart.
  void goOnline();
  void goOffline();
  bool wantsOnline() const { return online_; }

  Core& core() { return *core_; }
  // To look into, while it runs.
  Database& db() { return *db_; }
  LinkState link() const { return core_->linkState(); }
  // Runs `use(outbox)`. If that commit kills the device, the answer is kStoreFailed, as if nobody was there to hear
  // one.
  template <typename Use>
  auto perform(Use use) -> typename core_detail::AsResult<std::invoke_result_t<Use, Outbox&>>::Type {
    try {
      return core_->perform(std::move(use));
    } catch (const Killed&) {
      return fail(Errc::kStoreFailed, "killed");
    }
  }

 private:
  Database::Options options() const;
  bool open(std::unique_ptr<Database> db);
  void passCommitPoint(CommitPoint point, CommitEdge edge);
  void die();
  void clearAway();

  Place place_;
  std::string name_;
  OnEvent onEvent_;
  SeededRandom random_;
  SimDisk disk_;
  SimClock clock_;
  SimMarker marker_;
  Marker useMarker_ = Marker::kNone;
  kj::Own<Dialer> dialer_;
  DeviceAddress self_;
  bool online_ = false;
  bool dying_ = false;
  std::optional<KillAt> killAt_;
  Database* db_ = nullptr;  // the core's
  std::unique_ptr<Core> core_;
};

}  // namespace waxwing::testing
