#pragma once

#include "store/database.h"

namespace waxwing {

// Ends the process with SIGKILL if WAXWING_KILL_AT names this edge and this is the n-th time; does nothing in builds
// without WAXWING_KILL_POINTS. See CommitPoint.
void killIfAsked(CommitPoint point, CommitEdge edge);

}  // namespace waxwing
