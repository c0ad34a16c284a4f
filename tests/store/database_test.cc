#include "store/database.h"

#include <gmock/gmock.h>

#include "tests/store/store_fixture.h"

namespace waxwing::testing {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public StoreTest {
 protected:
  static void makeNote(Database& db) {
    db.script("CREATE TABLE note (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT");
  }

  static void add(Database& db, std::string_view body) {
    Transaction transaction(db, CommitPoint::kCompose);
    db.prepare("INSERT INTO note (body) VALUES (?1)").run(asBytes(body));
    transaction.commit();
  }

  static std::int64_t count(Database& db) { return integerOf(db, "SELECT count(*) FROM note"); }

  Errc openError() const {
    auto db = tryOpen();
    return db ? Errc::kInternal : db.error().code;
  }
};

TEST_F(DatabaseTest, WhatWasCommittedIsThereWhenItIsOpenedAgain) {
  {
    const auto db = create();
    makeNote(*db);
    add(*db, "kept");
  }
  const auto db = open();
  EXPECT_EQ(textOf(*db, "SELECT body FROM note"), "kept");
}

TEST_F(DatabaseTest, EveryFileIsForItsOwnerOnly) {
  const auto db = create();
  makeNote(*db);
  add(*db, "x");
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600)) << entry.path();
  }
}

TEST_F(DatabaseTest, RefusesAKeyThatIsNot32Bytes) {
  for (const std::size_t size : {0, 1, 16, 31, 33, 64}) {
    key_ = Bytes(size, 1);
    EXPECT_EQ(openError(), Errc::kInvalidArgument) << size;
    EXPECT_EQ(Database::open(options(Database::Existing::kMustNotExist)).error().code, Errc::kInvalidArgument);
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(DatabaseTest, AWrongKeyIsToldFromDamage) {
  create();
  key_[31] ^= 1;
  EXPECT_EQ(openError(), Errc::kWrongKey);
  key_[31] ^= 1;
  Bytes content = readFile(path_);
  content[100] ^= 1;
  writeFile(path_, content);
  EXPECT_EQ(openError(), Errc::kDamaged);
}

TEST_F(DatabaseTest, AWrongKeyChangesNoFile) {
  {
    const auto db = create();
    makeNote(*db);
    add(*db, "x");
  }
  const Bytes before = readFile(path_);
  key_[0] ^= 1;
  EXPECT_EQ(openError(), Errc::kWrongKey);
  EXPECT_EQ(readFile(path_), before);
}

TEST_F(DatabaseTest, ALostOrDamagedCheckFileIsMended) {
  const auto check = directory_ / "test.db.check";
  create();
  const Bytes good = readFile(check);
  std::filesystem::remove(check);
  open();
  EXPECT_EQ(readFile(check), good);
  Bytes bad = good;
  bad[20] ^= 4;
  writeFile(check, bad);
  open();
  EXPECT_EQ(readFile(check), good);
}

TEST_F(DatabaseTest, WithoutACheckFileAWrongKeyIsCalledEither) {
  create();
  std::filesystem::remove(directory_ / "test.db.check");
  key_[0] ^= 1;
  auto db = tryOpen();
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Errc::kDamaged);
  EXPECT_THAT(db.error().message, HasSubstr("key is wrong or"));
}

TEST_F(DatabaseTest, RefusesAPlaintextFile) {
  Bytes plain(4096, 0);
  std::ranges::copy(asBytes("SQLite format 3"), plain.begin());
  writeFile(path_, plain);
  EXPECT_EQ(openError(), Errc::kWeakSettings);
  EXPECT_EQ(readFile(path_), plain);
}

TEST_F(DatabaseTest, RefusesAnEmptyFileAndAnEmptyDatabaseUnderTheKey) {
  writeFile(path_, {});
  EXPECT_EQ(openError(), Errc::kDamaged);
  EXPECT_EQ(std::filesystem::file_size(path_), 0u);
}

TEST_F(DatabaseTest, NothingThereAndSomethingThere) {
  EXPECT_EQ(openError(), Errc::kNoSuchProfile);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  create();
  EXPECT_EQ(Database::open(options(Database::Existing::kMustNotExist)).error().code, Errc::kProfileExists);
  open();
}

TEST_F(DatabaseTest, AnUnwritablePlaceIsNamedSo) {
  writeFile(directory_ / "file", {});
  path_ = directory_ / "file/test.db";
  EXPECT_EQ(Database::open(options(Database::Existing::kMustNotExist)).error().code, Errc::kUnwritable);
  path_ = directory_ / "absent/test.db";
  EXPECT_EQ(Database::open(options(Database::Existing::kMustNotExist)).error().code, Errc::kUnwritable);
}

TEST_F(DatabaseTest, EverySettingHolds) {
  const auto db = create();
  EXPECT_EQ(integerOf(*db, "PRAGMA temp_store"), 2);
  EXPECT_EQ(integerOf(*db, "PRAGMA synchronous"), 2);
  EXPECT_EQ(integerOf(*db, "PRAGMA foreign_keys"), 1);
  EXPECT_EQ(integerOf(*db, "PRAGMA secure_delete"), 1);
  EXPECT_EQ(integerOf(*db, "PRAGMA wal_autocheckpoint"), 0);
  EXPECT_EQ(integerOf(*db, "PRAGMA cell_size_check"), 1);
  EXPECT_EQ(integerOf(*db, "PRAGMA trusted_schema"), 0);
  EXPECT_EQ(textOf(*db, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(textOf(*db, "PRAGMA locking_mode"), "exclusive");
  EXPECT_EQ(textOf(*db, "PRAGMA cipher_hmac_algorithm"), "HMAC_SHA512");
  EXPECT_FALSE(asText(readFile(path_)).starts_with("SQLite format 3"));
}

TEST_F(DatabaseTest, ASecondProcessIsRefusedByName) {
  const auto db = create();
  const pid_t child = ::fork();
  if (child == 0) {
    auto second = tryOpen();
    const bool refused = !second && second.error().code == Errc::kStoreLocked &&
                         second.error().message.find(std::to_string(::getppid())) != std::string::npos;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(openError(), Errc::kStoreLocked);
}

TEST_F(DatabaseTest, AWriterAndAReaderShareOneProcess) {
  auto shared = options(Database::Existing::kMustNotExist);
  shared.locking = Database::Locking::kShared;
  shared.secureDelete = Database::SecureDelete::kFast;
  const auto writer = mustOpen(shared);
  EXPECT_EQ(integerOf(*writer, "PRAGMA secure_delete"), 2);
  makeNote(*writer);
  shared.existing = Database::Existing::kMustExist;
  EXPECT_EQ(Database::open(shared).error().code, Errc::kStoreLocked) << "a second writer";
  shared.access = Database::Access::kQueryOnly;
  const auto reader = mustOpen(shared);
  add(*writer, "seen");
  EXPECT_EQ(count(*reader), 1);
  EXPECT_THROW(add(*reader, "never"), StoreFailure);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(Database::open(shared).error().code == Errc::kStoreLocked ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(DatabaseTest, NoPlaintextInAnyFile) {
  constexpr std::string_view kMarker = "a marker that no cipher text holds";
  const auto db = create();
  makeNote(*db);
  add(*db, kMarker);
  db->prepare("CREATE TEMP TABLE scratch AS SELECT body FROM note").run();
  EXPECT_FALSE(anyFileContains(directory_.path(), kMarker));
  EXPECT_FALSE(anyFileContains(directory_.path(), "note"));
  Transaction uncommitted(*db, CommitPoint::kCompose);
  db->prepare("UPDATE note SET body = ?1").run(asBytes(std::string(20'000, 'm')));
  EXPECT_FALSE(anyFileContains(directory_.path(), kMarker));
  EXPECT_FALSE(anyFileContains(directory_.path(), "mmmmmmmmmmmm"));
}

// Any byte flipped: found at open or at the read, or without effect on what is read.
TEST_F(DatabaseTest, AFlippedByteIsFoundOrHarmless) {
  {
    const auto db = create();
    makeNote(*db);
    for (int i = 0; i < 40; ++i) add(*db, std::string(1000, 'a'));
  }
  const Bytes good = readFile(path_);
  int found = 0;
  for (std::size_t at = 0; at < good.size(); at += 509) {
    Bytes bad = good;
    bad[at] ^= 0x10;
    writeFile(path_, bad);
    auto db = tryOpen();
    if (!db) {
      EXPECT_EQ(db.error().code, Errc::kDamaged) << at << db.error().message;
      ++found;
      continue;
    }
    try {
      EXPECT_EQ(integerOf(**db, "SELECT count(*) FROM note WHERE length(body) = 1000"), 40) << at;
    } catch (const StoreFailure& failure) {
      EXPECT_EQ(failure.code(), Errc::kDamaged) << at << failure.what();
      ++found;
    }
  }
  EXPECT_GT(found, 0);
}

TEST_F(DatabaseTest, AFlippedByteInTheWalLosesNoOlderRow) {
  const auto copy = directory_ / "copy.db";
  const auto db = create();
  makeNote(*db);
  for (int i = 0; i < 5; ++i) add(*db, "body");
  const Bytes wal = readFile(directory_ / "test.db-wal");
  ASSERT_GT(wal.size(), 4096u);
  std::filesystem::copy_file(path_, copy);
  auto copied = options();
  copied.path = copy;
  for (std::size_t at = wal.size() - 4000; at < wal.size(); at += 997) {
    Bytes bad = wal;
    bad[at] ^= 1;
    writeFile(directory_ / "copy.db-wal", bad);
    const auto restored = Database::open(copied);
    ASSERT_TRUE(restored);
    EXPECT_EQ(count(**restored), 4);
    std::filesystem::copy_file(path_, copy, std::filesystem::copy_options::overwrite_existing);
  }
}

TEST_F(DatabaseTest, WithoutCommitATransactionLeavesNothing) {
  const auto db = create();
  makeNote(*db);
  {
    Transaction transaction(*db, CommitPoint::kCompose);
    db->prepare("INSERT INTO note (body) VALUES (x'00')").run();
    EXPECT_THROW(Transaction(*db, CommitPoint::kCompose), std::logic_error);
  }
  EXPECT_EQ(count(*db), 0);
  add(*db, "the next one works");
  EXPECT_EQ(count(*db), 1);
}

TEST_F(DatabaseTest, ASavepointIsUndoneAlone) {
  const auto db = create();
  makeNote(*db);
  Statement insert = db->prepare("INSERT INTO note (body) VALUES (?1)");
  Transaction transaction(*db, CommitPoint::kReceive);
  insert.run(asBytes("outside"));
  {
    Savepoint outer(transaction);
    insert.run(asBytes("kept"));
    {
      const Savepoint inner(transaction);
      insert.run(asBytes("undone"));
    }
    outer.release();
  }
  {
    const Savepoint undone(transaction);
    insert.run(asBytes("undone"));
  }
  transaction.commit();
  EXPECT_EQ(textOf(*db, "SELECT group_concat(body) FROM (SELECT body FROM note ORDER BY id)"), "outside,kept");
}

TEST_F(DatabaseTest, TheHookSeesBothEdgesAndCanFailACommit) {
  const auto db = create();
  makeNote(*db);
  std::vector<std::pair<CommitPoint, CommitEdge>> seen;
  db->onCommitPoint([&](CommitPoint point, CommitEdge edge) { seen.emplace_back(point, edge); });
  add(*db, "x");
  EXPECT_EQ(seen, (std::vector<std::pair<CommitPoint, CommitEdge>>{{CommitPoint::kCompose, CommitEdge::kBefore},
                                                                   {CommitPoint::kCompose, CommitEdge::kAfter}}));
  db->onCommitPoint([&](CommitPoint, CommitEdge) { throw StoreFailure(Errc::kStoreFull, "test"); });
  EXPECT_THROW(add(*db, "y"), StoreFailure);
  db->onCommitPoint(nullptr);
  EXPECT_EQ(count(*db), 1);
}

TEST_F(DatabaseTest, AKillBeforeACommitLeavesTheOldAndAfterItTheNew) {
  {
    const auto db = create();
    makeNote(*db);
  }
  const auto addTwo = [&] {
    const auto db = open();
    add(*db, "first");
    add(*db, "second");
  };
  EXPECT_TRUE(isKilledAt("compose:before", addTwo));
  EXPECT_EQ(count(*open()), 0);
  EXPECT_TRUE(isKilledAt("compose:after", addTwo));
  EXPECT_EQ(count(*open()), 1);
  EXPECT_TRUE(isKilledAt("compose:before:2", addTwo));
  EXPECT_EQ(count(*open()), 2);
  EXPECT_TRUE(isKilledAt("compose:after:2", addTwo));
  EXPECT_EQ(count(*open()), 4);
}

// A crash at any step of the creation leaves nothing that counts as a database, or a whole one.
TEST_F(DatabaseTest, CreationSurvivesAKillAtEveryStep) {
  int step = 1;
  int whole = 0;
  while (isKilledAt("createDatabase:before:" + std::to_string(step), [&] { create(); })) {
    auto db = tryOpen();
    if (db) {
      ++whole;
      db->reset();
      std::filesystem::remove(path_);
    } else {
      EXPECT_EQ(db.error().code, Errc::kNoSuchProfile) << step;
    }
    ++step;
  }
  EXPECT_EQ(step, 6);
  EXPECT_EQ(whole, 1);
  open();
}

TEST_F(DatabaseTest, DirtFromAnEarlierDatabaseIsNotTakenOver) {
  writeFile(directory_ / "test.db.new", asBytes("half a database"));
  writeFile(directory_ / "test.db-wal", asBytes("an old log"));
  create();
  open();
}

TEST_F(DatabaseTest, AFullDatabaseIsATypedFailureAndRecovers) {
  const auto db = create();
  makeNote(*db);
  db->prepare("PRAGMA max_page_count = 8").query().next();
  try {
    add(*db, std::string(100'000, 'x'));
    FAIL();
  } catch (const StoreFailure& failure) {
    EXPECT_EQ(failure.code(), Errc::kStoreFull);
  }
  EXPECT_FALSE(db->hasFailed());
  db->prepare("PRAGMA max_page_count = 100000").query().next();
  add(*db, "space again");
  EXPECT_EQ(count(*db), 1);
}

TEST_F(DatabaseTest, CheckpointsOnceTheLogIsLong) {
  const auto db = create();
  makeNote(*db);
  for (int i = 0; i < 20; ++i) add(*db, std::string(1'000'000, 'x'));
  const auto before = std::filesystem::file_size(path_);
  db->checkpointIfDue();
  EXPECT_GT(std::filesystem::file_size(path_), before + 19'000'000);
  const auto log = std::filesystem::file_size(directory_ / "test.db-wal");
  for (int i = 0; i < 10; ++i) add(*db, std::string(1'000'000, 'x'));
  EXPECT_EQ(std::filesystem::file_size(directory_ / "test.db-wal"), log) << "the log is used again from its start";
}

}  // namespace
}  // namespace waxwing::testing
