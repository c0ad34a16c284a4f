#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/error.h"

// One case of a vector file while it is checked. A kind's check reads its inputs from here, tells here what it computes
// and compares here: so what `explain` prints is what `verify` checked, and what `generate` writes is what it computed.
namespace waxwing::vectors {

using Json = nlohmann::ordered_json;

// Why the claim of a case does not hold: the stable name of an Errc ("badKey"), or one of ours:
// "mismatch" (a computed value is another than the case says), "notCanonical" (a secret that is not clamped, a
// coordinate above p), "malformed" (a value of the wrong size), "randomness" (another amount drawn than the case
// gives).
class Refusal : public std::exception {
 public:
  Refusal(std::string reason, std::string where) : reason_(std::move(reason)), where_(std::move(where)) {}

  const std::string& reason() const { return reason_; }
  const std::string& where() const { return where_; }
  const char* what() const noexcept override { return reason_.c_str(); }

 private:
  std::string reason_;
  std::string where_;
};

// A case that cannot be judged: a value that its check needs is missing. Never counts as the refusal that an invalid
// case asks for.
class BrokenCase : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr const char* kMismatch = "mismatch";
inline constexpr const char* kNotCanonical = "notCanonical";
inline constexpr const char* kMalformed = "malformed";
inline constexpr const char* kRandomness = "randomness";

// What happened, step by step.
struct Step {
  enum class Role { kInput, kComputed, kExpected, kRefused };
  Role role;
  std::string name;   // as in the specification
  std::string value;  // hex, text or a number
};

class Walk {
 public:
  void add(Step::Role role, std::string name, std::string value) {
    steps_.push_back({role, std::move(name), std::move(value)});
  }
  void markRead(const std::string& name) { read_.insert(name); }
  bool wasRead(const std::string& name) const { return read_.contains(name); }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
  std::set<std::string> read_;
};

class Case {
 public:
  // kFill: values that are computed and missing are written into the case.
  enum class Mode { kCheck, kFill };

  Case(Json& values, Walk& walk, Mode mode, std::string path = {})
      : values_(values), walk_(walk), mode_(mode), path_(std::move(path)) {}

  bool has(const char* name) const { return values_.contains(name); }

  // Inputs. BrokenCase if missing.
  Bytes hex(const char* name);
  std::string text(const char* name);
  std::uint64_t number(const char* name);
  // Refused as malformed above 32 bits.
  std::uint32_t number32(const char* name);
  std::vector<Case> list(const char* name);
  // Refused as malformed unless it has the type's size.
  template <typename Fixed>
  Fixed fixed(const char* name) {
    const auto value = Fixed::from(hex(name));
    if (!value) refuse(kMalformed, name);
    return *value;
  }
  // A Curve25519 secret, 32 bytes, refused unless clamped: every bit of it counts.
  Bytes curveSecret(const char* name);

  // An output that is needed before it is compared: the case's own value, or, where it is to be filled, `made`.
  Bytes given(const char* name, ByteView made);
  std::string givenText(const char* name, const std::string& made);
  // Outputs. Refused as a mismatch unless the case says the same.
  void expect(const char* name, ByteView computed);
  void expectText(const char* name, const std::string& computed);
  void expectNumber(const char* name, std::uint64_t computed);

  // A value between input and output.
  void step(const char* name, ByteView value);
  void stepText(const char* name, std::string value);
  // The value, or its error as the refusal.
  template <typename T>
  T accept(const char* what, Result<T> result) {
    if (!result) refuse(waxwing::name(result.error().code), what);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }
  void require(const char* what, bool holds, std::string_view reason) {
    if (!holds) refuse(reason, what);
  }
  [[noreturn]] void refuse(std::string_view reason, const char* what);

 private:
  std::string at(const char* name) const { return path_.empty() ? name : path_ + "." + name; }
  Json& value(const char* name);
  void compare(const char* name, Json computed);

  Json& values_;
  Walk& walk_;
  Mode mode_;
  std::string path_;
};

}  // namespace waxwing::vectors
