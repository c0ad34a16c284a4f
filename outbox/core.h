#pragma once

#include "outbox/anchor_flush.h"
#include "outbox/apply.h"
#include "outbox/contacts.h"
#include "outbox/devices.h"
#include "outbox/inbox.h"
#include "outbox/lanes.h"
#include "outbox/outbox.h"
#include "outbox/publishing.h"
#include "outbox/receipts.h"
#include "outbox/recovery.h"
#include "outbox/requests.h"
#include "outbox/resends.h"
#include "outbox/slow_queue.h"

namespace waxwing {

// The parts of the room and how a turn goes: something happens, in its transaction; then all that can go on goes on;
// then the app is told.
class Outbox::Core {
 public:
  Core(Database& database, OwnDevice self, Ports portsGiven);

  // After anything that the app or the link did.
  void turn();
  // The same, looking at everything.
  void fullTurn();
  LinkState::Stop stopReason() const { return context.stopped; }
  bool settled();
  std::optional<WallTime> nextDeadline();
  void applySlice();
  // Some of what waits in the slow queue, if it is its turn.
  void applySlow();
  // All waiting is for times of the wall clock: where that was set back, nothing waits any longer.
  void noticeClock();

  Ports ports;
  Context context;
  Network network;
  Composer composer{context};
  MessageStates states{context};
  AccessKeys keys{context, composer};
  Manifests manifests{context, composer, keys, states};
  Contacts contacts{context, composer, keys};
  Receipts receipts{context, composer, states};
  Streams streams{context};
  Resends resends{context, network, composer};
  Requests requests{context, network, composer};
  Recovery recovery{{context, network, composer, streams}};
  Apply apply{{context, composer, contacts, manifests, keys, receipts, resends, streams}};
  SlowQueue slow{context};
  Inbox inbox{{context, composer, manifests, apply, keys, resends, streams, slow}};
  AnchorFlush flush{context, network, keys, states, ports.restoreMarker};
  Lanes lanes{{context, network, composer, manifests, states, flush}};
  Publishing publishing{context, network, manifests, keys, flush};
  Devices devices{context, manifests, keys};
  std::string registrationToken;  // secret towards third parties
  LinkState shown;                // what the app is told of the link

 private:
  void goOnAfterClone();
  void applyParked();
  bool isSlowDue() const;
  void pumpLanes();
  void showLink();
  LinkState linkToShow() const;

  WallTime lastNoticed_;
};

}  // namespace waxwing
