#pragma once

#include "outbox/link.h"
#include "outbox/tickets.h"

namespace waxwing {

// How the network stands, as the link told us. In memory only.
struct Network {
  Link* link = nullptr;
  Tickets tickets;
  LinkState state;         // as reported
  bool attached = false;   // the own mailbox is at hand
  bool caughtUp = false;   // … and was read to its fence
  std::uint64_t left = 0;  // items of the backlog still to come

  bool wanted() const {
    return link != nullptr && state.kind != LinkState::Kind::kOffline && state.kind != LinkState::Kind::kStopped;
  }
  bool ownUp() const { return wanted() && attached; }
  // Tried, and it does not answer: the marker may stand in for its anchor.
  bool ownUnreachable() const { return wanted() && state.kind == LinkState::Kind::kWaitingForNetwork; }
};

}  // namespace waxwing
