#include "crypto/sodium_ready.h"

#include <stdexcept>

#include <sodium.h>

namespace waxwing {

void ensureSodium() {
  static const int outcome = sodium_init();
  if (outcome < 0) throw std::runtime_error("libsodium cannot start: this system gives it no randomness");
}

}  // namespace waxwing
