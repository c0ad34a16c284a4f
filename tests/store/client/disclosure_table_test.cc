#include "store/client/disclosure_table.h"

#include "store/client/identity_table.h"
#include "store/client/pre_key_table.h"
#include "tests/store/client/client_table_fixture.h"

namespace waxwing::testing {
namespace {

constexpr WallTime kNow{1'800'000'000'000};

class DisclosureTableTest : public ClientTableTest<DisclosureTable> {
 protected:
  void mark() {
    Transaction transaction(*db_, CommitPoint::kCreateProfile);
    table_->mark(transaction, kNow);
    transaction.commit();
  }
  void makeIdentity() {
    IdentityTable::Row row;
    row.address = peer_;
    IdentityTable(*db_).insert(row);
  }
  void addOneTimeKey() {
    PreKeyTable::Key key;
    key.id = 5;
    key.secret.span().front() = 9;
    PreKeyTable(*db_).insertOneTime(key);
  }
  DisclosureTable::Event event() const {
    return {.type = DisclosureTable::Type::kSend,
            .peer = peer_,
            .drawn = Bytes{1, 2},
            .kind = std::uint8_t{2},
            .content = Bytes{},
            .message = Bytes{3}};
  }

  const DeviceAddress peer_{AccountId::fromTrusted(Bytes(32, 7)), DeviceId::fromTrusted(1)};
};

TEST_F(DisclosureTableTest, AProfileIsMarkedBeforeItHasKeysOrNever) {
  EXPECT_FALSE(table_->isTestProfile());
  makeIdentity();
  EXPECT_THROW(mark(), std::logic_error);
  EXPECT_THROW(db_->script("INSERT OR REPLACE INTO test_profile VALUES (1, 0)"), std::logic_error);
  EXPECT_FALSE(table_->isTestProfile());
}

TEST_F(DisclosureTableTest, TheMarkStays) {
  mark();
  makeIdentity();
  EXPECT_THROW(db_->script("DELETE FROM test_profile"), std::logic_error);
  EXPECT_THROW(db_->script("UPDATE test_profile SET made_at = 0"), std::logic_error);
  EXPECT_THROW(db_->script("UPDATE test_profile SET id = 2"), std::logic_error);
  EXPECT_THROW(db_->script("REPLACE INTO test_profile VALUES (1, 0)"), std::logic_error);
  EXPECT_TRUE(table_->isTestProfile());
}

TEST_F(DisclosureTableTest, AnOrdinaryProfileKeepsNothingOfIt) {
  makeIdentity();
  addOneTimeKey();
  EXPECT_EQ(integerOf(*db_, "SELECT count(*) FROM disclosed_key"), 0);
  EXPECT_THROW(table_->add(event()), std::logic_error);
  EXPECT_THROW(db_->script("INSERT INTO disclosed_key VALUES (1, 1, x'00')"), std::logic_error);
  EXPECT_EQ(integerOf(*db_, "SELECT count(*) FROM disclosed_event"), 0);
}

TEST_F(DisclosureTableTest, ATestProfileKeepsWhatItDidAndEveryKey) {
  mark();
  addOneTimeKey();
  PreKeyTable(*db_).removeOneTime(5);
  const auto secret = table_->findKey(DisclosureTable::KeyKind::kOneTimePreKey, 5);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->view().front(), 9);
  EXPECT_FALSE(table_->findKey(DisclosureTable::KeyKind::kSealKey, 5));

  table_->add(event());
  const auto events = table_->events(peer_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, DisclosureTable::Type::kSend);
  EXPECT_EQ(events[0].drawn, (Bytes{1, 2}));
  EXPECT_EQ(events[0].content, Bytes{});
  EXPECT_EQ(events[0].message, Bytes{3});
  EXPECT_FALSE(events[0].envelope);
  EXPECT_FALSE(events[0].oneTimeKey);
  EXPECT_TRUE(table_->events({peer_.account, DeviceId::fromTrusted(2)}).empty());
}

}  // namespace
}  // namespace waxwing::testing
