#pragma once

#include <string>
#include <vector>

#include "tests/sim/rpc_world.h"

namespace waxwing::testing {

// What has grown at rest beyond what it may be, one line each: tables, records, waiting mail.
std::vector<std::string> growth(RpcWorld& world);

}  // namespace waxwing::testing
