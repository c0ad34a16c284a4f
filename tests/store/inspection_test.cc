#include "store/inspection.h"

#include "tests/store/store_fixture.h"

namespace waxwing::testing {
namespace {

class InspectionTest : public StoreTest {
 protected:
  void SetUp() override {
    const auto db = create();
    db->script(
        "CREATE TABLE \"it's \"\"one\"\"\" (x BLOB, n INTEGER) STRICT;"
        "INSERT INTO \"it's \"\"one\"\"\" VALUES (zeroblob(10), NULL), (NULL, -12); PRAGMA user_version = 3;");
  }
};

TEST_F(InspectionTest, CountsRowsAndBytes) {
  const auto found = inspectDatabase(path_, key_, 3);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->schemaVersion, 3u);
  EXPECT_EQ(found->brokenPages, 0);
  ASSERT_EQ(found->tables.size(), 2u);
  EXPECT_EQ(found->tables[0].name, "canary");
  EXPECT_EQ(found->tables[1].name, "it's \"one\"");
  EXPECT_EQ(found->tables[1].rows, 2);
  EXPECT_EQ(found->tables[1].bytes, 13);
}

TEST_F(InspectionTest, WhoWorksKeepsALookerOutAndTheOtherWayRound) {
  {
    const auto db = open();
    const pid_t child = ::fork();
    if (child == 0) {
      const auto found = inspectDatabase(path_, key_, 3);
      ::_exit(!found && found.error().code == Errc::kStoreLocked ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  auto looking = options();
  looking.access = Database::Access::kLook;
  const auto one = mustOpen(looking);
  const auto two = mustOpen(looking);
  EXPECT_EQ(tryOpen().error().code, Errc::kStoreLocked);
  EXPECT_THROW(one->script("DELETE FROM canary"), StoreFailure);
}

TEST_F(InspectionTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(inspectDatabase(path_, key_, 2).error().code, Errc::kNewerSchema);
  EXPECT_EQ(inspectDatabase(directory_ / "none.db", key_, 3).error().code, Errc::kNoSuchProfile);
  key_[0] ^= 1;
  EXPECT_EQ(inspectDatabase(path_, key_, 3).error().code, Errc::kWrongKey);
}

}  // namespace
}  // namespace waxwing::testing
