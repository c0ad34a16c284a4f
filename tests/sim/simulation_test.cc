#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/shrink.h"

namespace waxwing::testing {
namespace {

Script scriptOf(std::uint64_t seed, std::string_view faults, std::uint32_t steps) {
  return write({.seed = seed, .steps = steps, .clients = 0, .faults = parseFaults(faults).value()});
}

// As many seeds as a few seconds allow; WAXWING_LONG=1 plays more.
void playSeeds(std::uint64_t first, std::uint64_t count, std::string_view faults) {
  const bool isLong = std::getenv("WAXWING_LONG") != nullptr;
  for (std::uint64_t seed = first; seed < first + count * (isLong ? 20 : 1); ++seed) {
    const Verdict verdict = play(scriptOf(seed, faults, 300), seed);
    ASSERT_TRUE(verdict.clean()) << "waxwing-simulate --seed " << seed << " --steps 300 --faults " << faults << "\n"
                                 << verdict.report;
  }
}

TEST(Simulation, NothingIsLostWhereNothingIsExcused) { playSeeds(1, 5, "strict"); }

TEST(Simulation, LossIsReported) { playSeeds(101, 5, "all"); }

TEST(Simulation, TwoCopiesOfADatabaseUseNoKeyTwice) { playSeeds(201, 5, "clone"); }

TEST(Simulation, CopiesUseNoKeyTwice) { playSeeds(301, 5, "copies"); }

TEST(Simulation, TheSameSeedIsTheSameRun) {
  const Script script = scriptOf(7, "all", 200);
  const Verdict first = play(script, 7);
  const Verdict second = play(script, 7);
  EXPECT_EQ(first.events, second.events);
  EXPECT_EQ(first.offences, second.offences);
  EXPECT_NE(first.events, play(scriptOf(8, "all", 200), 8).events);
}

TEST(Faults, AreReadAndWritten) {
  EXPECT_EQ(text(parseFaults("cut,power").value()), "cut,power");
  EXPECT_EQ(text(parseFaults("none").value()), "none");
  EXPECT_EQ(parseFaults("all").value().count(), kFaults);
  EXPECT_EQ(parseFaults("all,-hostile").value(), parseFaults("honest,copies").value());
  EXPECT_FALSE(parseFaults("earthquake").has_value());
}

TEST(Script, KeepsStepsByNumber) {
  Script script = scriptOf(1, "none", 30);
  ASSERT_TRUE(keepOnly(script, "3,17-20"));
  EXPECT_EQ(stepList(script), "3,17-20");
  EXPECT_EQ(script.steps.size(), 5u);
  EXPECT_FALSE(keepOnly(script, "x"));
}

}  // namespace
}  // namespace waxwing::testing
