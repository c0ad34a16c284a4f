#include "tools/waxwing/output.h"

#include <gtest/gtest.h>

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

TEST(Table, AlignsColumnsByCharactersAndTrimsLineEnds) {
  Table table;
  EXPECT_TRUE(table.isEmpty());
  table.add({"äö", "x", ""});
  table.add({"abcd", "", "end"});
  EXPECT_EQ(table.text(), "äö    x\nabcd     end\n");
}

}  // namespace
}  // namespace waxwing::tool
