#include "tools/vectors/scratch.h"

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

#include "crypto/ports.h"
#include "store/client/client_database.h"

namespace waxwing::vectors {
namespace {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "waxwing-vectors-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("there is no place for temporary files");
    directory_ = name;
    const auto key = systemRandom().secret<32>();
    auto opened = openClientDatabase(
        {.path = directory_ / "scratch.db", .key = key.view(), .existing = Database::Existing::kMustNotExist});
    if (!opened) throw std::runtime_error(opened.error().message);
    database_ = std::move(*opened);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Database& database() { return *database_; }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<Database> database_;
};

}  // namespace

Database& scratchDatabase(Whose whose) {
  static Scratch alice;
  static Scratch bob;
  return (whose == Whose::kAlice ? alice : bob).database();
}

}  // namespace waxwing::vectors
