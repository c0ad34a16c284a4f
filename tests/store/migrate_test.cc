#include "store/migrate.h"

#include "tests/store/schema_dump.h"
#include "tests/store/store_fixture.h"

namespace waxwing::testing {
namespace {

constexpr Migration kSteps[] = {
    {"CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);"},
    {"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;"},
};

class MigrateTest : public StoreTest {};

TEST_F(MigrateTest, TakesEachStepOnce) {
  {
    const auto db = create();
    ASSERT_TRUE(migrate(*db, std::span(kSteps).first(1)));
    EXPECT_EQ(integerOf(*db, "PRAGMA user_version"), 1);
  }
  const auto db = open();
  ASSERT_TRUE(migrate(*db, kSteps));
  ASSERT_TRUE(migrate(*db, kSteps));
  EXPECT_EQ(integerOf(*db, "PRAGMA user_version"), 2);
  EXPECT_EQ(integerOf(*db, "SELECT y FROM a"), 2);
}

TEST_F(MigrateTest, ANewerSchemaIsNotTouched) {
  const auto db = create();
  ASSERT_TRUE(migrate(*db, kSteps));
  const auto result = migrate(*db, std::span(kSteps).first(1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kNewerSchema);
  EXPECT_EQ(integerOf(*db, "PRAGMA user_version"), 2);
}

TEST_F(MigrateTest, AKilledStepIsTakenAgain) {
  create();
  const auto both = [&] { (void)migrate(*open(), kSteps); };
  EXPECT_TRUE(isKilledAt("migrate:before:2", both));
  EXPECT_EQ(integerOf(*open(), "PRAGMA user_version"), 1);
  EXPECT_TRUE(isKilledAt("migrate:after:1", both));
  const auto db = open();
  EXPECT_EQ(integerOf(*db, "PRAGMA user_version"), 2);
  EXPECT_EQ(integerOf(*db, "SELECT y FROM a"), 2);
}

TEST_F(MigrateTest, AStepThatFailsLeavesTheOldSchema) {
  const auto db = create();
  constexpr Migration kBad[] = {{"CREATE TABLE b (x INTEGER) STRICT; CREATE TABLE b (x INTEGER) STRICT;"}};
  EXPECT_THROW((void)migrate(*db, kBad), std::logic_error);
  EXPECT_EQ(integerOf(*db, "PRAGMA user_version"), 0);
  EXPECT_EQ(integerOf(*db, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
}

}  // namespace
}  // namespace waxwing::testing
