#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace waxwing {

// Public bytes. Secrets have types of their own (crypto/secret.h).
using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView asBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view asText(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes toBytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Variable-time comparison, for public bytes only.
inline bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

// A public value of exactly N bytes. `Tag` makes each use a type of its own: an EnvelopeId is never taken for a
// MessageId.
template <std::size_t N, typename Tag>
struct FixedBytes {
  static constexpr std::size_t kSize = N;

  std::array<std::uint8_t, N> bytes{};

  // nullopt unless `view` has exactly N bytes.
  static std::optional<FixedBytes> from(ByteView view) {
    if (view.size() != N) return std::nullopt;
    FixedBytes value;
    std::ranges::copy(view, value.bytes.begin());
    return value;
  }

  ByteView view() const { return bytes; }
  bool isZero() const {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
  }
  auto operator<=>(const FixedBytes&) const = default;
};

// Writes the fixed layouts of docs/protocol.md: integers little endian, blobs verbatim or with a u32 length in front.
class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value);
  ByteWriter& u16(std::uint16_t value);
  ByteWriter& u32(std::uint32_t value);
  ByteWriter& u64(std::uint64_t value);
  ByteWriter& raw(ByteView bytes);
  ByteWriter& prefixed(ByteView bytes);
  ByteWriter& zeros(std::size_t count);

  std::size_t size() const { return bytes_.size(); }
  ByteView view() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Reads what ByteWriter wrote. Every call past the end makes the reader bad and returns zeros or an empty view:
// read everything, then ask `ok()` once.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  ByteView raw(std::size_t count);
  ByteView prefixed();
  template <typename Fixed>
  Fixed fixed() {
    const auto value = Fixed::from(raw(Fixed::kSize));
    return value.value_or(Fixed{});
  }

  ByteView rest() const { return rest_; }
  bool ok() const { return ok_; }
  bool atEnd() const { return ok_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace waxwing
