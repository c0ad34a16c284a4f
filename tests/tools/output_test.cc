#include "tools/waxwing/output.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>
#include <thread>

namespace waxwing::tool {
namespace {

TEST(Printable, LeavesTextInAnyScriptAlone) {
  for (const std::string text : {"", "hello", "äöü ß", "日本語", "😀 👍🏽", "שלום", "a\\b"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatCouldMislead) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\x0dd");
  EXPECT_EQ(printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b31m"), "\\x9b31m");
  EXPECT_EQ(printable("\u202Eevil\u2066\u200F\u2028"), "\\u202eevil\\u2066\\u200f\\u2028");
}

TEST(Printable, ShowsNothingOfWhatIsNotUtf8) { EXPECT_EQ(printable("a\xff"), "(not UTF-8)"); }

TEST(Output, LinesOfTwoThreadsStayWhole) {
  constexpr int kLines = 20000;
  Output output;
  testing::internal::CaptureStdout();
  std::setvbuf(stdout, nullptr, _IONBF, 0);  // each piece of a line would be a call of its own, with time in between
  const auto say = [&output](const char* line) {
    for (int i = 0; i < kLines; ++i) output.show({}, line);
  };
  std::thread other(say, "of the other thread");
  say("of this thread");
  other.join();
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::istringstream printed(testing::internal::GetCapturedStdout());
  int whole = 0;
  for (std::string line; std::getline(printed, line);) {
    ASSERT_TRUE(line == "of this thread" || line == "of the other thread") << line;
    ++whole;
  }
  EXPECT_EQ(whole, 2 * kLines);
}

TEST(Table, AlignsColumnsByCharactersAndTrimsLineEnds) {
  Table table;
  EXPECT_TRUE(table.isEmpty());
  table.add({"äö", "x", ""});
  table.add({"abcd", "", "end"});
  EXPECT_EQ(table.text(), "äö    x\nabcd     end\n");
}

}  // namespace
}  // namespace waxwing::tool
