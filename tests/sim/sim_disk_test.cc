#include "tests/sim/sim_disk.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/sim/sim_disk_file.h"
#include "tests/store/store_fixture.h"

namespace waxwing::testing {
namespace {

class Disk : public ::testing::Test {
 protected:
  Database::Options options(Database::Existing existing) const {
    Database::Options options;
    options.path = disk.path("x.db");
    options.key = key;
    options.existing = existing;
    options.vfs = disk.vfs();
    return options;
  }
  std::unique_ptr<Database> create() {
    auto db = Database::open(options(Database::Existing::kMustNotExist)).value();
    Transaction transaction(*db, CommitPoint::kCompose);
    db->script("CREATE TABLE t (n INTEGER)");
    transaction.commit();
    return db;
  }
  std::unique_ptr<Database> reopen() { return Database::open(options(Database::Existing::kMustExist)).value(); }
  static void add(Database& db, std::int64_t n) {
    Transaction transaction(db, CommitPoint::kCompose);
    db.prepare("INSERT INTO t VALUES (?1)").run(n);
    transaction.commit();
  }
  static std::int64_t count(Database& db) {
    auto statement = db.prepare("SELECT count(*) FROM t");
    Rows rows = statement.query();
    return rows.next() ? rows.integer(0) : -1;
  }

  const Bytes key = Bytes(32, 7);
  SeededRandom random{1};
  TemporaryDirectory directory;
  SimDisk disk{random, directory / "machine"};
};

TEST_F(Disk, KeepsWhatWasCommittedWhenAProcessIsKilled) {
  auto db = create();
  add(*db, 1);
  disk.killProcess();
  EXPECT_THROW(add(*db, 2), StoreFailure);
  db.reset();
  EXPECT_EQ(count(*reopen()), 1);
}

TEST_F(Disk, LosesPowerAtEveryCallWithoutDamage) {
  std::set<std::int64_t> seen;
  for (std::uint64_t call = 1; call < 200; ++call) {
    SCOPED_TRACE(call);
    disk.putBack({});
    std::filesystem::remove_all(directory / "machine");
    std::filesystem::create_directories(directory / "machine");
    auto db = create();
    disk.failAt(DiskFault::kPowerLoss, call);
    std::int64_t committed = 0;
    try {
      for (std::int64_t n = 0; n < 6; ++n) {
        add(*db, n);
        ++committed;
      }
    } catch (const StoreFailure&) {
    }
    const bool struck = committed < 6;
    db.reset();
    disk.heal();
    const std::int64_t left = count(*reopen());
    EXPECT_GE(left, committed);
    EXPECT_LE(left, committed + (struck ? 1 : 0));
    seen.insert(left);
    if (!struck) break;
  }
  EXPECT_GT(seen.size(), 4u);
}

TEST_F(Disk, FullUntilItIsHealed) {
  auto db = create();
  disk.failAt(DiskFault::kFull, 1);
  EXPECT_THROW(add(*db, 1), StoreFailure);
  disk.heal();
  add(*db, 1);
  EXPECT_EQ(count(*db), 1);
}

TEST_F(Disk, AFailedSyncStopsTheDatabase) {
  auto db = create();
  disk.failAt(DiskFault::kFailSync, 1);
  EXPECT_THROW(add(*db, 1), StoreFailure);
  EXPECT_TRUE(db->hasFailed());
  db.reset();
  EXPECT_LE(count(*reopen()), 1);
}

TEST_F(Disk, GivesBackAnOldCopy) {
  auto db = create();
  add(*db, 1);
  const SimDisk::Copy old = disk.copy();
  add(*db, 2);
  db.reset();
  disk.putBack(old);
  EXPECT_EQ(count(*reopen()), 1);
}

TEST(DiskFile, LosesOnlyWhatWasNotSynced) {
  std::set<Bytes> left;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    SimDiskFile file;
    file.write(Bytes(2048, 1), 0);
    file.sync();
    file.write(Bytes(1024, 2), 512);
    file.write(Bytes(512, 3), 2048);
    file.losePower(random);
    ASSERT_GE(file.size(), 2048u);
    for (std::size_t i = 0; i < 2048; ++i) {
      const bool touched = i >= 512 && i < 1536;
      ASSERT_TRUE(file.content()[i] == 1 || (touched && file.content()[i] == 2)) << i;
    }
    left.insert(file.content());
  }
  EXPECT_GT(left.size(), 20u);
}

}  // namespace
}  // namespace waxwing::testing
