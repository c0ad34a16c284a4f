#pragma once

#include <cstdint>
#include <stdexcept>

#include "store/database.h"

namespace waxwing::testing {

// Where a simulated program is to be killed: at the n-th passing of one edge of one commit.
struct KillAt {
  CommitPoint point = CommitPoint::kCompose;
  CommitEdge edge = CommitEdge::kAfter;
  std::uint32_t times = 1;
};

// Thrown out of the commit at which a program is killed.
class Killed final : public std::runtime_error {
 public:
  Killed() : std::runtime_error("killed at a commit") {}
};

}  // namespace waxwing::testing
