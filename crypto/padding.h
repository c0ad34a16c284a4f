#pragma once

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/ports.h"

namespace waxwing {

// The Padmé size of `size` (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files", §4), at least
// limits::kSmallestPadded.
std::size_t padmeSize(std::size_t size);

// 16 fresh random bytes ‖ u32 LE length ‖ content ‖ zeros, the whole a Padmé size (docs/protocol.md §4).
// What both ratchet ciphers are given: a message key and IV used twice reveals nothing.
SecretBytes padContent(ByteView content, Random& random);

// The content inside; kMalformed unless every length and every zero is as `padContent` writes it.
Result<SecretBytes> unpadContent(ByteView padded);

}  // namespace waxwing
