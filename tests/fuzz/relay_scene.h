#pragma once

#include <kj/async-io.h>

#include <memory>

#include "rpc/relay/inline_commit_queue.h"
#include "rpc/relay/server.h"
#include "tests/fuzz/target.h"
#include "tests/rpc/relay_fixture.h"
#include "tests/rpc/test_account.h"
#include "tests/sim/sim_loop.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::fuzz {

// A relay's name and who is registered there: Alice with two devices, Bob with one. Alice's first device has published
// keys, both have access keys, and envelopes wait for Alice.
struct RelayCast {
  static constexpr const char* kName = "relay.test:7443";

  RelayCast() { alice.addDevice(random); }

  SeededRandom random{1};
  testing::TestAccount alice{random, kName};
  testing::TestAccount bob{random, kName};
  testing::TestAccount stranger{random, kName};
  const Bytes aliceKey = Bytes(32, 'a');
  const Bytes bobKey = Bytes(32, 'b');
};

const RelayCast& cast();

// One run: a relay with that cast over a real store, on virtual time. Runs do not see each other: the store's files are
// put back when one has written to them.
class RelayScene {
 public:
  RelayScene();
  ~RelayScene() noexcept(false);
  KJ_DISALLOW_COPY(RelayScene);

  kj::WaitScope& waitScope() { return loop_.waitScope(); }
  // Enough for any chain of commits and calls that is under way.
  void settle() { loop_.runFor(std::chrono::milliseconds(50)); }

  // The other end of a connection to the relay.
  kj::Own<kj::AsyncIoStream> connect();
  // The same, noting each write of this end in `written`, which must outlive the stream.
  kj::Own<kj::AsyncIoStream> connectNoting(std::vector<Bytes>& written);

  Nonce nonce(testing::TestClient& client);
  wire::Mailbox::Client logIn(testing::TestClient& client, const testing::TestAccount& account, int device);

  // Writes all of it, whatever the relay makes of it, with a pause after each turn, and hangs up. What the relay
  // answers is thrown away.
  void say(kj::Own<kj::AsyncIoStream> stream, const std::vector<Bytes>& turns);
  // How often this has happened in all runs so far.
  static std::uint64_t seen(relay::RelayObserver::Event event);
  // Nothing is left of those who have gone, and the next one is served.
  void checkHealth();

 private:
  class Observer;

  testing::SimLoop loop_;
  SeededRandom random_{2};
  ManualClock clock_{WallTime{1'700'000'000'000}};
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<relay::CommitQueue> queue_;
  std::unique_ptr<relay::Server> server_;
};

// What a client of this cast writes to log in as Alice's first device, write by write: randomness is the same in every
// run, and so is the nonce.
const std::vector<Bytes>& loginTurns();

// Writes cut into messages as the framing has them, each in one segment and without its table, as pieces of an input,
// an empty piece after each write; what is no such message ends it.
Bytes unframed(const std::vector<Bytes>& writes);
// The table put back in front of each piece. An empty piece ends a turn.
std::vector<Bytes> framed(Input in);

}  // namespace waxwing::fuzz
