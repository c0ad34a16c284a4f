#pragma once

#include <string>

#include "tools/waxwing/commands.h"

namespace waxwing::tool {

// One event as a line for a person (empty: not worth one) and as an object for a script.
struct EventText {
  std::string human;
  Json json;
};
EventText describe(const Event& event, Client& client);

// Stays on line and prints events as they come, until SIGINT, SIGTERM, the link's final stop, or, with a contact to
// write to, the end of standard input. `to`: empty for none.
Outcome follow(Context& context, const std::string& to);

}  // namespace waxwing::tool
