#include "crypto/hash.h"
#include "crypto/text.h"
#include "tools/vectors/kind.h"

namespace waxwing::vectors {
namespace {

// Each kind has a stream of its own, so that a new case in one file leaves the others as they are.
std::uint64_t seedOf(const Kind& kind, std::uint64_t seed) {
  const auto hash = labelledHash("vectors", ByteWriter().u64(seed).raw(asBytes(kind.name)).view());
  return ByteReader(hash.view()).u64();
}

// In the order of the kind's declaration, whatever the order in which they were computed.
Json ordered(const Json& values, const std::vector<Field>& fields) {
  Json result = Json::object();
  for (const auto& field : fields) {
    const std::string name(field.name);
    if (!values.contains(name)) continue;
    if (field.type != Field::Type::kList) {
      result[name] = values[name];
      continue;
    }
    result[name] = Json::array();
    for (const auto& item : values[name]) result[name].push_back(ordered(item, field.members));
  }
  if (result.size() != values.size())
    throw std::logic_error("a generated case has a value that its kind does not know");
  return result;
}

}  // namespace

std::string refusalOf(const Kind& kind, Json& values, Walk& walk, Case::Mode mode) {
  Case instance(values, walk, mode);
  try {
    kind.check(instance);
    return {};
  } catch (const Refusal& refusal) {
    return refusal.reason();
  }
}

Generator::Generator(const Kind& kind, std::uint64_t seed) : kind_(kind), random_(seedOf(kind, seed)) {}

std::string Generator::randomHex(std::size_t size) {
  Bytes bytes(size);
  random_.fill(bytes);
  return toHex(bytes);
}

std::string Generator::curveSecret() {
  auto secret = bytesOf(randomHex(32));
  secret.front() &= 0xf8;
  secret.back() = static_cast<std::uint8_t>((secret.back() & 0x7f) | 0x40);
  return toHex(secret);
}

void Generator::group(std::string_view type) { groups_.push_back(Json{{"type", type}, {"tests", Json::array()}}); }

Json Generator::filled(Json values) const {
  Walk walk;
  const auto refusal = refusalOf(kind_, values, walk, Case::Mode::kFill);
  if (!refusal.empty()) {
    throw std::logic_error(std::string(kind_.name) + ": a valid case is refused: " + refusal + " at " +
                           walk.steps().back().name);
  }
  return values;
}

Json Generator::valid(std::string_view comment, std::vector<std::string_view> flags, Json values) {
  values = filled(std::move(values));
  add(comment, flags, "valid", {}, values);
  return values;
}

void Generator::invalid(std::string_view comment, std::vector<std::string_view> flags, std::string_view reason,
                        Json values) {
  Walk filling, walk;
  refusalOf(kind_, values, filling, Case::Mode::kFill);
  const auto refusal = refusalOf(kind_, values, walk, Case::Mode::kCheck);
  if (refusal != reason) {
    throw std::logic_error(std::string(kind_.name) + ": \"" + std::string(comment) + "\" is refused as \"" + refusal +
                           "\", not as \"" + std::string(reason) + "\"");
  }
  add(comment, flags, "invalid", reason, values);
}

void Generator::refused(std::string_view comment, std::vector<std::string_view> flags, Json values) {
  Walk walk;
  const auto reason = refusalOf(kind_, values, walk, Case::Mode::kFill);
  invalid(comment, std::move(flags), reason.empty() ? "a refusal" : reason, std::move(values));
}

void Generator::add(std::string_view comment, const std::vector<std::string_view>& flags, std::string_view result,
                    std::string_view reason, const Json& values) {
  if (groups_.empty()) group(kind_.name);
  Json test{{"tcId", ++count_}, {"comment", comment}, {"flags", flags}};
  test.update(ordered(values, kind_.fields));
  test["result"] = result;
  if (!reason.empty()) test["reason"] = reason;
  groups_.back()["tests"].push_back(std::move(test));
}

Json with(Json values, const char* name, Json value) {
  values[name] = std::move(value);
  return values;
}

Json without(Json values, const char* name) {
  values.erase(name);
  return values;
}

std::string flipped(const Json& hex, int place) {
  auto bytes = bytesOf(hex);
  auto& byte = bytes.at(place < 0 ? bytes.size() - static_cast<std::size_t>(-place) : static_cast<std::size_t>(place));
  byte = static_cast<std::uint8_t>(~byte);
  return toHex(bytes);
}

Bytes bytesOf(const Json& hex) {
  auto bytes = fromHex(hex.get_ref<const std::string&>());
  if (!bytes) throw std::logic_error("a generated value is not hexadecimal");
  return *bytes;
}

std::string hexOf(ByteView bytes) { return toHex(bytes); }

Json only(const Json& values, std::vector<const char*> names) {
  Json result = Json::object();
  for (const auto* name : names) result[name] = values.at(name);
  return result;
}

}  // namespace waxwing::vectors
