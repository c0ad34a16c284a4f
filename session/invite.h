#pragma once

#include <string>
#include <string_view>

#include "crypto/error.h"
#include "crypto/ids.h"
#include "session/access_key.h"
#include "session/relay_address.h"

namespace waxwing {

// What a person shares so that others can reach him. The text is a secret between the two: whoever holds it can submit
// contact requests; whoever alters it in transit can impersonate until safety numbers are compared.
//
// Text: "waxwing1:" and the base64url of: version 1 (u8) ‖ account (32) ‖ invite key (32) ‖ u16 length ‖ relay address
// text ‖ the first 8 bytes of labelledHash("invite", everything before).
struct Invite {
  AccountId account;
  AccessKey key;
  RelayAddress relay;

  // kBadInvite: not an invite, cut short, mistyped (checksum), or from a newer version; says which.
  static Result<Invite> parse(std::string_view text);
  std::string text() const;
};

}  // namespace waxwing
