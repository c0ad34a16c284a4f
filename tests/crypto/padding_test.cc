#include "crypto/padding.h"

#include <gtest/gtest.h>

#include "crypto/limits.h"

namespace waxwing {
namespace {

constexpr std::size_t kHead = 20;

bool refused(ByteView padded) {
  const auto content = unpadContent(padded);
  return !content && content.error().code == Errc::kMalformed;
}

TEST(Padding, padmeSizes) {
  // Above 256, E = floor(log2 L) and the top floor(log2 E) + 1 bits of L are kept.
  for (const auto& [size, padded] : {std::pair<std::size_t, std::size_t>{0, 256},
                                     {255, 256},
                                     {256, 256},
                                     {257, 272},
                                     {272, 272},
                                     {273, 288},
                                     {511, 512},
                                     {513, 544},
                                     {1000, 1024},
                                     {1025, 1088},
                                     {65'535, 65'536},
                                     {65'537, 67'584},
                                     {100'000, 100'352}}) {
    EXPECT_EQ(padmeSize(size), padded) << size;
  }
}

TEST(Padding, padmeNeverShrinksAndAddsAtMostAnEighth) {
  std::size_t previous = 0;
  for (std::size_t size = 0; size < 140'000; size += 7) {
    const std::size_t padded = padmeSize(size);
    EXPECT_GE(padded, std::max(size, previous));
    EXPECT_EQ(padmeSize(padded), padded);
    previous = padded;
    if (size <= limits::kSmallestPadded) continue;
    EXPECT_LE(padded - size, size / 8) << size;
  }
}

TEST(Padding, contentComesBack) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 2000; size += 13) {
    Bytes content(size);
    random.fill(content);
    const SecretBytes padded = padContent(content, random);
    EXPECT_EQ(padded.size(), padmeSize(size + kHead));
    const auto unpadded = unpadContent(padded.view());
    ASSERT_TRUE(unpadded);
    EXPECT_TRUE(equal(unpadded->view(), content));
  }
}

TEST(Padding, theSameContentNeverLooksTheSame) {
  SeededRandom random(2);
  const SecretBytes first = padContent(asBytes("content"), random);
  const SecretBytes second = padContent(asBytes("content"), random);
  EXPECT_FALSE(equal(first.view().first(16), second.view().first(16)));
  EXPECT_TRUE(equal(first.view().subspan(16), second.view().subspan(16)));
}

TEST(Padding, onlyTheRandomHeadIsFree) {
  SeededRandom random(3);
  const SecretBytes padded = padContent(asBytes("content"), random);
  for (std::size_t i = 0; i < padded.size(); ++i) {
    const bool isContent = i >= kHead && i < kHead + 7;
    if (i < 16 || isContent) continue;
    SecretBytes altered = padded.clone();
    altered.span()[i] ^= 1;
    EXPECT_TRUE(refused(altered.view())) << i;
  }
}

TEST(Padding, otherLengthsAreMalformed) {
  SeededRandom random(4);
  const SecretBytes padded = padContent(asBytes("content"), random);
  for (std::size_t size = 0; size < padded.size(); ++size) EXPECT_TRUE(refused(padded.view().first(size))) << size;
  EXPECT_TRUE(refused(ByteWriter().raw(padded.view()).zeros(16).view()));
}

}  // namespace
}  // namespace waxwing
