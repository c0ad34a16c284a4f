#pragma once

#include <kj/async-io.h>
#include <kj/timer.h>
#include <kj/vector.h>

#include "crypto/limits.h"

namespace waxwing {

// Connects to whichever of a name's addresses answers first. KJ by itself tries one after the other, so that the first
// that swallows what it is sent keeps the others from their turn. Here the next sets out kStagger after
// the one before it, whatever that does (after RFC 8305, section 5); at most kMost take part.
class ConnectRace final : private kj::TaskSet::ErrorHandler {
 public:
  static constexpr limits::milliseconds kStagger{250};
  static constexpr std::size_t kMost = 8;

  ConnectRace(kj::Network& network, kj::Timer& timer, kj::Own<kj::NetworkAddress> found);
  KJ_DISALLOW_COPY(ConnectRace);

  // Once. Fails when the last one has. Dropping the race gives up on all that are under way.
  kj::Promise<kj::Own<kj::AsyncIoStream>> run();

 private:
  using Stream = kj::Own<kj::AsyncIoStream>;

  kj::Promise<void> start(kj::String address);
  void failed(kj::Exception&& reason);
  void taskFailed(kj::Exception&& exception) override { failed(kj::mv(exception)); }

  kj::Network& network_;
  kj::Timer& timer_;
  kj::Own<kj::NetworkAddress> found_;
  std::size_t running_ = 0;
  kj::PromiseFulfillerPair<Stream> winner_ = kj::newPromiseAndFulfiller<Stream>();
  kj::TaskSet tasks_;
};

}  // namespace waxwing
