#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/fuzz/relay_scene.h"
#include "tests/fuzz/target.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::fuzz {
namespace {

std::vector<std::filesystem::path> corpusOf(const Target& target) {
  const auto directory = std::filesystem::path(WAXWING_SOURCE_DIR) / "tests/fuzz/corpus" / target.name;
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(directory)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// Every input that ever taught the fuzzers something, and every one that once broke something, under whatever compiler
// and sanitizer the tests are built with.
class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, IsFedToItsTarget) {
  const auto files = corpusOf(GetParam());
  EXPECT_FALSE(files.empty()) << "tests/fuzz/README.md says how to make seeds";
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    EXPECT_NO_THROW(GetParam().run(testing::readFile(file)));
  }
}

TEST_P(Corpus, SeedsAreTakenWhole) {
  for (const auto& seed : GetParam().seeds()) {
    SCOPED_TRACE(seed.name);
    EXPECT_LE(seed.input.size(), GetParam().mostBytes);
    EXPECT_NO_THROW(GetParam().run(seed.input));
  }
}

// Cuts and flips are what a first mutation does; it is cheap to see here that a target takes anything.
TEST_P(Corpus, AlteredSeedsAreTakenToo) {
  for (const auto& seed : GetParam().seeds()) {
    SCOPED_TRACE(seed.name);
    const ByteView input = seed.input;
    EXPECT_NO_THROW(GetParam().run(input.first(input.size() / 2)));
    auto altered = seed.input;
    if (!altered.empty()) altered[altered.size() * 3 / 4] ^= 0x55;
    EXPECT_NO_THROW(GetParam().run(altered));
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

// A login or a submission that the relay refuses would leave most of it unfed.
TEST(RelayTargets, HaveSeedsThatGetThrough) {
  using Event = relay::RelayObserver::Event;
  const auto happens = [](const char* target, Event event) {
    const auto seeds = findTarget(target)->seeds();  // recording them makes it happen, too
    const auto before = RelayScene::seen(event);
    for (const auto& seed : seeds) findTarget(target)->run(seed.input);
    return RelayScene::seen(event) > before;
  };
  EXPECT_TRUE(happens("relay_anonymous", Event::kRegistered));
  EXPECT_TRUE(happens("relay_anonymous", Event::kLoggedIn));
  EXPECT_TRUE(happens("relay_anonymous", Event::kEnvelopeAccepted));
  EXPECT_TRUE(happens("relay_logged_in", Event::kLoggedIn));
  EXPECT_TRUE(happens("relay_logged_in", Event::kEnvelopeAccepted));
  for (const auto event : {Event::kRegistered, Event::kEnvelopeAccepted, Event::kDelivered, Event::kTakenOver}) {
    EXPECT_TRUE(happens("relay_calls", event)) << static_cast<int>(event);
  }
}

TEST(Targets, HaveNamesOfTheirOwnAndNoCorpusIsWithoutOne) {
  std::set<std::string_view> names;
  for (const auto& target : targets()) EXPECT_TRUE(names.insert(target.name).second) << target.name;
  const auto corpora = std::filesystem::path(WAXWING_SOURCE_DIR) / "tests/fuzz/corpus";
  for (const auto& entry : std::filesystem::directory_iterator(corpora)) {
    EXPECT_NE(findTarget(entry.path().filename().string()), nullptr) << entry.path();
  }
}

}  // namespace
}  // namespace waxwing::fuzz
