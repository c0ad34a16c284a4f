#pragma once

namespace waxwing::tool {

// For programs that hold keys, called first in `main`: no core dump, no debugger of another process of the same user,
// and every file that is made is for its owner alone.
void protectProcess();

}  // namespace waxwing::tool
