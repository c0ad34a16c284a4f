#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

#include "tools/vectors/capture_command.h"
#include "tools/vectors/vector_file.h"
#include "tools/waxwing/output.h"
#include "tools/waxwing/process_safety.h"

// waxwing-vectors: makes, checks and explains test vectors. Needs no relay and no network, and a profile for `capture`
// alone.
namespace waxwing::vectors {
namespace {

using tool::printable;

constexpr int kHolds = 0, kFails = 1, kUsage = 2;

struct Options {
  bool json = false;
  std::uint64_t seed = kBundledSeed;
  std::string out;
  std::vector<std::string> inputs;
  std::string file;
  std::optional<std::uint64_t> tcId;
  CaptureOptions capture;
};

// One object on one line; a file's name may be no UTF-8.
void print(const Json& json) { std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n'; }

std::string readAll(std::istream& in) { return {std::istreambuf_iterator<char>(in), {}}; }

std::optional<std::string> readInput(const std::string& name) {
  if (name == "-") return readAll(std::cin);
  std::ifstream file(name, std::ios::binary);
  if (!file) return std::nullopt;
  return readAll(file);
}

// Vector files below a directory, in order; schemas and documentation are none.
std::vector<std::string> filesBelow(const std::filesystem::path& directory) {
  std::vector<std::string> files;
  for (auto entry = std::filesystem::recursive_directory_iterator(directory);
       entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && entry->path().filename() == "schemas") entry.disable_recursion_pending();
    const auto extension = entry->path().extension();
    if (entry->is_regular_file() && (extension == ".json" || extension == ".txt")) files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

// --- list

int list(const Options& options) {
  for (const auto& kind : kinds()) {
    if (options.json) {
      print({{"kind", kind.name}, {"section", kind.section}, {"claim", kind.claim}});
    } else {
      std::cout << kind.name << std::string(kind.name.size() < 18 ? 18 - kind.name.size() : 1, ' ') << kind.claim
                << " (" << kind.section << ")\n";
    }
  }
  return kHolds;
}

// --- generate

bool writeFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file) std::cerr << "cannot write " << path.string() << '\n';
  return bool(file);
}

int generate(const Options& options) {
  const std::filesystem::path directory = options.out;
  std::error_code failed;
  std::filesystem::create_directories(directory / "schemas", failed);
  bool good = true;
  for (const auto& kind : kinds()) {
    const std::string name(kind.name);
    try {
      good = writeFile(directory / (name + ".json"), generateFile(kind, options.seed)) &&
             writeFile(directory / "schemas" / (name + "_schema.json"), schemaOf(kind)) && good;
    } catch (const std::logic_error& wrong) {  // what is computed is not what the kind states
      std::cerr << wrong.what() << '\n';
      good = false;
    }
  }
  return good ? kHolds : kFails;
}

// --- verify

Json asJson(const Report& report) {
  Json failures = Json::array();
  for (const auto& failure : report.failures) failures.push_back({{"tcId", failure.tcId}, {"why", failure.why}});
  Json json{{"file", report.source},   {"algorithm", report.algorithm}, {"ours", report.isOurs},
            {"valid", report.valid},   {"invalid", report.invalid},     {"notUsed", report.notUsed},
            {"holds", report.holds()}, {"failures", failures}};
  if (!report.note.empty()) json["note"] = report.note;
  if (!report.bad.empty()) json["bad"] = report.bad;
  return json;
}

void show(const Report& report) {
  std::cout << (report.holds() ? "ok    " : "FAILS ") << printable(report.source) << ": ";
  if (!report.bad.empty()) {
    std::cout << printable(report.bad) << '\n';
    return;
  }
  std::cout << printable(report.algorithm) << ", " << report.valid << " valid, " << report.invalid << " invalid";
  if (report.notUsed != 0) std::cout << ", " << report.notUsed << " not used";
  if (!report.note.empty()) std::cout << " (" << report.note << ')';
  std::cout << '\n';
  for (const auto& failure : report.failures) {
    std::cout << "  case " << failure.tcId << ": " << printable(failure.why) << '\n';
  }
}

struct Total {
  std::size_t files = 0, cases = 0, notUsed = 0, failures = 0;

  void add(const Report& report) {
    ++files;
    cases += report.valid + report.invalid;
    notUsed += report.notUsed;
    failures += report.failures.size() + (report.bad.empty() ? 0 : 1);
  }
};

void verifyInput(const std::string& name, const Options& options, Total& total) {
  Report report;
  if (const auto text = readInput(name)) {
    report = verifyText(*text, name);
  } else {
    report.source = name;
    report.bad = "cannot be read";
  }
  total.add(report);
  if (options.json) {
    print(asJson(report));
  } else {
    show(report);
  }
}

int verify(const Options& options) {
  Total total;
  for (const auto& input : options.inputs) {
    if (input != "-" && std::filesystem::is_directory(input)) {
      for (const auto& file : filesBelow(input)) verifyInput(file, options, total);
    } else {
      verifyInput(input, options, total);
    }
  }
  const bool holds = total.failures == 0 && total.cases > 0;  // nothing checked is nothing shown
  if (options.json) {
    print({{"files", total.files},
           {"cases", total.cases},
           {"notUsed", total.notUsed},
           {"failures", total.failures},
           {"holds", holds}});
  } else {
    std::cout << total.cases << " cases in " << total.files << " files, " << total.notUsed << " not used, "
              << total.failures << " failures" << (total.cases == 0 ? ": nothing was checked" : "") << '\n';
  }
  return holds ? kHolds : kFails;
}

// --- explain

const char* roleName(Step::Role role) {
  switch (role) {
    case Step::Role::kInput:
      return "input";
    case Step::Role::kComputed:
      return "computed";
    case Step::Role::kExpected:
      return "expected";
    case Step::Role::kRefused:
      return "refused";
  }
  return "";
}

bool explainCase(const Kind& kind, const Json& test, const Options& options) {
  Walk walk;
  const auto verdict = judge(kind, test, walk);
  if (options.json) {
    Json steps = Json::array();
    for (const auto& step : walk.steps()) {
      steps.push_back({{"role", roleName(step.role)}, {"name", step.name}, {"value", step.value}});
    }
    print({{"tcId", test["tcId"]},
           {"result", test["result"]},
           {"holds", verdict.holds},
           {"why", verdict.why},
           {"steps", steps}});
    return verdict.holds;
  }
  std::cout << "case " << test["tcId"] << ", " << test["result"].get<std::string>();
  if (const auto comment = test["comment"].get<std::string>(); !comment.empty()) {
    std::cout << ": " << printable(comment);
  }
  std::cout << '\n';
  for (const auto& step : walk.steps()) {
    std::cout << "  " << roleName(step.role) << std::string(10 - std::string_view(roleName(step.role)).size(), ' ')
              << printable(step.name) << " = " << printable(step.value) << '\n';
  }
  std::cout << (verdict.holds ? "  as it should be\n" : "  FAILS: " + printable(verdict.why) + "\n");
  return verdict.holds;
}

int explain(const Options& options) {
  const auto text = readInput(options.file);
  if (!text) {
    std::cerr << options.file << " cannot be read\n";
    return kFails;
  }
  auto file = VectorFile::parse(parseJson(*text));
  if (!options.json) std::cout << file.kind->name << ": " << file.kind->claim << " (" << file.kind->section << ")\n";
  bool holds = true, found = false;
  for (const auto* test : file.cases()) {
    if (options.tcId && test->at("tcId") != *options.tcId) continue;
    found = true;
    holds = explainCase(*file.kind, *test, options) && holds;
  }
  if (!found) std::cerr << "there is no such case\n";
  return holds && found ? kHolds : kFails;
}

// --- capture

int capture(const Options& options) {
  tool::protectProcess();
  const auto text = captureProfiles(options.capture);
  if (!text) {
    std::cerr << "waxwing-vectors: " << text.error().message << '\n';
    return kFails;
  }
  if (!options.out.empty()) return writeFile(options.out, *text) ? kHolds : kFails;
  std::cout << *text;
  return kHolds;
}

int run(int count, char** values) {
  CLI::App app("Test vectors for Waxwing: makes them, checks them, explains them. See docs/vectors.md.",
               "waxwing-vectors");
  Options options;
  int status = kHolds;
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", options.json, "print JSON, one object per line");
  app.add_subcommand("list", "the kinds, and where the specification has them")->callback([&] {
    status = list(options);
  });
  auto* made = app.add_subcommand("generate", "write every kind's file and schema: the same bytes from the same seed");
  made->add_option("--seed", options.seed, "a number (default: that of the bundled files)");
  made->add_option("--out", options.out, "directory")->required();
  made->callback([&] { status = generate(options); });
  auto* checked = app.add_subcommand("verify", "check files, all files below a directory, or standard input (-)");
  checked->add_option("input", options.inputs, "FILE, DIR or -")->required();
  checked->callback([&] { status = verify(options); });
  auto* told = app.add_subcommand("explain", "walk through a file's cases: every input, intermediate value and output");
  told->add_option("file", options.file, "FILE or -")->required();
  told->add_option("case", options.tcId, "its tcId; without it, all");
  told->callback([&] { status = explain(options); });
  auto* captured = app.add_subcommand(
      "capture", "what two profiles of 'waxwing init --test' exchanged, with all secrets, as a transcript");
  captured->add_option("profiles", options.capture.profiles, "their two directories; neither is changed")
      ->required()
      ->expected(2);
  captured
      ->add_option("--passphrase-file", options.capture.passphraseFiles,
                   "where the passphrase stands; given twice, one for each profile")
      ->expected(1)
      ->take_all();
  captured->add_option("--out", options.out, "file (default: standard output)");
  captured->callback([&] { status = capture(options); });
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kHolds : kUsage;
  }
  std::cout.flush();
  return std::cout ? status : kFails;
}

}  // namespace
}  // namespace waxwing::vectors

int main(int count, char** values) {
  try {
    return waxwing::vectors::run(count, values);
  } catch (const std::exception& error) {
    std::cerr << "waxwing-vectors: " << waxwing::tool::printable(error.what()) << '\n';
    return waxwing::vectors::kFails;
  }
}
