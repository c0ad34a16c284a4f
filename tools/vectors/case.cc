#include "tools/vectors/case.h"

#include <limits>

#include "crypto/text.h"

namespace waxwing::vectors {
namespace {

bool isClamped(ByteView secret) {
  return secret.size() == 32 && (secret.front() & 7) == 0 && (secret.back() & 0xc0) == 0x40;
}

std::string shown(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return std::to_string(value.get<std::uint64_t>());
}

}  // namespace

Json& Case::value(const char* name) {
  const auto found = values_.find(name);
  if (found == values_.end()) throw BrokenCase("the value \"" + at(name) + "\" is missing");
  walk_.markRead(at(name));
  return *found;
}

Bytes Case::hex(const char* name) {
  const auto& field = value(name);
  walk_.add(Step::Role::kInput, at(name), shown(field));
  const auto bytes = fromHex(field.get_ref<const std::string&>());
  if (!bytes) throw BrokenCase("\"" + at(name) + "\" is not lower-case hexadecimal");
  return *bytes;
}

std::string Case::text(const char* name) {
  const auto& field = value(name);
  walk_.add(Step::Role::kInput, at(name), shown(field));
  return field.get<std::string>();
}

std::uint64_t Case::number(const char* name) {
  const auto& field = value(name);
  walk_.add(Step::Role::kInput, at(name), shown(field));
  return field.get<std::uint64_t>();
}

std::uint32_t Case::number32(const char* name) {
  const auto all = number(name);
  if (all > std::numeric_limits<std::uint32_t>::max()) refuse(kMalformed, name);
  return static_cast<std::uint32_t>(all);
}

std::vector<Case> Case::list(const char* name) {
  auto& field = value(name);
  std::vector<Case> items;
  for (std::size_t i = 0; i < field.size(); ++i) {
    items.emplace_back(field[i], walk_, mode_, at(name) + "[" + std::to_string(i) + "]");
  }
  return items;
}

Bytes Case::curveSecret(const char* name) {
  auto secret = hex(name);
  if (!isClamped(secret)) refuse(kNotCanonical, name);
  return secret;
}

Bytes Case::given(const char* name, ByteView made) {
  if (mode_ == Mode::kFill && !has(name)) values_[name] = toHex(made);
  return hex(name);
}

std::string Case::givenText(const char* name, const std::string& made) {
  if (mode_ == Mode::kFill && !has(name)) values_[name] = made;
  return text(name);
}

void Case::compare(const char* name, Json computed) {
  walk_.add(Step::Role::kComputed, at(name), shown(computed));
  if (mode_ == Mode::kFill && !has(name)) values_[name] = computed;
  const auto& expected = value(name);
  if (expected == computed) return;
  walk_.add(Step::Role::kExpected, at(name), shown(expected));
  refuse(kMismatch, name);
}

void Case::expect(const char* name, ByteView computed) { compare(name, toHex(computed)); }
void Case::expectText(const char* name, const std::string& computed) { compare(name, computed); }
void Case::expectNumber(const char* name, std::uint64_t computed) { compare(name, computed); }

void Case::step(const char* name, ByteView value) { stepText(name, toHex(value)); }
void Case::stepText(const char* name, std::string value) {
  walk_.add(Step::Role::kComputed, at(name), std::move(value));
}

void Case::refuse(std::string_view reason, const char* what) {
  walk_.add(Step::Role::kRefused, at(what), std::string(reason));
  throw Refusal(std::string(reason), at(what));
}

}  // namespace waxwing::vectors
