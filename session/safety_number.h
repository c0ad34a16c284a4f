#pragma once

#include <string>

#include "crypto/ids.h"

namespace waxwing {

// libsignal's numeric fingerprint (60 digits) of two accounts, the same on both sides: version 0, 5,200 iterations,
// identifier the lower-case hex AccountId, identity key the account key mapped to Curve25519. It proves the account
// keys, not the freshness of a device list.
std::string safetyNumber(const AccountId& mine, const AccountId& theirs);

}  // namespace waxwing
