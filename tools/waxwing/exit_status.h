#pragma once

namespace waxwing::tool {

// What the shell is told. Scripts rely on the numbers (docs/command-line.md).
enum class ExitStatus : int {
  kOk = 0,
  kFailed = 1,       // refused, or something went wrong: the reason is on standard error
  kUsage = 2,        // the command line makes no sense
  kUnreachable = 3,  // the own relay cannot be reached now; nothing is lost
};

}  // namespace waxwing::tool
