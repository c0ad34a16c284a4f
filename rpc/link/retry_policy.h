#pragma once

#include <kj/exception.h>

#include <chrono>
#include <string>

#include "crypto/error.h"
#include "crypto/limits.h"
#include "crypto/ports.h"
#include "outbox/link.h"

// Why a connection ended, and what follows: the whole retry policy of this room (docs/protocol.md §7). The phase
// decides first, because the exception types of the libraries below are often wrong: an unknown host name and an
// untrusted certificate both are FAILED.
namespace waxwing {

enum class LinkPhase {
  kResolve,  // the relay's name
  kConnect,  // TCP
  kTls,
  kLogin,  // describe, register, login, attach
  kUp,     // calls and deliveries
};

enum class Cause {
  kTimedOut,      // our own timeout
  kDisconnected,  // the stream ended
  kOverloaded,    // the relay asks for patience
  kUnimplemented,
  kDraining,     // the relay shuts down
  kMisbehaving,  // the relay broke a stated limit or sent what does not parse
  kFailed,
};

struct LinkFailure {
  LinkPhase phase = LinkPhase::kConnect;
  Cause cause = Cause::kFailed;
};

Cause causeOf(const kj::Exception& exception);

// What follows a failure.
struct Consequence {
  enum class Pace { kBackoff, kSlow, kNever } pace = Pace::kBackoff;
  LinkState::Stop stop = LinkState::Stop::kNone;  // kNone: WaitingForNetwork
  Errc code = Errc::kDisconnected;                // for the tickets that were open
};
Consequence consequenceOf(const LinkFailure& failure);

// For those tickets. The text is one line of ours: nothing that a relay sent gets into it.
Error errorOf(const LinkFailure& failure);

// Full jitter: each delay is uniform between zero and a ceiling that doubles from limits::kBackoffFirst to
// limits::kBackoffMost.
class Backoff {
 public:
  explicit Backoff(Random& random) : random_(random) {}

  limits::milliseconds next();
  void reset() { ceiling_ = limits::kBackoffFirst; }

 private:
  Random& random_;
  limits::milliseconds ceiling_ = limits::kBackoffFirst;
};

}  // namespace waxwing
