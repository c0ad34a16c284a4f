#include "crypto/bytes.h"

#include <gtest/gtest.h>

#include "crypto/text.h"

namespace waxwing {
namespace {

using FourBytes = FixedBytes<4, struct FourTag>;

TEST(Bytes, writerIsLittleEndian) {
  ByteWriter writer;
  writer.u8(0x01)
      .u16(0x0302)
      .u32(0x07060504)
      .u64(0x0f0e0d0c0b0a0908)
      .raw(asBytes("A"))
      .prefixed(asBytes("BC"))
      .zeros(2);
  EXPECT_EQ(toHex(writer.view()),
            "0102030405060708090a0b0c0d0e0f"
            "41"
            "020000004243"
            "0000");
}

TEST(Bytes, readerReadsWhatTheWriterWrote) {
  const Bytes bytes = ByteWriter().u8(1).u16(2).u32(3).u64(4).raw(asBytes("four")).prefixed(asBytes("five")).take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 2);
  EXPECT_EQ(reader.u32(), 3u);
  EXPECT_EQ(reader.u64(), 4u);
  EXPECT_EQ(asText(reader.fixed<FourBytes>().view()), "four");
  EXPECT_FALSE(reader.atEnd());
  EXPECT_EQ(asText(reader.prefixed()), "five");
  EXPECT_TRUE(reader.atEnd());
}

TEST(Bytes, readerStaysBadPastTheEnd) {
  const Bytes bytes = ByteWriter().u16(0xffff).take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_TRUE(reader.raw(0).empty());
  EXPECT_TRUE(reader.fixed<FourBytes>().isZero());
  EXPECT_FALSE(reader.atEnd());
}

TEST(Bytes, readerRefusesAPrefixThatPromisesTooMuch) {
  const Bytes bytes = ByteWriter().u32(0xffffffff).raw(asBytes("short")).take();
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.prefixed().empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, fixedBytesHaveExactlyTheirSize) {
  EXPECT_FALSE(FourBytes::from(asBytes("abc")));
  EXPECT_FALSE(FourBytes::from(asBytes("abcde")));
  const auto value = FourBytes::from(asBytes("abcd"));
  ASSERT_TRUE(value);
  EXPECT_EQ(asText(value->view()), "abcd");
  EXPECT_FALSE(value->isZero());
  EXPECT_LT(*FourBytes::from(asBytes("abcc")), *value);
}

}  // namespace
}  // namespace waxwing
