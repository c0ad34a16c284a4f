#pragma once

#include <kj/time.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/limits.h"
#include "crypto/secret.h"
#include "store/relay/mailbox_store.h"

namespace waxwing::relay {

inline kj::Duration toKj(std::chrono::milliseconds span) { return span.count() * kj::MILLISECONDS; }

// What a relay grants and what it is called. The bounds are those of crypto/limits.h; tests choose smaller ones.
struct Options {
  // `host:port`, as clients dial it: logins and registrations sign one of these, manifests must name one.
  std::vector<std::string> names;
  // Empty: registration is open. Else what `register` must bring. Secret.
  SecretBytes registrationToken;

  std::uint64_t mailboxEnvelopes = limits::kMailboxEnvelopes;
  std::uint64_t mailboxBytes = limits::kMailboxBytes;

  std::size_t windowEnvelopes = limits::kWindowEnvelopes;
  std::size_t windowBytes = limits::kWindowBytes;
  std::size_t pageBytesInFlight = limits::kPageBytesInFlight;
  std::size_t connections = limits::kConnections;
  std::size_t anonymousCallsInFlight = limits::kAnonymousCallsInFlight;
  std::size_t callsInFlight = limits::kCallsInFlight;

  kj::Duration loginTimeout = toKj(limits::kLoginTimeout);
  kj::Duration idleTimeout = 5 * kj::MINUTES;
  kj::Duration sinkTimeout = toKj(limits::kCallTimeout);
  kj::Duration nonceAge = toKj(limits::kNonceAge);
  kj::Duration upkeepEvery = 1 * kj::MINUTES;

  bool goesBy(std::string_view name) const;
};

}  // namespace waxwing::relay
