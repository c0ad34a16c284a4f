#include "crypto/text.h"

#include <gtest/gtest.h>

#include "crypto/ports.h"

namespace waxwing {
namespace {

constexpr std::string_view kBase64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

TEST(Text, hexBothWays) {
  const Bytes bytes{0x00, 0x7f, 0x80, 0xff};
  EXPECT_EQ(toHex(bytes), "007f80ff");
  EXPECT_EQ(fromHex("007f80ff"), bytes);
  EXPECT_EQ(toHex({}), "");
  EXPECT_EQ(fromHex(""), Bytes{});
}

TEST(Text, hexHasOneSpelling) {
  using namespace std::string_view_literals;
  for (const auto text : {"0"sv, "0A"sv, "0g"sv, "0 "sv, " 00"sv, "00 "sv, "0x00"sv, "00\0\0"sv}) {
    EXPECT_FALSE(fromHex(text)) << text;
  }
}

// RFC 4648 §10, without padding.
TEST(Text, base64urlBothWays) {
  for (const auto& [plain, coded] : {std::pair{"", ""},
                                     {"f", "Zg"},
                                     {"fo", "Zm8"},
                                     {"foo", "Zm9v"},
                                     {"foob", "Zm9vYg"},
                                     {"fooba", "Zm9vYmE"},
                                     {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(toBase64url(asBytes(plain)), coded);
    EXPECT_EQ(fromBase64url(coded), toBytes(asBytes(plain)));
  }
  EXPECT_EQ(toBase64url(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Text, base64urlOfAnyLengthComesBack) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes bytes(size);
    random.fill(bytes);
    EXPECT_EQ(fromBase64url(toBase64url(bytes)), bytes);
  }
}

// Of all texts of two and three letters, each that is accepted is the one spelling of its bytes.
TEST(Text, base64urlHasOneSpelling) {
  int accepted = 0;
  for (const char first : kBase64url) {
    for (const char second : kBase64url) {
      for (const auto& text : {std::string{first, second}, std::string{'A', first, second}}) {
        const auto bytes = fromBase64url(text);
        if (!bytes) continue;
        ++accepted;
        EXPECT_EQ(toBase64url(*bytes), text);
      }
    }
  }
  EXPECT_EQ(accepted, 64 * 4 + 64 * 16);
}

TEST(Text, base64urlHasNoOtherLetters) {
  for (int value = 0; value < 256; ++value) {
    const auto letter = static_cast<char>(value);
    const bool known = kBase64url.find(letter) != kBase64url.npos;
    for (std::size_t i = 0; i < 4; ++i) {
      std::string text = "AAAA";
      text[i] = letter;
      EXPECT_EQ(fromBase64url(text).has_value(), known) << value << " at " << i;
    }
  }
}

TEST(Text, base64urlRefusesEverythingElse) {
  using namespace std::string_view_literals;
  for (const auto text : {"Zg=="sv, "Zm8="sv, "A"sv, "AAAAA"sv, "+_8"sv, "-/8"sv, "Zm 9v"sv, "Zm9v\n"sv, "Zm9v\0"sv}) {
    EXPECT_FALSE(fromBase64url(text)) << text;
  }
}

TEST(Text, wellFormedUtf8) {
  for (const std::string_view text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "na\xc3\xafve \xf0\x9f\x90\xa6!"}) {
    EXPECT_TRUE(isUtf8(text)) << toHex(asBytes(text));
  }
  EXPECT_TRUE(isUtf8(std::string_view("\0", 1)));
}

TEST(Text, illFormedUtf8) {
  const std::string_view cases[] = {
      "\x80",
      "\xbf",
      "\xc3",
      "\xc3(",
      "a\xe2\x82",
      "\xe2\x82(",
      "\xf0\x9f\x90",
      "\xf0\x9f\x90(",  // cut short
      "\xc0\x80",
      "\xc1\xbf",
      "\xe0\x9f\xbf",
      "\xf0\x8f\xbf\xbf",  // overlong
      "\xed\xa0\x80",
      "\xed\xbf\xbf",  // surrogates
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xff",
      "\xfe",
      "\xf8\x88\x80\x80\x80",  // too high
      "\xe2(\xa1",
      "\xf0\x9f(\xa6",
  };
  for (const auto text : cases) EXPECT_FALSE(isUtf8(text)) << toHex(asBytes(text));
}

}  // namespace
}  // namespace waxwing
