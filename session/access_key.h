#pragma once

#include "crypto/ids.h"
#include "crypto/secret.h"

namespace waxwing {

// 32 random bytes that let their holder submit to an account. Secret; relays keep only its hash.
using AccessKey = SecretArray<32>;

// labelledHash("access-key", key)
AccessKeyHash hashOf(const AccessKey& key);

}  // namespace waxwing
