#pragma once

#include "tools/vectors/kind.h"

namespace waxwing::vectors {

// The conversations of the kind "conversation": what honest devices do, and what an attacker tries.
void generateConversation(Generator& g);

}  // namespace waxwing::vectors
