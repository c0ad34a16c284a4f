#pragma once

#include <filesystem>
#include <optional>

#include "crypto/error.h"
#include "crypto/secret.h"

namespace waxwing::tool {

enum class PassphraseFor { kOpening, kNewProfile };

// The passphrase from `file` if given, else from WAXWING_PASSPHRASE (which is then wiped from the environment), else
// from a prompt on the terminal without echo, twice for a new profile. kInvalidArgument if there is none, or the two
// differ.
Result<SecretBytes> readPassphrase(const std::optional<std::filesystem::path>& file, PassphraseFor purpose);

// A question on the terminal. False without a terminal, or for any answer but "y" or "yes".
bool confirmOnTerminal(const char* question);

}  // namespace waxwing::tool
