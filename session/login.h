#pragma once

#include <string_view>

#include "crypto/bytes.h"
#include "crypto/ids.h"

namespace waxwing {

// nonce (32) ‖ u16 length ‖ relay name ‖ account (32) ‖ device (1) ‖ anchor (32): what a login signs (use "login").
Bytes loginBody(const Nonce& nonce, std::string_view relayName, const DeviceAddress& device, const Anchor& anchor);

// nonce (32) ‖ u16 length ‖ relay name ‖ manifest hash (32): what a registration signs (use "register").
Bytes registerBody(const Nonce& nonce, std::string_view relayName, const Hash& manifestHash);

}  // namespace waxwing
