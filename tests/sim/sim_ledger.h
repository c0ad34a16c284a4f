#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/sim_device.h"

namespace waxwing::testing {

// What faults excuse that the core cannot mend (tests/sim/faults.cc says which fault excuses what).
struct Excuses {
  bool lines = false;         // a timeline may show that something is missing, unreadable or contradictory
  bool reportedLoss = false;  // a message may be lacking where a line says that something of its sender is missing
  bool silentLoss = false;    // a message may be lacking without a line
  bool lag = false;           // a state may stay behind the truth
  bool stuck = false;         // a contact request may wait for ever: its invite, or the key that it names, is gone

  void add(const Excuses& more) {
    lines = lines || more.lines;
    reportedLoss = reportedLoss || more.reportedLoss;
    silentLoss = silentLoss || more.silentLoss;
    lag = lag || more.lag;
    stuck = stuck || more.stuck;
  }
};

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
    std::set<DeviceAddress> heldBy;       // ever
    std::set<DeviceAddress> mayBeReadBy;  // of what others sent: the device was told to, and may have died over it
    std::set<DeviceAddress> readBy;
    // By one that may have taken the receipt with it: its siblings send none for what it read.
    bool readByRetired = false;
    std::set<DeviceAddress> excused;  // lost with a restored copy
  };

  // From now on the device's account receives; the device itself is owed what is sent once its relay knows of it.
  void addDevice(const DeviceAddress& device);
  void noteListed(const DeviceAddress& device);
  // Its relay went back to before it knew of the device. What leaves until it knows again does not go to the device.
  void noteUnlisted(const DeviceAddress& device);
  // What it sent and is still on the way may stay away.
  void retireDevice(const DeviceAddress& device);
  // `device` will never know `account`: it is owed nothing of theirs.
  void noteStranger(const DeviceAddress& device, const AccountId& account);
  // What a person calls a text by: its first line.
  static std::string nameOf(const std::string& text);
  void noteSent(const MessageId& id, const DeviceAddress& from, const AccountId& to, std::string text);
  // `device` has gone back to a copy that was made when `orderThen` was the newest order. Until `noteRecovered` its
  // contacts may still write to sessions that the copy does not know: what it cannot read is shown as a hole.
  void noteRestored(const DeviceAddress& device, std::uint64_t orderThen);
  void noteRecovered(const DeviceAddress& device) { recovering_.erase(device); }
  enum class Reading { kBegun, kDone };
  void noteRead(const DeviceAddress& device, const MessageId& id, Reading reading);
  void noteEvent(SimDevice& device, const Event& event);
  // What it committed just before it was ended it told nobody.
  void noteStart(SimDevice& device);
  void excuse(const Excuses& more) { excuses_.add(more); }
  const Excuses& excuses() const { return excuses_; }
  std::uint64_t order() const { return order_; }

  // Compares all timelines and states of these devices with the truth, at any time: nothing twice, nothing altered,
  // nothing out of order, states that only moved forward and are true.
  void check(const std::vector<SimDevice*>& devices);
  // At rest, and besides: everything owed is there, and states are what they must be by now.
  void checkAtRest(const std::vector<SimDevice*>& devices);

  // One line per offence, once each.
  const std::vector<std::string>& offences() const { return offences_; }
  const std::map<MessageId, Sent>& sent() const { return sent_; }

 private:
  using Seen = std::pair<DeviceAddress, MessageId>;
  using Timelines = std::map<AccountId, std::vector<TimelineItem>>;

  void offend(std::string line);
  std::string describe(const MessageId& id) const;
  Timelines timelines(SimDevice& device) const;
  void observe(const SimDevice& device, const Timelines& timelines);
  void checkConversation(const SimDevice& device, const AccountId& conversation,
                         const std::vector<TimelineItem>& items);
  void checkText(const SimDevice& device, const AccountId& conversation, const TimelineItem& item, const Sent& sent);
  void checkState(const SimDevice& device, const TimelineItem& item, const Sent& sent);
  void checkWhole(SimDevice& device, const Timelines& timelines);
  DeliveryState stateAtRest(const Sent& sent) const;
  void moveState(const Seen& seen, DeliveryState state);

  std::uint64_t order_ = 0;
  std::map<AccountId, std::set<DeviceAddress>> devices_;  // listed at their relay
  std::set<AccountId> accounts_;
  std::map<MessageId, Sent> sent_;
  std::map<Seen, DeliveryState> states_;
  std::set<DeviceAddress> recovering_;
  std::set<std::string> told_;
  std::vector<std::string> offences_;
  Excuses excuses_;
};

}  // namespace waxwing::testing
