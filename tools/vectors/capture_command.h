#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "crypto/error.h"

namespace waxwing::vectors {

struct CaptureOptions {
  std::vector<std::string> profiles;         // two directories
  std::vector<std::string> passphraseFiles;  // one for both, or one each; empty: as `waxwing` asks for it, once
};

// The text of a vector file with what two profiles exchanged. Neither directory is changed. Errors of opening a
// profile, and those of `capture`; kInternal if what was captured does not hold when it is made again.
Result<std::string> captureProfiles(const CaptureOptions& options);

}  // namespace waxwing::vectors
