#include "tools/vectors/vector_file.h"

#include <array>
#include <set>

#include "crypto/text.h"
#include "tools/vectors/public_vectors.h"

namespace waxwing::vectors {
namespace {

constexpr const char* kHexPattern = "^([0-9a-f]{2})*$";

[[noreturn]] void bad(std::string why) { throw BadFile(std::move(why)); }

std::string inQuotes(std::string_view text) { return '"' + std::string(text) + '"'; }

void requireMembers(const Json& object, std::initializer_list<const char*> names, const std::string& where) {
  if (!object.is_object()) bad(where + " is not an object");
  for (const auto* name : names) {
    if (!object.contains(name)) bad(where + " lacks " + inQuotes(name));
  }
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(names, name, [](const char* known) { return std::string_view(known); }) == names.end()) {
      bad(where + " has the unknown field " + inQuotes(name));
    }
  }
}

const std::string& textIn(const Json& object, const char* name, const std::string& where) {
  if (!object.at(name).is_string()) bad(where + ": " + inQuotes(name) + " is not a text");
  return object.at(name).get_ref<const std::string&>();
}

std::uint64_t numberIn(const Json& object, const char* name, const std::string& where) {
  if (!object.at(name).is_number_unsigned()) bad(where + ": " + inQuotes(name) + " is not a whole number");
  return object.at(name).get<std::uint64_t>();
}

void checkFields(const Json& values, const std::vector<Field>& fields, bool valid, const std::string& where);

void checkField(const Json& value, const Field& field, bool valid, const std::string& where) {
  switch (field.type) {
    case Field::Type::kHex:
      if (!value.is_string() || !fromHex(value.get_ref<const std::string&>())) {
        bad(where + " is not lower-case hexadecimal");
      }
      return;
    case Field::Type::kText:
      if (!value.is_string()) bad(where + " is not a text");
      return;
    case Field::Type::kNumber:
      if (!value.is_number_unsigned()) bad(where + " is not a whole number");
      return;
    case Field::Type::kList:
      if (!value.is_array()) bad(where + " is not a list");
      for (const auto& item : value) checkFields(item, field.members, valid, where + "[]");
      return;
  }
}

void checkFields(const Json& values, const std::vector<Field>& fields, bool valid, const std::string& where) {
  if (!values.is_object()) bad(where + " is not an object");
  for (const auto& [name, value] : values.items()) {
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end()) bad(where + " has the unknown field " + inQuotes(name));
    checkField(value, *field, valid, where + "." + name);
  }
  for (const auto& field : fields) {
    if (valid && field.need == Field::Need::kAlways && !values.contains(std::string(field.name))) {
      bad(where + " lacks " + inQuotes(field.name));
    }
  }
}

void checkNotes(const Json& notes, const Kind& kind) {
  if (notes.size() != kind.notes.size()) bad("other notes than the kind's");
  for (const auto& note : kind.notes) {
    const std::string flag(note.flag);
    if (!notes.contains(flag)) bad("the note " + inQuotes(flag) + " is missing");
    requireMembers(notes.at(flag), {"bugType", "description"}, "note " + inQuotes(flag));
    textIn(notes.at(flag), "bugType", "note");
    textIn(notes.at(flag), "description", "note");
  }
}

// The frame of one case, and its values' form.
void checkCase(const Json& test, const Kind& kind, std::uint64_t tcId) {
  const std::string where = "case " + std::to_string(tcId);
  if (!test.is_object() || !test.contains("tcId") || numberIn(test, "tcId", where) != tcId) {
    bad(where + ": tcId is not the next number");
  }
  for (const auto* name : {"comment", "flags", "result"}) {
    if (!test.contains(name)) bad(where + " lacks " + inQuotes(name));
  }
  textIn(test, "comment", where);
  const auto& result = textIn(test, "result", where);
  const bool valid = result == "valid";
  if (!valid && result != "invalid") bad(where + ": its result is neither valid nor invalid");
  if (valid == test.contains("reason")) bad(where + ": an invalid case has a reason, and a valid one has none");
  if (!valid && textIn(test, "reason", where).empty()) bad(where + ": its reason is empty");
  if (!test.at("flags").is_array() || test.at("flags").empty()) bad(where + ": its flags are no list, or empty");
  for (const auto& flag : test.at("flags")) {
    if (!flag.is_string() || std::ranges::find(kind.notes, flag.get<std::string>(), &Note::flag) == kind.notes.end()) {
      bad(where + ": a flag that no note explains");
    }
  }
  checkFields(valuesOf(test), kind.fields, valid, where);
}

const Kind& kindOf(const Json& document) {
  requireMembers(document, {"algorithm", "schema", "section", "seed", "numberOfTests", "header", "notes", "testGroups"},
                 "file");
  const auto& algorithm = textIn(document, "algorithm", "file");
  const auto* kind = findKind(algorithm);
  if (kind == nullptr) bad("no kind is called " + inQuotes(algorithm));
  if (textIn(document, "schema", "file") != algorithm + "_schema.json") bad("another schema than the kind's");
  if (textIn(document, "section", "file") != kind->section) bad("another section than the kind's");
  numberIn(document, "seed", "file");
  if (!document.at("header").is_array()) bad("its header is no list");
  checkNotes(document.at("notes"), *kind);
  return *kind;
}

Json schemaOfFields(const std::vector<Field>& fields);

Json schemaOfField(const Field& field) {
  const Json meaning{{"description", field.meaning}};
  Json schema = Json::object();
  switch (field.type) {
    case Field::Type::kHex:
      schema = {{"type", "string"}, {"pattern", kHexPattern}};
      break;
    case Field::Type::kText:
      schema = {{"type", "string"}};
      break;
    case Field::Type::kNumber:
      schema = {{"type", "integer"}, {"minimum", 0}};
      break;
    case Field::Type::kList: {
      Json item{{"type", "object"}, {"additionalProperties", false}, {"properties", schemaOfFields(field.members)}};
      schema = {{"type", "array"}, {"items", std::move(item)}};
      break;
    }
  }
  schema.update(meaning);
  return schema;
}

Json schemaOfFields(const std::vector<Field>& fields) {
  Json properties = Json::object();
  for (const auto& field : fields) properties[std::string(field.name)] = schemaOfField(field);
  return properties;
}

Json requiredOf(const std::vector<Field>& fields) {
  Json names = Json::array();
  for (const auto& field : fields) {
    if (field.need == Field::Need::kAlways) names.push_back(field.name);
  }
  return names;
}

Json schemaOfCase(const Kind& kind) {
  Json flags = Json::array();
  for (const auto& note : kind.notes) flags.push_back(note.flag);
  Json properties{{"tcId", {{"type", "integer"}, {"minimum", 1}}},
                  {"comment", {{"type", "string"}}},
                  {"flags", {{"type", "array"}, {"minItems", 1}, {"items", {{"enum", flags}}}}}};
  properties.update(schemaOfFields(kind.fields));
  properties["result"] = {{"enum", {"valid", "invalid"}}};
  properties["reason"] = {{"type", "string"}};
  Json valid{{"if", {{"properties", {{"result", {{"const", "valid"}}}}}}},
             {"then", {{"required", requiredOf(kind.fields)}, {"not", {{"required", Json::array({"reason"})}}}}},
             {"else", {{"required", Json::array({"reason"})}}}};
  Json schema{{"type", "object"},
              {"additionalProperties", false},
              {"required", Json::array({"tcId", "comment", "flags", "result"})},
              {"properties", std::move(properties)}};
  schema.update(valid);
  return schema;
}

// The paths of all values below `values`, as Case names them.
void collectPaths(const Json& values, const std::string& path, std::vector<std::string>& paths) {
  for (const auto& [name, value] : values.items()) {
    const std::string at = path.empty() ? name : path + "." + name;
    paths.push_back(at);
    if (!value.is_array()) continue;
    for (std::size_t i = 0; i < value.size(); ++i) collectPaths(value[i], at + "[" + std::to_string(i) + "]", paths);
  }
}

Verdict judgeValid(const Json& values, const Walk& walk, const std::string& refusal) {
  if (!refusal.empty()) return {false, "should hold, but: " + refusal + " at " + walk.steps().back().name};
  std::vector<std::string> paths;
  collectPaths(values, "", paths);
  for (const auto& path : paths) {
    if (!walk.wasRead(path)) return {false, inQuotes(path) + " has no part in the claim"};
  }
  return {true, {}};
}

Verdict judgeInvalid(const std::string& refusal, const std::string& reason) {
  if (refusal.empty()) return {false, "should be refused (" + reason + "), but holds"};
  if (refusal == reason) return {true, {}};
  return {false, "refused, but as " + inQuotes(refusal) + " and not as " + inQuotes(reason)};
}

}  // namespace

Json parseJson(std::string_view text) {
  constexpr int kDepthMost = 32;  // what is deeper is copied with as many frames of the stack
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kDepthMost) bad("nested too deeply");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      bad("the key " + inQuotes(parsed.get<std::string>()) + " stands twice in one object");
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception&) {
    bad("not JSON");
  }
}

namespace {

std::string fileOf(const Kind& kind, std::uint64_t seed, Generator& generator) {
  Json document{{"algorithm", kind.name},
                {"schema", std::string(kind.name) + "_schema.json"},
                {"section", kind.section},
                {"seed", seed},
                {"numberOfTests", generator.count()},
                {"header", Json::array({kind.claim})},
                {"notes", Json::object()}};
  for (const auto& note : kind.notes) {
    document["notes"][std::string(note.flag)] = {{"bugType", note.bugType}, {"description", note.description}};
  }
  document["testGroups"] = generator.takeGroups();
  return document.dump(1) + "\n";
}

}  // namespace

std::string generateFile(const Kind& kind, std::uint64_t seed) {
  Generator generator(kind, seed);
  kind.generate(generator);
  return fileOf(kind, seed, generator);
}

std::string fileOfOneCase(const Kind& kind, std::string_view comment, std::string_view flag, const Json& values) {
  auto test = values;
  test["result"] = "valid";
  Walk walk;
  if (const auto verdict = judge(kind, test, walk); !verdict.holds) bad(verdict.why);
  Generator generator(kind, 0);
  generator.valid(comment, {flag}, values);
  return fileOf(kind, 0, generator);
}

std::string schemaOf(const Kind& kind) {
  Json group{
      {"type", "object"},
      {"additionalProperties", false},
      {"required", Json::array({"type", "tests"})},
      {"properties", {{"type", {{"type", "string"}}}, {"tests", {{"type", "array"}, {"items", schemaOfCase(kind)}}}}}};
  Json note{{"type", "object"},
            {"additionalProperties", false},
            {"required", Json::array({"bugType", "description"})},
            {"properties", {{"bugType", {{"type", "string"}}}, {"description", {{"type", "string"}}}}}};
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
              {"title", kind.name},
              {"description", std::string(kind.claim) + " (" + std::string(kind.section) + ")"},
              {"type", "object"},
              {"additionalProperties", false},
              {"required", Json::array({"algorithm", "schema", "section", "seed", "numberOfTests", "header", "notes",
                                        "testGroups"})},
              {"properties",
               {{"algorithm", {{"const", kind.name}}},
                {"schema", {{"const", std::string(kind.name) + "_schema.json"}}},
                {"section", {{"const", kind.section}}},
                {"seed", {{"type", "integer"}, {"minimum", 0}}},
                {"numberOfTests", {{"type", "integer"}, {"minimum", 1}}},
                {"header", {{"type", "array"}, {"items", {{"type", "string"}}}}},
                {"notes", {{"type", "object"}, {"additionalProperties", std::move(note)}}},
                {"testGroups", {{"type", "array"}, {"items", std::move(group)}}}}}};
  return schema.dump(1) + "\n";
}

VectorFile VectorFile::parse(Json document) {
  VectorFile file{nullptr, std::move(document)};
  file.kind = &kindOf(file.document);
  if (!file.document.at("testGroups").is_array()) bad("its test groups are no list");
  std::uint64_t count = 0;
  for (const auto& group : file.document.at("testGroups")) {
    requireMembers(group, {"type", "tests"}, "group");
    textIn(group, "type", "group");
    if (!group.at("tests").is_array()) bad("a group's tests are no list");
    for (const auto& test : group.at("tests")) checkCase(test, *file.kind, ++count);
  }
  if (count == 0 || numberIn(file.document, "numberOfTests", "file") != count) {
    bad("numberOfTests is not the number of cases, " + std::to_string(count));
  }
  return file;
}

std::vector<Json*> VectorFile::cases() {
  std::vector<Json*> all;
  for (auto& group : document["testGroups"]) {
    for (auto& test : group["tests"]) all.push_back(&test);
  }
  return all;
}

Json valuesOf(const Json& test) {
  Json values = Json::object();
  for (const auto& [name, value] : test.items()) {
    if (std::ranges::find(kCaseFrame, name) == kCaseFrame.end()) values[name] = value;
  }
  return values;
}

Verdict judge(const Kind& kind, const Json& test, Walk& walk) {
  auto values = valuesOf(test);
  try {
    const auto refusal = refusalOf(kind, values, walk, Case::Mode::kCheck);
    if (test.at("result") == "valid") return judgeValid(values, walk, refusal);
    return judgeInvalid(refusal, test.at("reason").get<std::string>());
  } catch (const std::exception& broken) {  // BrokenCase, or what a check ends with that is at fault itself
    return {false, std::string("cannot be judged: ") + broken.what()};
  }
}

Report verifyFile(VectorFile file, std::string source) {
  Report report;
  report.source = std::move(source);
  report.algorithm = file.kind->name;
  report.isOurs = true;
  for (const auto* test : file.cases()) {
    ++(test->at("result") == "valid" ? report.valid : report.invalid);
    Walk walk;
    if (auto verdict = judge(*file.kind, *test, walk); !verdict.holds) {
      report.failures.push_back({test->at("tcId").get<std::uint64_t>(), std::move(verdict.why)});
    }
  }
  return report;
}

Report verifyText(std::string_view text, std::string source) {
  try {
    if (isNistText(text)) return verifyNist(text, std::move(source));
    auto document = parseJson(text);
    if (isPublicJson(document)) return verifyPublic(document, std::move(source));
    return verifyFile(VectorFile::parse(std::move(document)), source);
  } catch (const std::exception& error) {  // BadFile, or what a check cannot be made with: the other files are read
    Report report;
    report.source = std::move(source);
    report.bad = error.what();
    return report;
  }
}

}  // namespace waxwing::vectors
