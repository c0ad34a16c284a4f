#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"

namespace waxwing::fuzz {

// An input worth starting from, and the name of its file.
struct Seed {
  std::string name;
  Bytes input;
};

// One door through which bytes of others come in. `run` feeds it one input and must be deterministic: what one run
// leaves behind, no later one sees. What it throws is a finding, as is every abort and every report of a sanitizer.
struct Target {
  std::string_view name;  // of the fuzzer, of its corpus (corpus/NAME) and of its dictionary (NAME.dict)
  std::size_t mostBytes;  // longer inputs find nothing more
  void (*run)(ByteView input);
  std::vector<Seed> (*seeds)();
};

std::span<const Target> targets();
// nullptr if there is none of that name.
const Target* findTarget(std::string_view name);

// What must hold whatever the input is.
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// An input taken apart from its front. Past the end everything is zero or empty, so that every input means something.
class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  // In [0, bound).
  std::size_t below(std::size_t bound) { return byte() % bound; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }
  // As many as are left, if fewer.
  ByteView take(std::size_t count) {
    const auto piece = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }
  // A length of one or two bytes (128 and above take a second), then so many bytes.
  ByteView piece() {
    std::size_t size = byte();
    if (size >= 0x80) size = (size & 0x7f) << 8 | byte();
    return take(size);
  }
  ByteView rest() { return take(rest_.size()); }

 private:
  ByteView rest_;
};

// Writes what `Input::piece` reads; longer pieces than that can hold are cut.
inline Bytes asPiece(ByteView bytes) {
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), 0x7fff));
  ByteWriter writer;
  if (bytes.size() >= 0x80) writer.u8(static_cast<std::uint8_t>(0x80 | bytes.size() >> 8));
  return writer.u8(static_cast<std::uint8_t>(bytes.size())).raw(bytes).take();
}

// The first byte of many inputs says what the rest is: bytes as they come, or what stands behind a signature, a MAC or
// a seal, which the target then puts around it as someone with the right key could.
inline Bytes tagged(std::uint8_t mode, ByteView bytes) { return ByteWriter().u8(mode).raw(bytes).take(); }

}  // namespace waxwing::fuzz
