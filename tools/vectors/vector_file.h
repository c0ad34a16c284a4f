#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/vectors/kind.h"

// Vector files: JSON in Wycheproof's shape, read strictly.
namespace waxwing::vectors {

// The seed of the bundled files.
inline constexpr std::uint64_t kBundledSeed = 1;

// A file that is not one of ours, or not as it must be. Nothing of it counts as verified.
class BadFile : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// JSON without duplicate keys. BadFile.
Json parseJson(std::string_view text);

// Text of the file that `kind` makes from `seed`: the same bytes everywhere.
std::string generateFile(const Kind& kind, std::uint64_t seed);
// Text of a file with one valid case that nobody generated; its seed is 0. `values` in any order, and all of them:
// nothing is computed for whoever observed them. BadFile if the case does not hold as it stands.
std::string fileOfOneCase(const Kind& kind, std::string_view comment, std::string_view flag, const Json& values);
// A JSON schema (draft-07) of a kind's files.
std::string schemaOf(const Kind& kind);

struct VectorFile {
  const Kind* kind = nullptr;
  Json document;

  // Checks everything but the claims: fields, hexadecimal, counts, numbering, flags. BadFile.
  static VectorFile parse(Json document);
  // In the file's order; cases are members of the document.
  std::vector<Json*> cases();
};

// The members of a case that are its own and not its kind's.
inline constexpr std::array<std::string_view, 5> kCaseFrame{"tcId", "comment", "flags", "result", "reason"};
// A case without them: what a kind's check sees.
Json valuesOf(const Json& test);

struct Verdict {
  bool holds = false;
  std::string why;  // of a failure
};
// Whether one case is as its result says. A valid case must hold and every value of it must have been read; an invalid
// one must be refused for the reason it states. A check that ends with any other exception judges nothing.
Verdict judge(const Kind& kind, const Json& test, Walk& walk);

struct Failure {
  std::uint64_t tcId = 0;
  std::string why;
};
struct Report {
  std::string source;     // file name
  std::string algorithm;  // kind, or a public file's algorithm
  bool isOurs = false;
  std::size_t valid = 0;
  std::size_t invalid = 0;
  std::size_t notUsed = 0;  // cases of a public file that Waxwing has no use for
  std::string note;         // why they are not used
  std::vector<Failure> failures;
  std::string bad;  // why the file could not be read

  bool holds() const { return failures.empty() && bad.empty(); }
};
Report verifyFile(VectorFile file, std::string source);

// `text` of any sort that is known: ours or public (tools/vectors/public_vectors.h).
Report verifyText(std::string_view text, std::string source);

}  // namespace waxwing::vectors
