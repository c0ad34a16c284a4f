#include "crypto/error.h"

#include <set>

#include <gtest/gtest.h>

namespace waxwing {
namespace {

TEST(Error, everyKnownNumberHasANameOfItsOwn) {
  std::set<std::string_view> names;
  int known = 0;
  for (std::int32_t number = 0; number < 100; ++number) {
    const auto text = name(static_cast<Errc>(number));
    if (text == "unknown") continue;
    ++known;
    names.insert(text);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(known));
  EXPECT_GE(known, 60);
}

TEST(Error, namesAreTheConstantsWithoutTheirK) {
  EXPECT_EQ(name(Errc::kInvalidArgument), "invalidArgument");
  EXPECT_EQ(name(Errc::kNotUtf8), "notUtf8");
  EXPECT_EQ(name(Errc::kCloned), "cloned");
}

TEST(Error, failCarriesCodeAndText) {
  const Result<int> result = fail(Errc::kBusy, "try again");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kBusy);
  EXPECT_EQ(result.error().message, "try again");
}

}  // namespace
}  // namespace waxwing
