#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/error.h"

namespace waxwing {

// Where a relay is reached, and how it is trusted: by the certificate given, or else by the system's authorities.
// Text form: `host:port`, `[v6]:port`, or either with `#` and the base64url of the certificate's DER behind it.
struct RelayAddress {
  std::string host;  // DNS name or IP address, without brackets
  std::uint16_t port = 0;
  Bytes certificate;  // DER; empty: system authorities

  // kBadAddress, saying what is wrong with it.
  static Result<RelayAddress> parse(std::string_view text);
  std::string text() const;
  // `host:port` alone: the name under which a client dials and a relay answers (login and registration sign it).
  std::string name() const;

  auto operator<=>(const RelayAddress&) const = default;
};

}  // namespace waxwing
