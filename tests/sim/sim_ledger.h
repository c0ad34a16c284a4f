#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/sim_device.h"

namespace waxwing::testing {

// What was sent, who is owed it, and what was seen where: the truth that timelines and states are held against.
class SimLedger {
 public:
  struct Sent {
    DeviceAddress from;
    AccountId to;
    std::string text;
    std::uint64_t order = 0;  // over all that is sent
    std::set<DeviceAddress> owedTo;
    // The sender lost it with a restored copy before it may have left: it may stay away everywhere.
    enum class Promise { kKept, kVoid } promise = Promise::kKept;
  };

  // From now on the device's account receives; the device itself is owed what is sent once its relay knows of it.
  void addDevice(const DeviceAddress& device);
  void noteListed(const DeviceAddress& device);
  void retireDevice(const DeviceAddress& device);
  void noteSent(const MessageId& id, const DeviceAddress& from, const AccountId& to, std::string text);
  // `device` has gone back to a copy that was made when `orderThen` was the newest order. Until `noteRecovered` its
  // contacts may still write to sessions that the copy does not know: what it cannot read is shown as a hole.
  void noteRestored(const DeviceAddress& device, std::uint64_t orderThen);
  void noteRecovered(const DeviceAddress& device) { recovering_.erase(device); }
  void noteRead(const DeviceAddress& device, const MessageId& id);
  void noteEvent(SimDevice& device, const Event& event);
  std::uint64_t order() const { return order_; }

  // Compares a device's timelines and states with the truth, at any time: nothing twice, nothing altered, nothing out
  // of order, states that only moved forward and are true. `observe` all running devices before.
  void observe(SimDevice& device);
  void check(SimDevice& device);
  // At rest: everything owed is there, and states are what they must be by now.
  void checkAtRest(SimDevice& device);

  // One line per offence, once each.
  const std::vector<std::string>& offences() const { return offences_; }
  const std::map<MessageId, Sent>& sent() const { return sent_; }
  // Holes are an offence unless a copy was restored.
  enum class Holes { kRefused, kAllowed };
  void setHoles(Holes holes) { holes_ = holes; }

 private:
  using Seen = std::pair<DeviceAddress, MessageId>;

  void offend(std::string line);
  std::string describe(const MessageId& id) const;
  std::vector<AccountId> conversations(SimDevice& device) const;
  static std::vector<TimelineItem> timeline(SimDevice& device, const AccountId& conversation);
  void checkText(SimDevice& device, const AccountId& conversation, const TimelineItem& item);
  void checkState(SimDevice& device, const TimelineItem& item);
  DeliveryState stateAtRest(const MessageId& id, const Sent& sent) const;
  void moveState(const Seen& seen, DeliveryState state);
  bool anyOf(const AccountId& account, const MessageId& id, const std::set<Seen>& seen) const;

  std::uint64_t order_ = 0;
  std::map<AccountId, std::set<DeviceAddress>> devices_;  // listed at their relay
  std::set<AccountId> accounts_;
  std::map<MessageId, Sent> sent_;
  std::set<Seen> held_;     // ever
  std::set<Seen> read_;     // ever, of what others sent
  std::set<Seen> excused_;  // lost with a restored copy
  std::map<Seen, DeliveryState> states_;
  std::set<DeviceAddress> recovering_;
  std::set<std::string> told_;
  std::vector<std::string> offences_;
  Holes holes_ = Holes::kRefused;
};

}  // namespace waxwing::testing
