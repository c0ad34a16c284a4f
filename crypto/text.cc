#include "crypto/text.h"

#include <sodium.h>

namespace waxwing {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

bool isLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// How a UTF-8 sequence may go on after its first byte (Unicode, table 3-7): how many bytes follow, and the range of the
// first of them.
struct Continuation {
  std::size_t count;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
};

std::optional<Continuation> continuationOf(std::uint8_t first) {
  if (first <= 0x7f) return Continuation{0};
  if (first >= 0xc2 && first <= 0xdf) return Continuation{1};
  if (first == 0xe0) return Continuation{2, 0xa0};
  if (first == 0xed) return Continuation{2, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return Continuation{2};
  if (first == 0xf0) return Continuation{3, 0x90};
  if (first >= 0xf1 && first <= 0xf3) return Continuation{3};
  if (first == 0xf4) return Continuation{3, 0x80, 0x8f};
  return std::nullopt;
}

bool follows(ByteView tail, const Continuation& expected) {
  if (tail.size() < expected.count) return false;
  if (expected.count == 0) return true;
  if (tail[0] < expected.low || tail[0] > expected.high) return false;
  return std::ranges::all_of(tail.first(expected.count), [](std::uint8_t byte) { return (byte & 0xc0) == 0x80; });
}

}  // namespace

std::string toHex(ByteView bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

std::optional<Bytes> fromHex(std::string_view text) {
  if (text.size() % 2 != 0 || !std::ranges::all_of(text, isLowerHex)) return std::nullopt;
  if (text.empty()) return Bytes();
  Bytes bytes(text.size() / 2);
  std::size_t length = 0;
  if (sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr) != 0) {
    return std::nullopt;
  }
  return bytes;
}

std::string toBase64url(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::optional<Bytes> fromBase64url(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 2);
  std::size_t length = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr, kVariant) !=
      0) {
    return std::nullopt;
  }
  bytes.resize(length);
  // libsodium 1.0.18 takes every byte from 0x80 for '_'.
  if (toBase64url(bytes) != text) return std::nullopt;
  return bytes;
}

bool isUtf8(std::string_view text) {
  for (ByteView rest = asBytes(text); !rest.empty();) {
    const auto expected = continuationOf(rest.front());
    if (!expected || !follows(rest.subspan(1), *expected)) return false;
    rest = rest.subspan(1 + expected->count);
  }
  return true;
}

}  // namespace waxwing
