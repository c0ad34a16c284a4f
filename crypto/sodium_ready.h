#pragma once

// Internal to crypto/: nothing above includes this.
namespace waxwing {

// Initialises libsodium on the first call, from any thread; every file here that calls libsodium calls this first.
// Throws std::runtime_error if the library cannot start (it has no source of randomness).
void ensureSodium();

}  // namespace waxwing
