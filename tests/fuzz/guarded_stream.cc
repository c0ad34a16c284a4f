// GuardedStream: bytes of a peer, arriving in pieces of any size, beside Cap'n Proto's own reading of the same bytes.

#include "rpc/wire/guarded_stream.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/async-io.h>

#include "crypto/limits.h"
#include "rpc/wire/relay.capnp.h"
#include "tests/fuzz/target.h"

namespace waxwing::fuzz {
namespace {

constexpr std::size_t kMessageLimit = 2048;
constexpr kj::uint kMostPieces = 16;

using Read = kj::Maybe<kj::Own<capnp::MessageReader>>;

// What one message's segments say, one after the other.
Bytes segmentsOf(capnp::MessageReader& reader) {
  ByteWriter all;
  for (kj::uint i = 0; i <= limits::kSegments; ++i) {
    const auto segment = reader.getSegment(i);
    if (segment.begin() == nullptr) break;
    const auto bytes = segment.asBytes();
    all.prefixed({bytes.begin(), bytes.size()});
  }
  return all.take();
}

// The messages that a stream of these bytes brings before it ends or breaks. Every pointer of each is followed.
std::vector<Bytes> guardedReading(ByteView bytes, std::size_t pieceBytes) {
  kj::EventLoop loop;
  kj::WaitScope waitScope(loop);
  auto pipe = kj::newTwoWayPipe();
  GuardedStream stream(kj::mv(pipe.ends[0]), kMessageLimit);
  kj::Promise<void> writing = kj::READY_NOW;
  auto& peer = *pipe.ends[1];
  for (std::size_t at = 0; at < bytes.size(); at += pieceBytes) {
    const auto piece = bytes.subspan(at, std::min(pieceBytes, bytes.size() - at));
    writing = writing.then([&peer, piece] { return peer.write(piece.data(), piece.size()); });
  }
  writing = writing.then([&peer] { peer.shutdownWrite(); }).eagerlyEvaluate([](kj::Exception&&) {});
  std::vector<Bytes> messages;
  try {
    for (;;) {
      Read read = stream.tryReadMessage().wait(waitScope);
      KJ_IF_MAYBE (reader, read) {
        messages.push_back(segmentsOf(**reader));
        try {
          (void)(*reader)->getRoot<wire::Bundle>().totalSize();
        } catch (const kj::Exception&) {
        }
      } else {
        break;
      }
    }
  } catch (const kj::Exception&) {
  }
  return messages;
}

// A table that our own limits admit, and a body that is there: the whole message's size in words; 0 otherwise.
std::size_t wholeMessageWords(kj::ArrayPtr<const capnp::word> words) {
  if (words.size() == 0) return 0;
  ByteReader table({words.asBytes().begin(), words.asBytes().size()});
  const std::uint64_t segments = std::uint64_t{table.u32()} + 1;
  if (segments > limits::kSegments) return 0;
  const std::uint64_t tableWords = segments / 2 + 1;
  std::uint64_t body = 0;
  for (std::uint64_t i = 0; i < segments; ++i) body += table.u32();
  if (!table.ok() || body * sizeof(capnp::word) > kMessageLimit) return 0;
  return tableWords + body <= words.size() ? static_cast<std::size_t>(tableWords + body) : 0;
}

// The same bytes read by Cap'n Proto from memory, up to the first message that goes beyond a limit or is cut short.
std::vector<Bytes> plainReading(ByteView bytes) {
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::copy_n(bytes.begin(), words.asBytes().size(), words.asBytes().begin());
  std::vector<Bytes> messages;
  for (kj::ArrayPtr<const capnp::word> left = words; const auto size = wholeMessageWords(left);) {
    capnp::FlatArrayMessageReader reader(left.slice(0, size));
    messages.push_back(segmentsOf(reader));
    left = left.slice(size, left.size());
  }
  return messages;
}

void run(ByteView input) {
  Input in(input);
  const std::size_t pieces = 1 + in.below(kMostPieces);
  const auto bytes = in.rest();
  const auto read = guardedReading(bytes, bytes.size() / pieces + 1);
  require(read == plainReading(bytes), "the framing guard reads something else than Cap'n Proto");
}

Bytes framed(std::string_view text, capnp::uint firstSegmentWords) {
  capnp::MallocMessageBuilder message(firstSegmentWords, capnp::AllocationStrategy::FIXED_SIZE);
  message.initRoot<wire::Bundle>().setSignedKeys(kj::arrayPtr(asBytes(text).data(), text.size()));
  const auto words = capnp::messageToFlatArray(message);
  return Bytes(words.asBytes().begin(), words.asBytes().end());
}

std::vector<Seed> seeds() {
  const auto one = framed("one segment", 64);
  const auto three = framed("several segments", 1);
  return {{"one", tagged(0, one)},
          {"segments", tagged(3, three)},
          {"two", tagged(7, ByteWriter().raw(three).raw(one).take())},
          {"many-segments", tagged(1, Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})}};
}

}  // namespace

extern const Target kGuardedStream;
const Target kGuardedStream{"guarded_stream", 8192, run, seeds};

}  // namespace waxwing::fuzz
