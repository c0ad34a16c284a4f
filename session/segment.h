#pragma once

#include <capnp/message.h>
#include <kj/exception.h>

#include <string>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/limits.h"
#include "crypto/secret.h"

// Cap'n Proto messages as Waxwing keeps them: one unpacked segment without a segment table. Internal to session/*.cc;
// both ends wipe their memory, for content is secret.
namespace waxwing {

// Builds into memory of a fixed size. A message that does not fit makes the Cap'n Proto setter throw
// `SegmentBuilder::Full`.
class SegmentBuilder final : public capnp::MessageBuilder {
 public:
  struct Full {};

  explicit SegmentBuilder(std::size_t mostBytes) : memory_(mostBytes / sizeof(capnp::word) * sizeof(capnp::word)) {}

  kj::ArrayPtr<capnp::word> allocateSegment(capnp::uint minimumWords) override {
    if (taken_ || minimumWords > memory_.size() / sizeof(capnp::word)) throw Full{};
    taken_ = true;
    return {reinterpret_cast<capnp::word*>(memory_.span().data()), memory_.size() / sizeof(capnp::word)};
  }

  // The message's bytes; hold until the builder goes.
  ByteView bytes() {
    const auto segments = getSegmentsForOutput();
    const auto first = segments[0].asBytes();
    return {first.begin(), first.size()};
  }

 private:
  SecretBytes memory_;  // zeroed and aligned for every fundamental type
  bool taken_ = false;
};

// Reads bytes that a stranger may have made, from an aligned copy. Accessors throw kj::Exception on hostile input.
class SegmentReader {
 public:
  explicit SegmentReader(ByteView bytes)
      : memory_(bytes.subspan(0, bytes.size() / sizeof(capnp::word) * sizeof(capnp::word))),
        segment_(reinterpret_cast<const capnp::word*>(memory_.view().data()), memory_.size() / sizeof(capnp::word)),
        reader_(kj::arrayPtr(&segment_, 1), options(segment_.size())) {}
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  template <typename Struct>
  typename Struct::Reader root() {
    return reader_.getRoot<Struct>();
  }

 private:
  // Decoders look at each pointer a few times; a message that shares pointers to look large runs into the limit.
  static capnp::ReaderOptions options(std::size_t words) {
    return {.traversalLimitInWords = 8 * words + 64, .nestingLimit = static_cast<int>(limits::kNestingLevels)};
  }

  SecretBytes memory_;
  kj::ArrayPtr<const capnp::word> segment_;
  capnp::SegmentArrayMessageReader reader_;
};

inline bool isWholeSegment(ByteView bytes) { return !bytes.empty() && bytes.size() % sizeof(capnp::word) == 0; }

inline ByteView view(capnp::Data::Reader data) { return {data.begin(), data.size()}; }
inline capnp::Data::Reader blob(ByteView bytes) { return {bytes.data(), bytes.size()}; }
// The whole of it: given a std::string itself, Cap'n Proto's setters stop at its first NUL.
inline capnp::Text::Reader whole(const std::string& text) { return {text.data(), text.size()}; }
inline std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// A blob of exactly the value's size; `ok` turns false otherwise. Read everything, then ask once.
template <typename Fixed>
Fixed readFixed(capnp::Data::Reader in, bool& ok) {
  const auto value = Fixed::from(view(in));
  if (!value) ok = false;
  return value.value_or(Fixed{});
}

}  // namespace waxwing
