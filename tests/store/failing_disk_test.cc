#include "tests/store/failing_disk.h"

#include "store/database.h"
#include "store/relay/sqlcipher_mailbox_store.h"
#include "tests/store/store_fixture.h"

// What the store does when the disk fails: a typed failure, nothing half written, and no success after a failed sync.
namespace waxwing::testing {
namespace {

using Fault = FailingDisk::Fault;

class FailingDiskTest : public StoreTest {
 protected:
  void SetUp() override {
    auto fresh = failing();
    fresh.existing = Database::Existing::kMustNotExist;
    db_ = mustOpen(fresh);
    db_->script("CREATE TABLE note (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
  }
  void TearDown() override { db_.reset(); }

  Database::Options failing() const {
    auto result = options();
    result.vfs = FailingDisk::vfs();
    return result;
  }
  void add(std::size_t size = 5000) {
    Transaction transaction(*db_, CommitPoint::kCompose);
    db_->prepare("INSERT INTO note (body) VALUES (?1)").run(Bytes(size, 1));
    transaction.commit();
  }
  // The code of the failure, kInternal if there was none.
  Errc addFailing() {
    try {
      add();
      return Errc::kInternal;
    } catch (const StoreFailure& failure) {
      return failure.code();
    }
  }
  std::int64_t count() { return integerOf(*db_, "SELECT count(*) FROM note"); }
  void reopen() {
    db_.reset();
    db_ = mustOpen(failing());
  }

  FailingDisk disk_;
  Db db_;
};

TEST_F(FailingDiskTest, AFailedSyncIsNeverRetriedAsASuccess) {
  add();
  disk_.fail(Fault::kSync);
  EXPECT_EQ(addFailing(), Errc::kStoreFailed);
  disk_.heal();
  EXPECT_TRUE(db_->hasFailed());
  EXPECT_EQ(addFailing(), Errc::kStoreFailed) << "refuses all work until opened anew";
  EXPECT_THROW(count(), StoreFailure);
  reopen();
  EXPECT_EQ(count(), 1);
  add();
  EXPECT_EQ(count(), 2);
}

TEST_F(FailingDiskTest, AFileThatCannotBeReadIsNotCalledDamaged) {
  add();
  db_.reset();
  int failures = 0;
  for (std::uint64_t call = 1; call < 100; ++call) {
    disk_.fail(Fault::kRead, call);
    const auto opened = Database::open(failing());
    disk_.heal();
    if (opened) break;
    EXPECT_EQ(opened.error().code, Errc::kStoreFailed) << call << ": " << opened.error().message;
    ++failures;
  }
  EXPECT_GT(failures, 2);
  db_ = mustOpen(failing());
  db_->script("PRAGMA cache_size = 0; PRAGMA shrink_memory");
  disk_.fail(Fault::kRead);
  try {
    db_->prepare("SELECT body FROM note").query().next();
    ADD_FAILURE() << "nothing was read from the disk";
  } catch (const StoreFailure& failure) {
    EXPECT_EQ(failure.code(), Errc::kStoreFailed) << failure.what();
  }
  disk_.heal();
  EXPECT_EQ(count(), 1);
}

TEST_F(FailingDiskTest, EveryWriteOfACommitMayFail) {
  add();
  int failures = 0;
  for (std::uint64_t call = 1; call < 40; ++call) {
    const auto before = count();
    disk_.fail(Fault::kWrite, call);
    const Errc code = addFailing();
    disk_.heal();
    if (code == Errc::kInternal) break;
    EXPECT_EQ(code, Errc::kStoreFailed);
    ++failures;
    reopen();
    EXPECT_EQ(count(), before) << call;
  }
  EXPECT_GT(failures, 2);
}

TEST_F(FailingDiskTest, AFullDiskIsNamedAndWorkGoesOnWhenSpaceReturns) {
  add();
  disk_.fail(Fault::kFull);
  EXPECT_EQ(addFailing(), Errc::kStoreFull);
  disk_.heal();
  EXPECT_FALSE(db_->hasFailed());
  EXPECT_EQ(count(), 1);
  add();
  EXPECT_EQ(count(), 2);
}

TEST_F(FailingDiskTest, CreationOnAFailingDiskLeavesNothingThatCounts) {
  db_.reset();
  path_ = directory_ / "second.db";
  auto fresh = failing();
  fresh.existing = Database::Existing::kMustNotExist;
  for (const Fault fault : {Fault::kSync, Fault::kWrite, Fault::kFull}) {
    disk_.fail(fault);
    EXPECT_FALSE(Database::open(fresh));
    disk_.heal();
    EXPECT_EQ(Database::open(failing()).error().code, Errc::kNoSuchProfile);
  }
  EXPECT_TRUE(Database::open(fresh));
}

TEST_F(FailingDiskTest, ARelayAnswersNothingAfterAFailedSync) {
  relay::SqlcipherStoreOptions options;
  options.path = directory_ / "relay.db";
  options.key = key_;
  options.existing = Database::Existing::kMustNotExist;
  options.vfs = FailingDisk::vfs();
  auto store = relay::openSqlcipherStore(options);
  ASSERT_TRUE(store);
  (*store)->commit(std::vector<relay::Operation>{relay::Upkeep{{1}}});
  const std::vector<relay::Operation> operations = {relay::Upkeep{{1000}}};
  disk_.fail(Fault::kSync);
  EXPECT_THROW((*store)->commit(operations), StoreFailure);
  disk_.heal();
  EXPECT_THROW((*store)->commit(operations), StoreFailure);
  EXPECT_THROW((*store)->findManifest(AccountId()), StoreFailure);
  store->reset();
  options.existing = Database::Existing::kMustExist;
  store = relay::openSqlcipherStore(options);
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->commit(operations).size(), 1u);
}

}  // namespace
}  // namespace waxwing::testing
