#pragma once

#include <concepts>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "crypto/bytes.h"
#include "crypto/text.h"

// Public test vectors, which are not part of this repository: the folder in WAXWING_VECTORS, else ../shared/vectors
// beside the source. A test whose file is absent skips: WAXWING_SKIP_WITHOUT("wycheproof/x25519_test.json").
namespace waxwing::testing {

inline std::filesystem::path vectorsFolder() {
  if (const char* folder = std::getenv("WAXWING_VECTORS")) return folder;
  return std::filesystem::path(WAXWING_SOURCE_DIR) / ".." / "shared" / "vectors";
}

inline std::filesystem::path vectorPath(std::string_view name) { return vectorsFolder() / name; }

inline nlohmann::json vectorJson(std::string_view name) {
  std::ifstream file(vectorPath(name));
  return nlohmann::json::parse(file);
}

// All tests of a Wycheproof file, each with its group's own fields under "group".
inline std::vector<nlohmann::json> wycheproofTests(std::string_view name) {
  std::vector<nlohmann::json> all;
  const nlohmann::json document = vectorJson(name);
  for (nlohmann::json group : document["testGroups"]) {
    const nlohmann::json tests = std::move(group["tests"]);
    group.erase("tests");
    for (nlohmann::json test : tests) {
      test["group"] = group;
      all.push_back(std::move(test));
    }
  }
  return all;
}

// The bytes of a hexadecimal field.
inline Bytes unhex(std::string_view text) {
  auto bytes = fromHex(text);
  if (!bytes) throw std::invalid_argument("test data is not lower-case hexadecimal");
  return std::move(*bytes);
}

// A template, so that no text becomes JSON on the way here.
template <std::same_as<nlohmann::json> Json>
Bytes unhex(const Json& field) {
  return unhex(std::string_view(field.template get_ref<const std::string&>()));
}

}  // namespace waxwing::testing

#define WAXWING_SKIP_WITHOUT(name)                                                             \
  if (!std::filesystem::exists(waxwing::testing::vectorPath(name))) {                          \
    GTEST_SKIP() << "no " << waxwing::testing::vectorPath(name) << "; set WAXWING_VECTORS to " \
                 << "the folder with the public vectors";                                      \
  }
