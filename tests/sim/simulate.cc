// waxwing-simulate: plays runs from seeds and says what went wrong in them.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "crypto/mutation.h"
#include "crypto/text.h"
#include "tests/sim/shrink.h"

namespace waxwing::testing {
namespace {

constexpr const char* kUsage =
    "Usage: waxwing-simulate [--seed N] [--seeds COUNT] [--steps M] [--clients K] [--faults all|LIST]\n"
    "                        [--keep STEPS] [--shrink [PLAYS]] [--bug NAME] [--first] [--quiet] [--list]\n"
    "\n"
    "Plays COUNT runs (1) from seed N (1) on: real clients and relays on virtual time, M steps (2000) each, K "
    "accounts\n"
    "(3 to 6, by the seed), on which the faults of LIST strike (strict). The same arguments are the same run.\n"
    "  --faults LIST   names from --list, or none, honest, copies, hostile, strict, all; separated by commas;\n"
    "                  -NAME takes away\n"
    "  --keep STEPS    leaves out all steps but these, as printed by --shrink\n"
    "  --shrink        looks for a shorter run that fails in the same way, in at most PLAYS replays (200)\n"
    "  --bug NAME      plays with a deliberate bug from --list, which the run should find\n"
    "  --first         ends with the first run that fails\n"
    "  --quiet         one line for each failure, none for a clean run\n"
    "  --list          the faults and the bugs\n"
    "Exit status: 0 everything held; 1 something did not; 2 wrong usage.\n";

enum ExitCode { kClean = 0, kFailed = 1, kUsageError = 2 };

struct Arguments {
  Plan plan;
  std::uint64_t seeds = 1;
  std::string keep;
  std::optional<std::uint32_t> shrinkPlays;
  bool quiet = false;
  bool first = false;
};

template <typename Number>
bool parse(const char* text, Number& out) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, out);
  return error == std::errc() && stop == end;
}

void list() {
  std::printf("faults:\n");
  for (std::size_t i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    const Excuses excuses = excusesOf(fault);
    std::printf("  %-15s%s%s%s%s%s\n", std::string(name(fault)).c_str(), excuses.lines ? " lines" : "",
                excuses.reportedLoss ? " reported-loss" : "", excuses.silentLoss ? " silent-loss" : "",
                excuses.lag ? " lag" : "", excuses.stuck ? " stuck" : "");
  }
  std::printf("bugs:\n");
  for (const Mutation mutation : allMutations()) std::printf("  %s\n", std::string(name(mutation)).c_str());
}

int usage(const std::string& complaint) {
  std::fprintf(stderr, "waxwing-simulate: %s\n%s", complaint.c_str(), kUsage);
  return kUsageError;
}

std::string reproduction(const Arguments& arguments, std::uint64_t seed, const Script& script) {
  std::string line = "waxwing-simulate --seed " + std::to_string(seed) + " --steps " +
                     std::to_string(arguments.plan.steps) + " --faults " + text(arguments.plan.faults);
  if (arguments.plan.clients != 0) line += " --clients " + std::to_string(arguments.plan.clients);
  if (const auto mutation = activeMutation()) line.append(" --bug ").append(name(*mutation));
  if (script.steps.size() < arguments.plan.steps) line += " --keep " + stepList(script);
  return line;
}

void tellFailure(const Arguments& arguments, std::uint64_t seed, const Script& script, const Verdict& verdict) {
  std::printf("seed %llu FAILED: %s\n", static_cast<unsigned long long>(seed), verdict.offences.front().c_str());
  if (!arguments.quiet) std::printf("%s", verdict.report.c_str());
  std::printf("again: %s\n", reproduction(arguments, seed, script).c_str());
}

void shrinkAndTell(const Arguments& arguments, std::uint64_t seed, const Script& script) {
  const Script shorter = shrink(script, seed, *arguments.shrinkPlays, [](const Script& better) {
    std::fprintf(stderr, "still fails with %zu steps\n", better.steps.size());
  });
  Verdict verdict = play(shorter, seed);
  std::printf("the shortest run found: %zu steps\n", shorter.steps.size());
  tellFailure(arguments, seed, shorter, verdict);
}

int run(const Arguments& arguments) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < arguments.seeds; ++i) {
    const std::uint64_t seed = arguments.plan.seed + i;
    Plan plan = arguments.plan;
    plan.seed = seed;
    Script script = write(plan);
    if (!arguments.keep.empty()) {
      if (const auto kept = keepOnly(script, arguments.keep); !kept) return usage(kept.error().message);
    }
    const Verdict verdict = play(script, seed);
    if (verdict.clean()) {
      if (!arguments.quiet) {
        std::printf("seed %llu clean: %zu steps, %llu messages, %.1f h, faults %s, events %s\n",
                    static_cast<unsigned long long>(seed), script.steps.size(),
                    static_cast<unsigned long long>(verdict.messages),
                    static_cast<double>(verdict.span.count()) / 3.6e6, text(script.faults).c_str(),
                    toHex(verdict.events.view().first(8)).c_str());
        std::fflush(stdout);
      }
      continue;
    }
    ++failed;
    tellFailure(arguments, seed, script, verdict);
    if (arguments.shrinkPlays) shrinkAndTell(arguments, seed, script);
    std::fflush(stdout);
    if (arguments.first) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (arguments.seeds > 1 && !arguments.first) {
    std::printf("%llu of %llu seeds failed; %.0f seeds per hour\n", static_cast<unsigned long long>(failed),
                static_cast<unsigned long long>(arguments.seeds),
                static_cast<double>(arguments.seeds) * 3600 / took.count());
  }
  return failed == 0 ? kClean : kFailed;
}

// nullopt: go on; else the exit status.
std::optional<int> read(int count, char** words, Arguments& arguments) {
  std::string faults = "strict";
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--help" || word == "-h") {
      std::printf("%s", kUsage);
      return kClean;
    }
    if (word == "--list") {
      list();
      return kClean;
    }
    if (word == "--quiet") {
      arguments.quiet = true;
      continue;
    }
    if (word == "--first") {
      arguments.first = true;
      continue;
    }
    const bool hasValue = i + 1 < count && words[i + 1][0] != '-';
    if (word == "--shrink") {
      arguments.shrinkPlays = 200;
      if (hasValue && !parse(words[++i], *arguments.shrinkPlays)) return usage("--shrink takes a number");
      continue;
    }
    if (i + 1 >= count) return usage(std::string(word) + " needs a value, or is unknown");
    const char* value = words[++i];
    bool good = true;
    if (word == "--seed") {
      good = parse(value, arguments.plan.seed);
    } else if (word == "--seeds") {
      good = parse(value, arguments.seeds);
    } else if (word == "--steps") {
      good = parse(value, arguments.plan.steps);
    } else if (word == "--clients") {
      good = parse(value, arguments.plan.clients) && (arguments.plan.clients >= 2 && arguments.plan.clients <= 6);
    } else if (word == "--faults") {
      faults = value;
    } else if (word == "--keep") {
      arguments.keep = value;
    } else if (word == "--bug") {
      const auto mutation = findMutation(value);
      if (!mutation) return usage("there is no bug called " + std::string(value));
      if (!mutate(*mutation)) return usage("this build has no bugs on purpose");
    } else {
      return usage("unknown: " + std::string(word));
    }
    if (!good) return usage(std::string(word) + " does not take " + value);
  }
  const auto parsed = parseFaults(faults);
  if (!parsed) return usage(parsed.error().message);
  arguments.plan.faults = *parsed;
  return std::nullopt;
}

}  // namespace
}  // namespace waxwing::testing

int main(int count, char** words) {
  waxwing::testing::Arguments arguments;
  if (const auto status = waxwing::testing::read(count, words, arguments)) return *status;
  return waxwing::testing::run(arguments);
}
