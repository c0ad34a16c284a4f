#pragma once

#include <kj/async-io.h>
#include <kj/refcount.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "tests/sim/sim_loop.h"

namespace waxwing::testing {

// How bytes travel: each piece takes a random time in [delayLeast, delayMost], and never overtakes another.
struct SimTravel {
  std::chrono::microseconds delayLeast{200};
  std::chrono::microseconds delayMost{20'000};
  std::size_t pieceMost = 16 * 1024;     // a write is cut into random pieces of at most this
  std::size_t bufferBytes = 128 * 1024;  // on the way and not read yet; beyond it a write waits
};

enum class SimSide { kClient, kRelay };

class SimStream;

// One direction of a connection: what one side wrote, on its way, and what arrived and was not read yet.
class SimPipe {
 public:
  SimPipe(SimLoop& loop, Random& random, const SimTravel& travel, std::string name);
  KJ_DISALLOW_COPY(SimPipe);

  // The writer's end. Bytes are taken at once; the promise is the push back.
  kj::Promise<void> write(kj::ArrayPtr<const kj::byte> bytes);
  // After all that is on the way the reader finds the end. kGone: the writer will not read what comes back, either.
  enum class Farewell { kEnd, kGone };
  void end(Farewell farewell);
  kj::Promise<void> whenWriteDisconnected();

  // The reader's end.
  kj::Promise<std::size_t> read(kj::byte* buffer, std::size_t least, std::size_t most);
  void readerGone();

  // Faults
  // The reader gets what has arrived, then DISCONNECTED; so does the writer, at once.
  void cut();
  // Nothing arrives any more, and nobody is told.
  void swallow() { swallows_ = true; }
  // `spoil` is called when exactly so many more bytes have arrived; for none, when the next one would.
  void afterBytes(std::uint64_t bytes, kj::Function<void()> spoil);
  std::uint64_t arrived() const { return arrived_; }

  // Set once: the farewell kGone has arrived.
  kj::Function<void()> onWriterGone = [] {};

 private:
  struct Piece {
    kj::TimePoint at;
    Bytes bytes;
    std::optional<Farewell> farewell;
  };
  struct Spoiler {
    std::uint64_t bytesLeft;
    kj::Function<void()> spoil;
  };
  class Reading;

  void send(Bytes bytes, std::optional<Farewell> farewell);
  kj::Promise<void> deliverNext();
  void deliver(Piece piece);
  void arrive(ByteView bytes);
  void spoilLater();
  std::size_t take(kj::byte* buffer, std::size_t most);
  void serveReader();
  void serveWriters();
  static kj::Exception disconnected();

  SimLoop& loop_;
  Random& random_;
  const SimTravel& travel_;
  std::string name_;

  std::deque<Piece> onTheWay_;
  std::size_t onTheWayBytes_ = 0;
  std::deque<std::uint8_t> readable_;
  std::uint64_t arrived_ = 0;
  std::optional<Spoiler> spoiler_;
  bool swallows_ = false;
  bool ended_ = false;   // by the writer
  bool atEnd_ = false;   // the end has arrived
  bool broken_ = false;  // DISCONNECTED from here on

  Reading* reading_ = nullptr;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> writers_;
  kj::ForkedPromise<void> disconnected_;
  kj::Own<kj::PromiseFulfiller<void>> tellDisconnected_;
  kj::Promise<void> delivering_ = nullptr;
  enum class Delivery { kIdle, kRunning } delivery_ = Delivery::kIdle;
};

// A connection between two hosts: two pipes. Kept by its two streams.
class SimConnection final : public kj::Refcounted {
 public:
  // Told when the last stream is gone.
  class Owner {
   public:
    virtual void onGone(SimConnection& connection) = 0;

   protected:
    ~Owner() = default;
  };
  struct Name {
    std::uint64_t number = 0;
    std::string client;
    std::string relay;
  };
  SimConnection(Owner& owner, SimLoop& loop, Random& random, const SimTravel& travel, Name name);
  ~SimConnection() noexcept(false);

  const Name& name() const { return name_; }
  // What `from` writes.
  SimPipe& pipe(SimSide from) { return from == SimSide::kClient ? fromClient_ : fromRelay_; }
  kj::Own<kj::AsyncIoStream> stream(SimSide side);

  // Both sides get DISCONNECTED; bytes on their way are lost.
  void cut();
  // As `cut`, when `from` has got exactly so many more bytes through.
  void cutAfter(SimSide from, std::uint64_t bytes);
  // Half-open: nothing arrives any more in either direction, and nobody is told.
  void swallow();

 private:
  Owner& owner_;
  SimLoop& loop_;
  Name name_;
  SimPipe fromClient_;
  SimPipe fromRelay_;
};

}  // namespace waxwing::testing
