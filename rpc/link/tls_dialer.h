#pragma once

#include <kj/async-io.h>
#include <kj/timer.h>

#include "rpc/link/dialer.h"

namespace waxwing {

// The real network: name resolution, TCP to whichever of the name's addresses answers first, TLS 1.3 (rpc/wire/tls.h),
// each with a timeout of its own. A name is resolved anew for each attempt: a relay may move behind it.
class TlsDialer final : public Dialer {
 public:
  TlsDialer(kj::Network& network, kj::Timer& timer) : network_(network), timer_(timer) {}

  kj::Promise<DialOutcome> dial(const RelayAddress& address) override;

 private:
  class Attempt;

  kj::Network& network_;
  kj::Timer& timer_;
};

}  // namespace waxwing
