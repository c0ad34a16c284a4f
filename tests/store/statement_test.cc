#include "store/statement.h"

#include <gmock/gmock.h>

#include "tests/store/store_fixture.h"

namespace waxwing::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

enum class Colour { kRed, kGreen };

class StatementTest : public StoreTest {
 protected:
  Db db_ = create();
};

// As in the tables of the rooms above.
struct Table {
  explicit Table(Database& db) : db_(db) {}
  Database& db_;
  Statement add_ = db_.prepare("SELECT ?1 + ?2");
};

TEST_F(StatementTest, BindsAndReadsEveryType) {
  Statement all = db_->prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9");
  const EnvelopeId id = *EnvelopeId::from(Bytes(16, 7));
  const SecretArray<4> secret;
  Rows rows = all.query(-5, Bytes{1, 2}, "text", id, WallTime{77}, DeviceId::fromTrusted(3), Colour::kGreen,
                        std::optional<int>(), secret);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), -5);
  EXPECT_EQ(rows.bytes(1), (Bytes{1, 2}));
  EXPECT_EQ(rows.text(2), "text");
  EXPECT_EQ(rows.fixed<EnvelopeId>(3), id);
  EXPECT_EQ(rows.time(4).ms, 77);
  EXPECT_EQ(rows.device(5).value(), 3);
  EXPECT_EQ(rows.as<Colour>(6), Colour::kGreen);
  EXPECT_TRUE(rows.isNull(7));
  EXPECT_EQ(rows.blob(8).size(), 4u);
  EXPECT_FALSE(rows.next());
}

TEST_F(StatementTest, RowsOutliveTheArgumentsOfAQuery) {
  Statement echo = db_->prepare("SELECT ?1");
  Rows rows = echo.query(Bytes(100, 9));
  const Bytes other(100, 1);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.bytes(0), Bytes(100, 9));
}

TEST_F(StatementTest, AnEmptyBlobIsNotNull) {
  Statement isNull = db_->prepare("SELECT ?1 IS NULL, ?2 IS NULL, ?3 IS NULL");
  Rows rows = isNull.query(Bytes{}, std::string_view(), std::optional<Bytes>());
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), 0);
  EXPECT_EQ(rows.integer(1), 0);
  EXPECT_EQ(rows.integer(2), 1);
}

TEST_F(StatementTest, AColumnOfAnotherSizeIsDamage) {
  Statement echo = db_->prepare("SELECT ?1");
  Rows rows = echo.query(Bytes(15, 0));
  ASSERT_TRUE(rows.next());
  EXPECT_THROW(rows.fixed<EnvelopeId>(0), StoreFailure);
}

TEST_F(StatementTest, IsDeclaredAsAMemberAndRunsAgain) {
  Table table(*db_);
  for (int i = 0; i < 3; ++i) {
    Rows rows = table.add_.query(i, 1);
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), i + 1);
  }
}

TEST_F(StatementTest, MistakesOfOursAreLogicErrors) {
  EXPECT_THROW(db_->prepare("SELECT nonsense"), std::logic_error);
  EXPECT_THROW(db_->prepare("SELECT 1; SELECT 2"), std::logic_error);
  EXPECT_THROW(db_->prepare(""), std::logic_error);
  EXPECT_THROW(db_->prepare("SELECT \"text\""), std::logic_error);
  Statement two = db_->prepare("SELECT ?1, ?2");
  EXPECT_THROW(two.query(1), std::logic_error);
  const Rows running = two.query(1, 2);
  EXPECT_NO_THROW(two.query(1, 2));
}

TEST_F(StatementTest, ARunningStatementIsNotStartedTwice) {
  Statement one = db_->prepare("SELECT 1 UNION ALL SELECT 2");
  Rows rows = one.query();
  ASSERT_TRUE(rows.next());
  EXPECT_THROW(one.query(), std::logic_error);
}

TEST_F(StatementTest, ErrorsNameTheLiteralAndNeverAParameter) {
  db_->script("CREATE TABLE one (id INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT");
  Statement insert = db_->prepare("INSERT INTO one (word) VALUES (?1)");
  insert.run("a secret word");
  try {
    insert.run("a secret word");
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("INSERT INTO one"));
    EXPECT_THAT(error.what(), Not(HasSubstr("secret word")));
  }
}

}  // namespace
}  // namespace waxwing::testing
