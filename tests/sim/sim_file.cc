#include "tests/sim/sim_file.h"

#include "tests/support/temporary_directory.h"

namespace waxwing::testing {
namespace {

std::filesystem::path logOf(const std::filesystem::path& database) { return database.string() + "-wal"; }

}  // namespace

DatabaseCopy DatabaseCopy::of(const std::filesystem::path& database) {
  DatabaseCopy copy;
  copy.file_ = readFile(database);
  copy.log_ = readFile(logOf(database));
  return copy;
}

void DatabaseCopy::putBack(const std::filesystem::path& database) const {
  writeFile(database, file_);
  std::filesystem::remove(database.string() + "-shm");
  if (log_.empty()) {
    std::filesystem::remove(logOf(database));
  } else {
    writeFile(logOf(database), log_);
  }
}

}  // namespace waxwing::testing
