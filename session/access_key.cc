#include "session/access_key.h"

#include "crypto/hash.h"

namespace waxwing {

AccessKeyHash hashOf(const AccessKey& key) { return {labelledHash("access-key", key.view()).bytes}; }

}  // namespace waxwing
