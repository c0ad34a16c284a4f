#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace waxwing {

// Lower-case hexadecimal; `fromHex` refuses upper case, odd length and anything else.
std::string toHex(ByteView bytes);
std::optional<Bytes> fromHex(std::string_view text);

// base64url without padding (RFC 4648 §5); `fromBase64url` accepts only the canonical form.
std::string toBase64url(ByteView bytes);
std::optional<Bytes> fromBase64url(std::string_view text);

// Well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
bool isUtf8(std::string_view text);

}  // namespace waxwing
