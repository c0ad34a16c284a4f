#pragma once

#include "tools/vectors/vector_file.h"

// Vectors that others made: C2SP Wycheproof, NIST CAVP, and the numbers of libsignal-protocol-c's own tests, each
// against the wrapper that Waxwing calls. What Waxwing does not call is counted as not used.
namespace waxwing::vectors {

bool isNistText(std::string_view text);
Report verifyNist(std::string_view text, std::string source);

bool isPublicJson(const Json& document);
Report verifyPublic(const Json& document, std::string source);

}  // namespace waxwing::vectors
