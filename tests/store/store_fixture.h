#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

#include "store/database.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::testing {

// A directory, a key and a database path.
class StoreTest : public ::testing::Test {
 protected:
  using Db = std::unique_ptr<Database>;

  Database::Options options(Database::Existing existing = Database::Existing::kMustExist) const {
    return {.path = path_, .key = key_, .existing = existing};
  }
  Result<Db> tryOpen() const { return Database::open(options()); }
  Db open() const { return mustOpen(options()); }
  Db create() const { return mustOpen(options(Database::Existing::kMustNotExist)); }

  static Db mustOpen(const Database::Options& options) {
    auto db = Database::open(options);
    if (!db) throw std::runtime_error("open: " + db.error().message);
    return std::move(*db);
  }

  // Runs `body` in a child that must end by SIGKILL at WAXWING_KILL_AT=`point`; false if the child came to the end
  // instead.
  template <typename Body>
  static bool isKilledAt(const std::string& point, Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("WAXWING_KILL_AT", point.c_str(), 1);
      body();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "test.db";
  Bytes key_ = Bytes(32, 0x5a);
};

inline std::int64_t integerOf(Database& db, Sql sql) {
  Statement statement = db.prepare(sql);
  Rows rows = statement.query();
  return rows.next() ? rows.integer(0) : -1;
}

inline std::string textOf(Database& db, Sql sql) {
  Statement statement = db.prepare(sql);
  Rows rows = statement.query();
  return rows.next() ? rows.text(0) : "";
}

}  // namespace waxwing::testing
