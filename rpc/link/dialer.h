#pragma once

#include <kj/async-io.h>

#include "rpc/link/retry_policy.h"
#include "session/relay_address.h"

namespace waxwing {

// A stream to the relay, or the phase (kResolve, kConnect, kTls) in which that failed.
using DialOutcome = tl::expected<kj::Own<kj::AsyncIoStream>, LinkFailure>;

// The port to the network. The stream that it makes is plain to its user; the real one (tls_dialer.h) puts TLS under
// it. Dialling ends within bounded time, and may be cancelled by dropping the promise.
class Dialer {
 public:
  virtual ~Dialer() = default;
  virtual kj::Promise<DialOutcome> dial(const RelayAddress& address) = 0;
};

}  // namespace waxwing
