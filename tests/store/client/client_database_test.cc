#include "store/client/client_database.h"

#include "store/client/settings.h"
#include "tests/store/schema_dump.h"
#include "tests/store/store_fixture.h"

namespace waxwing::testing {
namespace {

class ClientDatabaseTest : public StoreTest {
 protected:
  Db openClient(Database::Existing existing) const {
    auto db = openClientDatabase(options(existing));
    if (!db) throw std::runtime_error(db.error().message);
    return std::move(*db);
  }
};

TEST_F(ClientDatabaseTest, TheSchemaIsTheGoldenOne) {
  const auto db = openClient(Database::Existing::kMustNotExist);
  const std::string dump = schemaDump(*db);
  EXPECT_EQ(dump, golden("client_schema.sql", dump));
}

TEST_F(ClientDatabaseTest, AnOldestDatabaseIsBroughtToTheNewestSchema) {
  {
    const auto db = create();
    ASSERT_TRUE(migrate(*db, clientMigrations().first(1)));
    db->script(
        "INSERT INTO peer_device (account, device, out_sequence) VALUES (zeroblob(32), 1, 7);"
        "INSERT INTO hole (account, device, stream, first, last, message) "
        "VALUES (zeroblob(32), 1, zeroblob(8), 2, 3, 4);");
  }
  const auto db = openClient(Database::Existing::kMustExist);
  const std::string dump = schemaDump(*db);
  EXPECT_EQ(dump, golden("client_schema.sql", dump));
  EXPECT_EQ(integerOf(*db, "SELECT out_sequence + out_mark + sent_count FROM peer_device"), 7);
  EXPECT_EQ(integerOf(*db, "SELECT lost FROM hole"), 0);
}

TEST_F(ClientDatabaseTest, ANewerSchemaIsRefused) {
  {
    const auto db = openClient(Database::Existing::kMustNotExist);
    db->script("PRAGMA user_version = 999");
  }
  const auto db = openClientDatabase(options());
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Errc::kNewerSchema);
}

TEST_F(ClientDatabaseTest, SettingsKeepTheirValues) {
  {
    const auto db = openClient(Database::Existing::kMustNotExist);
    Settings settings(*db);
    Transaction transaction(*db, CommitPoint::kCreateProfile);
    settings.put(transaction, "blob", Bytes{1, 2});
    settings.put(transaction, "blob", Bytes{3});
    settings.putInteger(transaction, "number", -7);
    settings.put(transaction, "gone", Bytes{1});
    settings.remove(transaction, "gone");
    transaction.commit();
  }
  const auto db = openClient(Database::Existing::kMustExist);
  Settings settings(*db);
  EXPECT_TRUE(equal(settings.find("blob")->view(), Bytes{3}));
  EXPECT_EQ(settings.findInteger("number"), -7);
  EXPECT_FALSE(settings.find("gone"));
  EXPECT_THROW(settings.findInteger("blob"), StoreFailure);
}

}  // namespace
}  // namespace waxwing::testing
