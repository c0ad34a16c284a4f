#include "crypto/padding.h"

#include <bit>
#include <limits>
#include <stdexcept>

#include "crypto/limits.h"

namespace waxwing {
namespace {

constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kHeadBytes = kRandomBytes + sizeof(std::uint32_t);

tl::unexpected<Error> badPadding() {
  return fail(Errc::kMalformed, "the padding is not as Waxwing writes it; the sender's program is at fault");
}

std::size_t floorLog2(std::size_t value) { return static_cast<std::size_t>(std::bit_width(value)) - 1; }

}  // namespace

std::size_t padmeSize(std::size_t size) {
  if (size <= limits::kSmallestPadded) return limits::kSmallestPadded;
  const std::size_t exponent = floorLog2(size);
  const std::size_t keptBits = floorLog2(exponent) + 1;
  const std::size_t lowBits = (std::size_t{1} << (exponent - keptBits)) - 1;
  if (size > std::numeric_limits<std::size_t>::max() - lowBits) throw std::logic_error("padmeSize: size too large");
  return (size + lowBits) & ~lowBits;
}

SecretBytes padContent(ByteView content, Random& random) {
  if (content.size() > std::numeric_limits<std::uint32_t>::max()) throw std::logic_error("padContent: over 4 GiB");
  SecretBytes padded(padmeSize(kHeadBytes + content.size()));
  const auto out = padded.span();
  random.fill(out.first(kRandomBytes));
  const Bytes length = ByteWriter().u32(static_cast<std::uint32_t>(content.size())).take();
  std::ranges::copy(length, out.begin() + kRandomBytes);
  std::ranges::copy(content, out.begin() + kHeadBytes);
  return padded;
}

Result<SecretBytes> unpadContent(ByteView padded) {
  ByteReader reader(padded);
  reader.raw(kRandomBytes);
  const ByteView content = reader.prefixed();
  if (!reader.ok() || padded.size() != padmeSize(kHeadBytes + content.size())) return badPadding();
  const bool clean = std::ranges::all_of(reader.rest(), [](std::uint8_t byte) { return byte == 0; });
  if (!clean) return badPadding();
  return SecretBytes(content);
}

}  // namespace waxwing
