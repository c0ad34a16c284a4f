#pragma once

#include <functional>
#include <string>
#include <vector>

#include "crypto/ports.h"
#include "rpc/relay/commit_queue.h"
#include "rpc/relay/options.h"

namespace waxwing::relay {

// A whole relay in this process: ports, TLS, event loop, store thread.
struct ProcessSetup {
  std::vector<std::string> listen;  // `host:port`; port 0: a free one
  // Options::names may be empty (the relay then goes by its listen addresses), and may have port 0 (then that of the
  // first listener).
  Options options;
  std::string certificatePem;
  SecretBytes keyPem;
  OpenStore openStore;
};

// Where the relay listens and what it is called, once it does.
struct Listening {
  std::vector<std::string> addresses;
  std::vector<std::string> names;
};

// Serves until SIGTERM or SIGINT, then drains; `onListening` is called once, when connections are accepted. Errors:
// what `openStore` says, kBadAddress where a port cannot be had, kInvalidArgument for certificate and key.
Result<void> runProcess(ProcessSetup setup, const Clock& clock, Random& random, RelayObserver& observer,
                        const std::function<void(const Listening&)>& onListening);

}  // namespace waxwing::relay
