#include "tools/waxwing/profile.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_directory.h"

namespace waxwing::tool {
namespace {

constexpr PassphraseCost kCheap{.operations = 1, .memoryMiB = 1};

class ProfileTest : public ::testing::Test {
 protected:
  Result<Profile> make() { return Profile::make(path_, kCheap, random_); }
  std::string content() const {
    std::ifstream file(path_ / "profile.toml");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& text) { std::ofstream(path_ / "profile.toml") << text; }
  static Bytes keyOf(const Profile& profile, std::string_view passphrase) {
    return toBytes(profile.databaseKey(SecretBytes(asBytes(passphrase)))->view());
  }

  waxwing::testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "deep/down";
  SeededRandom random_{1};
};

TEST_F(ProfileTest, OpensToTheSameKeyAgain) {
  const auto made = make();
  ASSERT_TRUE(made);
  const auto loaded = Profile::load(path_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(keyOf(*made, "open sesame"), keyOf(*loaded, "open sesame"));
  EXPECT_NE(keyOf(*made, "open sesame"), keyOf(*loaded, "open sesamf"));
}

TEST_F(ProfileTest, KeepsAProfileFileThatIsThere) {
  ASSERT_TRUE(make());
  const std::string before = content();
  ASSERT_TRUE(make());
  EXPECT_EQ(content(), before);
}

TEST_F(ProfileTest, MakesNoNewFileBesideADatabase) {
  ASSERT_TRUE(make());
  std::ofstream(path_ / "waxwing.db") << "x";
  EXPECT_TRUE(make());
  std::filesystem::remove(path_ / "profile.toml");
  EXPECT_EQ(make().error().code, Errc::kDamaged);
}

TEST_F(ProfileTest, TellsAbsentDamagedAndNewer) {
  EXPECT_EQ(Profile::load(path_).error().code, Errc::kNoSuchProfile);
  ASSERT_TRUE(make());
  const std::string good = content();
  for (const std::string bad : {"", "format = [", "format = 1", "format = \"1\"", "\xff\xfe"}) {
    write(bad);
    EXPECT_EQ(Profile::load(path_).error().code, Errc::kDamaged) << bad;
  }
  write(good.substr(0, good.find("salt")) + "salt = \"00\"\noperations = 1\nmemory_bytes = 1048576\n");
  EXPECT_EQ(Profile::load(path_).error().code, Errc::kDamaged);
  write("format = 2\n");
  EXPECT_EQ(Profile::load(path_).error().code, Errc::kUnsupportedVersion);
  write(good);
  EXPECT_TRUE(Profile::load(path_));
}

}  // namespace
}  // namespace waxwing::tool
