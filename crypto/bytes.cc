#include "crypto/bytes.h"

#include <limits>
#include <stdexcept>

namespace waxwing {
namespace {

template <typename Integer>
void appendLittleEndian(Bytes& bytes, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <typename Integer>
Integer littleEndian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return static_cast<Integer>(value);
}

}  // namespace

ByteWriter& ByteWriter::u8(std::uint8_t value) {
  bytes_.push_back(value);
  return *this;
}

ByteWriter& ByteWriter::u16(std::uint16_t value) {
  appendLittleEndian(bytes_, value);
  return *this;
}

ByteWriter& ByteWriter::u32(std::uint32_t value) {
  appendLittleEndian(bytes_, value);
  return *this;
}

ByteWriter& ByteWriter::u64(std::uint64_t value) {
  appendLittleEndian(bytes_, value);
  return *this;
}

ByteWriter& ByteWriter::raw(ByteView bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteWriter& ByteWriter::prefixed(ByteView bytes) {
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::logic_error("ByteWriter::prefixed: the blob's length does not fit its prefix");
  }
  return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

ByteWriter& ByteWriter::zeros(std::size_t count) {
  bytes_.resize(bytes_.size() + count);
  return *this;
}

std::uint8_t ByteReader::u8() { return littleEndian<std::uint8_t>(raw(sizeof(std::uint8_t))); }
std::uint16_t ByteReader::u16() { return littleEndian<std::uint16_t>(raw(sizeof(std::uint16_t))); }
std::uint32_t ByteReader::u32() { return littleEndian<std::uint32_t>(raw(sizeof(std::uint32_t))); }
std::uint64_t ByteReader::u64() { return littleEndian<std::uint64_t>(raw(sizeof(std::uint64_t))); }

ByteView ByteReader::raw(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const ByteView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

ByteView ByteReader::prefixed() { return raw(u32()); }

}  // namespace waxwing
