#pragma once

#include <optional>

#include "store/client/client_database.h"
#include "tests/store/store_fixture.h"

namespace waxwing::testing {

// One table of a client's new database.
template <typename Table>
class ClientTableTest : public StoreTest {
 protected:
  void SetUp() override {
    auto db = openClientDatabase(options(Database::Existing::kMustNotExist));
    ASSERT_TRUE(db) << db.error().message;
    db_ = std::move(*db);
    table_.emplace(*db_);
  }
  void TearDown() override { table_.reset(); }

  Db db_;
  std::optional<Table> table_;
};

}  // namespace waxwing::testing
