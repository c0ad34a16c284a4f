#include "tools/waxwing/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "crypto/limits.h"

namespace waxwing::tool {
namespace {

using testing::ElementsAre;

struct Collected {
  std::vector<std::string> texts;
  std::vector<std::size_t> numbers;
  std::vector<std::size_t> tooLong;
};

Collected split(std::string_view input, std::size_t chunk) {
  Collected result;
  const auto each = [&result](const InputLine& line) {
    if (line.tooLong) {
      result.tooLong.push_back(line.number);
    } else {
      result.texts.push_back(line.text);
      result.numbers.push_back(line.number);
    }
  };
  LineSplitter lines;
  for (std::size_t at = 0; at < input.size(); at += chunk) lines.feed(input.substr(at, chunk), each);
  lines.finish(each);
  return result;
}

TEST(LineSplitter, NumbersLinesAndSkipsEmptyOnes) {
  for (const std::size_t chunk : {1, 2, 3, 100}) {
    const auto result = split("one\n\n\ntwo\r\n\r\nthree", chunk);
    EXPECT_THAT(result.texts, ElementsAre("one", "two", "three"));
    EXPECT_THAT(result.numbers, ElementsAre(1, 4, 6));
  }
}

TEST(LineSplitter, KeepsNoMoreOfALineThanAMessageHolds) {
  const std::string fits(limits::kTextBytes, 'x');
  const std::string input = fits + "\r\n" + fits + "yy\nafter\n" + std::string(10 * limits::kTextBytes, 'z');
  for (const std::size_t chunk : {4096, 1'000'000}) {
    const auto result = split(input, chunk);
    EXPECT_THAT(result.texts, ElementsAre(fits, "after"));
    EXPECT_THAT(result.tooLong, ElementsAre(2, 4));
  }
}

TEST(LineSplitter, NothingGivesNothing) { EXPECT_TRUE(split("", 1).texts.empty()); }

}  // namespace
}  // namespace waxwing::tool
