#include "tests/sim/sim_stream.h"

#include <kj/debug.h>
#include <kj/vector.h>

#include <algorithm>
#include <utility>

#include "crypto/hash.h"
#include "crypto/text.h"

namespace waxwing::testing {
namespace {

std::string between(const SimConnection::Name& name, char direction) {
  std::string text = "#";
  text.append(std::to_string(name.number)).append(" ").append(name.client).append(1, direction).append(name.relay);
  return text;
}

}  // namespace

// The one pending read of a pipe.
class SimPipe::Reading {
 public:
  Reading(kj::PromiseFulfiller<std::size_t>& fulfiller, SimPipe& pipe, kj::ArrayPtr<kj::byte> buffer, std::size_t least)
      : fulfiller_(fulfiller), pipe_(pipe), buffer_(buffer), least_(least) {
    KJ_REQUIRE(pipe.reading_ == nullptr, "one read at a time");
    pipe.reading_ = this;
    serve();
  }
  ~Reading() noexcept(false) { leave(); }
  KJ_DISALLOW_COPY(Reading);

  std::size_t least() const { return least_; }
  void serve() {
    if (pipe_.readable_.size() >= least_ || pipe_.atEnd_) {
      leave();
      fulfiller_.fulfill(pipe_.take(buffer_.begin(), buffer_.size()));
    } else if (pipe_.broken_) {
      leave();
      fulfiller_.reject(disconnected());
    }
  }

 private:
  void leave() {
    if (pipe_.reading_ == this) pipe_.reading_ = nullptr;
  }

  kj::PromiseFulfiller<std::size_t>& fulfiller_;
  SimPipe& pipe_;
  kj::ArrayPtr<kj::byte> buffer_;
  std::size_t least_;
};

SimPipe::SimPipe(SimLoop& loop, Random& random, const SimTravel& travel, std::string name)
    : loop_(loop), random_(random), travel_(travel), name_(std::move(name)), disconnected_(nullptr) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  disconnected_ = paf.promise.fork();
  tellDisconnected_ = kj::mv(paf.fulfiller);
}

kj::Exception SimPipe::disconnected() { return KJ_EXCEPTION(DISCONNECTED, "the simulated connection was lost"); }

kj::Promise<void> SimPipe::write(kj::ArrayPtr<const kj::byte> bytes) {
  KJ_REQUIRE(!ended_, "written after the end");
  if (broken_) return disconnected();
  for (std::size_t sent = 0; sent < bytes.size();) {
    const std::size_t left = bytes.size() - sent;
    const std::size_t piece =
        std::min<std::size_t>(left, random_.below(2) == 0 ? left : 1 + random_.below(travel_.pieceMost));
    send(Bytes(bytes.begin() + sent, bytes.begin() + sent + piece), std::nullopt);
    sent += piece;
  }
  auto [promise, fulfiller] = kj::newPromiseAndFulfiller<void>();
  writers_.push_back(kj::mv(fulfiller));
  serveWriters();
  return kj::mv(promise);
}

void SimPipe::end(Farewell farewell) {
  if (broken_ || (ended_ && farewell == Farewell::kEnd)) return;
  ended_ = true;
  send({}, farewell);
}

kj::Promise<void> SimPipe::whenWriteDisconnected() { return disconnected_.addBranch(); }

kj::Promise<std::size_t> SimPipe::read(kj::byte* buffer, std::size_t least, std::size_t most) {
  auto promise = kj::newAdaptedPromise<std::size_t, Reading>(*this, kj::arrayPtr(buffer, most), least);
  serveWriters();
  return promise;
}

void SimPipe::readerGone() {
  readable_.clear();
  swallows_ = true;  // until the writer learns of it
}

void SimPipe::cut() {
  if (broken_) return;
  broken_ = true;
  onTheWay_.clear();
  onTheWayBytes_ = 0;
  spoiler_.reset();
  tellDisconnected_->fulfill();
  serveReader();
  serveWriters();
}

void SimPipe::afterBytes(std::uint64_t bytes, kj::Function<void()> spoil) { spoiler_ = Spoiler{bytes, kj::mv(spoil)}; }

void SimPipe::send(Bytes bytes, std::optional<Farewell> farewell) {
  const auto span = static_cast<std::uint64_t>((travel_.delayMost - travel_.delayLeast).count());
  const auto delay = travel_.delayLeast + std::chrono::microseconds(random_.below(span + 1));
  kj::TimePoint at = loop_.timer().now() + delay.count() * kj::MICROSECONDS;
  if (!onTheWay_.empty()) at = std::max(at, onTheWay_.back().at);
  onTheWayBytes_ += bytes.size();
  onTheWay_.push_back({at, std::move(bytes), farewell});
  if (delivery_ == Delivery::kRunning) return;
  delivery_ = Delivery::kRunning;
  delivering_ = deliverNext().eagerlyEvaluate(nullptr);
}

kj::Promise<void> SimPipe::deliverNext() {
  if (onTheWay_.empty()) {
    delivery_ = Delivery::kIdle;
    return kj::READY_NOW;
  }
  return loop_.timer().atTime(onTheWay_.front().at).then([this]() -> kj::Promise<void> {
    if (!onTheWay_.empty()) {
      Piece piece = std::move(onTheWay_.front());
      onTheWay_.pop_front();
      onTheWayBytes_ -= piece.bytes.size();
      deliver(std::move(piece));
    }
    return deliverNext();
  });
}

void SimPipe::deliver(Piece piece) {
  if (swallows_) {
    if (!piece.farewell) onTheWayBytes_ += piece.bytes.size();  // never taken: the writer's buffer fills up
    return;
  }
  if (!piece.bytes.empty()) arrive(piece.bytes);
  if (piece.farewell && !broken_) {
    loop_.note(name_ + " ends");
    atEnd_ = true;
    if (*piece.farewell == Farewell::kGone) onWriterGone();
  }
  serveReader();
  serveWriters();
}

void SimPipe::arrive(ByteView bytes) {
  const bool last = spoiler_ && bytes.size() >= spoiler_->bytesLeft;
  if (last) bytes = bytes.first(static_cast<std::size_t>(spoiler_->bytesLeft));
  if (spoiler_) spoiler_->bytesLeft -= bytes.size();
  readable_.insert(readable_.end(), bytes.begin(), bytes.end());
  arrived_ += bytes.size();
  loop_.note(name_ + " " + std::to_string(bytes.size()) + " " + toHex(blake2b(bytes).view().first(4)));
  if (!last) return;
  kj::Function<void()> spoil = kj::mv(spoiler_->spoil);
  spoiler_.reset();
  spoil();
}

std::size_t SimPipe::take(kj::byte* buffer, std::size_t most) {
  const std::size_t taken = std::min(most, readable_.size());
  const auto end = readable_.begin() + static_cast<std::ptrdiff_t>(taken);
  std::copy(readable_.begin(), end, buffer);
  readable_.erase(readable_.begin(), end);
  return taken;
}

void SimPipe::serveReader() {
  if (reading_ != nullptr) reading_->serve();
}

void SimPipe::serveWriters() {
  const std::size_t wanted = reading_ != nullptr ? reading_->least() : 0;
  if (!broken_ && onTheWayBytes_ + readable_.size() > travel_.bufferBytes + wanted) return;
  for (auto& writer : std::exchange(writers_, {})) {
    if (broken_) {
      writer->reject(disconnected());
    } else {
      writer->fulfill();
    }
  }
}

// One side's end of a connection.
class SimStream final : public kj::AsyncIoStream {
 public:
  SimStream(kj::Own<SimConnection> connection, SimSide side)
      : connection_(kj::mv(connection)),
        out_(connection_->pipe(side)),
        in_(connection_->pipe(side == SimSide::kClient ? SimSide::kRelay : SimSide::kClient)) {}
  ~SimStream() noexcept(false) {
    in_.readerGone();
    out_.end(SimPipe::Farewell::kGone);
  }
  KJ_DISALLOW_COPY(SimStream);

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override {
    return in_.read(static_cast<kj::byte*>(buffer), least, most);
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    return out_.write(kj::arrayPtr(static_cast<const kj::byte*>(buffer), size));
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    kj::Vector<kj::byte> whole;
    for (auto piece : pieces) whole.addAll(piece);
    return out_.write(whole);
  }
  kj::Promise<void> whenWriteDisconnected() override { return out_.whenWriteDisconnected(); }
  void shutdownWrite() override { out_.end(SimPipe::Farewell::kEnd); }
  void abortRead() override { in_.readerGone(); }

 private:
  kj::Own<SimConnection> connection_;
  SimPipe& out_;
  SimPipe& in_;
};

SimConnection::SimConnection(Owner& owner, SimLoop& loop, Random& random, const SimTravel& travel, Name name)
    : owner_(owner),
      loop_(loop),
      name_(std::move(name)),
      fromClient_(loop, random, travel, between(name_, '>')),
      fromRelay_(loop, random, travel, between(name_, '<')) {
  // Who has closed his end answers what still comes with a reset.
  fromClient_.onWriterGone = [this] { fromRelay_.cut(); };
  fromRelay_.onWriterGone = [this] { fromClient_.cut(); };
}

SimConnection::~SimConnection() noexcept(false) { owner_.onGone(*this); }

kj::Own<kj::AsyncIoStream> SimConnection::stream(SimSide side) { return kj::heap<SimStream>(kj::addRef(*this), side); }

void SimConnection::cut() {
  loop_.note("cut #" + std::to_string(name_.number));
  fromClient_.cut();
  fromRelay_.cut();
}

void SimConnection::cutAfter(SimSide from, std::uint64_t bytes) {
  pipe(from).afterBytes(bytes, [this] { cut(); });
}

void SimConnection::swallow() {
  loop_.note("swallow #" + std::to_string(name_.number));
  fromClient_.swallow();
  fromRelay_.swallow();
}

}  // namespace waxwing::testing
