#pragma once

#include <cstdint>

#include "crypto/ids.h"
#include "crypto/ports.h"
#include "crypto/sign.h"
#include "session/signal_handle.h"

namespace waxwing {

// libsignal-protocol-c's global context over our primitives and our randomness. Internal to session/*.cc. One per
// owner; it has no locks, for the core is single-threaded, and what the library logs is dropped: it names addresses.
class SignalContext {
 public:
  explicit SignalContext(Random& random);
  ~SignalContext();
  SignalContext(const SignalContext&) = delete;
  SignalContext& operator=(const SignalContext&) = delete;

  signal_context* get() const { return context_; }
  // How many the library has asked for: the measure of its work that is the same on every machine.
  std::uint64_t hmacs() const { return hmacs_; }

  // XEdDSA, as crypto/sign.h's verifyXeddsa and verifyXeddsaRaw verify it.
  Signature signXeddsa(ByteView identitySecret, SignatureUse use, ByteView body) const;
  Signature signXeddsaRaw(ByteView identitySecret, ByteView body) const;

 private:
  struct Primitives;

  Random& random_;
  std::uint64_t hmacs_ = 0;
  signal_context* context_ = nullptr;
};

}  // namespace waxwing
