#include "tests/sim/shrink.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace waxwing::testing {
namespace {

class Shrinking {
 public:
  Shrinking(const Script& script, std::uint64_t seed, std::uint32_t plays,
            const std::function<void(const Script&)>& tell)
      : best_(script), seed_(seed), playsLeft_(plays), tell_(tell), kind_(play(script, seed).kind()) {}

  Script work() {
    if (kind_.empty()) return best_;
    leaveOutKinds();
    std::size_t parts = 2;
    while (parts <= 2 * best_.steps.size() && playsLeft_ > 0) {
      const std::size_t size = std::max<std::size_t>(1, best_.steps.size() / parts);
      if (!leaveOutRuns(size) && size == 1) break;
      parts *= 2;
    }
    return best_;
  }

 private:
  bool fails(Script shorter) {
    if (playsLeft_ == 0 || shorter.steps.size() == best_.steps.size()) return false;
    --playsLeft_;
    if (play(shorter, seed_).kind() != kind_) return false;
    best_ = std::move(shorter);
    tell_(best_);
    return true;
  }

  void leaveOutKinds() {
    std::set<Act> kinds;
    for (const Step& step : best_.steps) kinds.insert(step.act);
    for (const Act kind : kinds) {
      Script shorter = best_;
      std::erase_if(shorter.steps, [&](const Step& step) { return step.act == kind; });
      fails(std::move(shorter));
    }
  }

  bool leaveOutRuns(std::size_t size) {
    bool any = false;
    // From the end: what comes after the cause goes first.
    for (std::size_t end = best_.steps.size(); end > 0 && playsLeft_ > 0;) {
      const std::size_t begin = end - std::min(size, end);
      Script shorter = best_;
      shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(begin),
                          shorter.steps.begin() + static_cast<std::ptrdiff_t>(end));
      any = fails(std::move(shorter)) || any;
      end = begin;
    }
    return any;
  }

  Script best_;
  std::uint64_t seed_;
  std::uint32_t playsLeft_;
  const std::function<void(const Script&)>& tell_;
  std::string kind_;
};

bool readNumber(std::string_view& text, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Script shrink(const Script& script, std::uint64_t seed, std::uint32_t plays,
              const std::function<void(const Script&)>& tell) {
  return Shrinking(script, seed, plays, tell).work();
}

std::string stepList(const Script& script) {
  std::string list;
  for (std::size_t i = 0; i < script.steps.size();) {
    std::size_t last = i;
    while (last + 1 < script.steps.size() && script.steps[last + 1].number == script.steps[last].number + 1) ++last;
    if (!list.empty()) list += ',';
    list += std::to_string(script.steps[i].number);
    if (last > i) list.append("-").append(std::to_string(script.steps[last].number));
    i = last + 1;
  }
  return list.empty() ? "none" : list;
}

Result<void> keepOnly(Script& script, std::string_view list) {
  std::set<std::uint32_t> kept;
  while (!list.empty() && list != "none") {
    std::uint32_t first = 0;
    if (!readNumber(list, first)) return fail(Errc::kInvalidArgument, "not a list of steps");
    std::uint32_t last = first;
    if (list.starts_with('-')) {
      list.remove_prefix(1);
      if (!readNumber(list, last)) return fail(Errc::kInvalidArgument, "not a list of steps");
    }
    for (std::uint32_t number = first; number <= last && number < script.steps.size(); ++number) kept.insert(number);
    if (list.starts_with(',')) list.remove_prefix(1);
  }
  std::erase_if(script.steps, [&](const Step& step) { return !kept.contains(step.number); });
  return {};
}

}  // namespace waxwing::testing
