#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "tests/support/vectors.h"
#include "tools/vectors/vector_file.h"

namespace waxwing::vectors {
namespace {

std::filesystem::path bundled() { return std::filesystem::path(WAXWING_SOURCE_DIR) / "tests" / "vectors"; }

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string bundledText(const Kind& kind) { return readFile(bundled() / (std::string(kind.name) + ".json")); }
VectorFile bundledFile(const Kind& kind) { return VectorFile::parse(parseJson(bundledText(kind))); }

class EveryKind : public ::testing::TestWithParam<const Kind*> {};

std::vector<const Kind*> pointersToKinds() {
  std::vector<const Kind*> all;
  for (const auto& kind : kinds()) all.push_back(&kind);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Vectors, EveryKind, ::testing::ValuesIn(pointersToKinds()),
                         [](const auto& tested) { return std::string(tested.param->name); });

TEST_P(EveryKind, BundledCasesHold) {
  const auto report = verifyText(bundledText(*GetParam()), "bundled");
  EXPECT_EQ(report.bad, "");
  for (const auto& failure : report.failures) ADD_FAILURE() << failure.tcId << ": " << failure.why;
  EXPECT_GT(report.valid, 0u);
  EXPECT_GT(report.invalid, report.valid);
}

TEST_P(EveryKind, TheBundledSeedGivesTheBundledBytes) {
  EXPECT_TRUE(generateFile(*GetParam(), kBundledSeed) == bundledText(*GetParam()));
  const auto schema = std::string(GetParam()->name) + "_schema.json";
  EXPECT_TRUE(schemaOf(*GetParam()) == readFile(bundled() / "schemas" / schema));
}

TEST_P(EveryKind, AnotherSeedGivesOtherCasesThatHold) {
  const auto text = generateFile(*GetParam(), kBundledSeed + 1);
  EXPECT_FALSE(text == bundledText(*GetParam()));
  const auto report = verifyText(text, "generated");
  EXPECT_TRUE(report.holds()) << report.bad;
}

TEST_P(EveryKind, EveryNoteIsUsed) {
  auto file = bundledFile(*GetParam());
  std::set<std::string> used;
  for (const auto* test : file.cases())
    for (const auto& flag : (*test)["flags"]) used.insert(flag.get<std::string>());
  EXPECT_EQ(used.size(), GetParam()->notes.size());
}

// A part of the changes to a kind's valid cases: every n-th, so that no test takes long.
struct Share {
  const Kind* kind;
  std::size_t index;
  std::size_t of;
};

// Each way to change one value of a case a little: each byte of hexadecimal complemented, each letter of a text
// replaced, each number one higher. Tries those of its share.
class Changes {
 public:
  explicit Changes(const Share& share) : kind_(*share.kind), share_(share) {}

  void inAll(Json& values, const std::vector<Field>& fields) {
    for (auto& [name, value] : values.items()) {
      const auto field = std::ranges::find(fields, name, &Field::name);
      switch (field->type) {
        case Field::Type::kHex:
          inHex(value, name);
          break;
        case Field::Type::kText:
          inText(value, name);
          break;
        case Field::Type::kNumber:
          inNumber(value, name);
          break;
        case Field::Type::kList:
          for (auto& item : value) inAll(item, field->members);
      }
    }
  }
  void of(const Json& test) {
    test_ = test;
    values_ = valuesOf(test);
    inAll(values_, kind_.fields);
  }
  std::size_t tried() const { return tried_; }

 private:
  void inHex(Json& value, const std::string& name) {
    const auto original = value.get<std::string>();
    for (int place = 0; place < static_cast<int>(original.size() / 2); ++place) {
      value = flipped(original, place);
      expectFailure(name, place);
    }
    value = original;
  }
  void inText(Json& value, const std::string& name) {
    const auto original = value.get<std::string>();
    for (std::size_t place = 0; place < original.size(); ++place) {
      auto changed = original;
      changed[place] = changed[place] == 'x' ? 'y' : 'x';
      value = changed;
      expectFailure(name, static_cast<int>(place));
    }
    value = original;
  }
  void inNumber(Json& value, const std::string& name) {
    const auto original = value.get<std::uint64_t>();
    value = original + 1;
    expectFailure(name, 0);
    value = original;
  }
  void expectFailure(const std::string& name, int place) {
    if (count_++ % share_.of != share_.index) return;
    ++tried_;
    auto changed = values_;
    changed["tcId"] = test_["tcId"];
    changed["result"] = "valid";
    Walk walk;
    EXPECT_FALSE(judge(kind_, changed, walk).holds) << "case " << test_["tcId"] << ": " << name << "[" << place << "]";
  }

  const Kind& kind_;
  const Share share_;
  Json test_;
  Json values_;
  std::size_t count_ = 0;
  std::size_t tried_ = 0;
};

std::vector<Share> shares() {
  const std::map<std::string_view, std::size_t> long_{{"conversation", 8},   {"transcript", 2}, {"content", 4},
                                                      {"manifest_chain", 3}, {"manifest", 3},   {"device_grant", 2}};
  std::vector<Share> all;
  for (const auto& kind : kinds()) {
    const auto found = long_.find(kind.name);
    const auto of = found == long_.end() ? 1 : found->second;
    for (std::size_t index = 0; index < of; ++index) all.push_back({&kind, index, of});
  }
  return all;
}

class EveryShare : public ::testing::TestWithParam<Share> {};

INSTANTIATE_TEST_SUITE_P(Vectors, EveryShare, ::testing::ValuesIn(shares()), [](const auto& tested) {
  return std::string(tested.param.kind->name) + "_" + std::to_string(tested.param.index);
});

// The most valuable of all: nothing in a valid case is decoration.
TEST_P(EveryShare, ChangingAnyByteOfAValidCaseMakesItFail) {
  auto file = bundledFile(*GetParam().kind);
  Changes changes(GetParam());
  for (const auto* test : file.cases()) {
    if ((*test)["result"] == "valid") changes.of(*test);
  }
  EXPECT_GT(changes.tried(), 0u);
}

// --- strictness

class Strictness : public ::testing::Test {
 protected:
  Json document() const { return parseJson(bundledText(*findKind("key_gate"))); }
  static bool isRefused(const Json& changed) {
    const auto report = verifyText(changed.dump(), "changed");
    return !report.bad.empty();
  }
  static Json& firstTest(Json& document) { return document["testGroups"][0]["tests"][0]; }
};

TEST_F(Strictness, TheUnchangedFileIsRead) { EXPECT_FALSE(isRefused(document())); }

TEST_F(Strictness, AWrongFrameIsRefused) {
  const auto refuses = [&](auto change) {
    auto changed = document();
    change(changed);
    return isRefused(changed);
  };
  EXPECT_TRUE(refuses([](Json& d) { d["numberOfTests"] = d["numberOfTests"].get<int>() + 1; }));
  EXPECT_TRUE(refuses([](Json& d) { d["numberOfTests"] = "34"; }));
  EXPECT_TRUE(refuses([](Json& d) { d["more"] = 1; }));
  EXPECT_TRUE(refuses([](Json& d) { d.erase("header"); }));
  EXPECT_TRUE(refuses([](Json& d) { d["section"] = "§1"; }));
  EXPECT_TRUE(refuses([](Json& d) { d["algorithm"] = "key_door"; }));
  EXPECT_TRUE(refuses([](Json& d) { d["notes"].erase("Torsion"); }));
  EXPECT_TRUE(refuses([](Json& d) { d["testGroups"][0]["more"] = 1; }));
  EXPECT_TRUE(refuses([](Json& d) { d["testGroups"] = Json::array(); }));
}

TEST_F(Strictness, AWrongCaseIsRefused) {
  const auto refuses = [&](auto change) {
    auto changed = document();
    change(firstTest(changed));
    return isRefused(changed);
  };
  EXPECT_TRUE(refuses([](Json& t) { t["tcId"] = 2; }));
  EXPECT_TRUE(refuses([](Json& t) { t["more"] = "00"; }));
  EXPECT_TRUE(refuses([](Json& t) { t.erase("shared"); }));
  EXPECT_TRUE(refuses([](Json& t) { t["result"] = "acceptable"; }));
  EXPECT_TRUE(refuses([](Json& t) { t["reason"] = "badKey"; }));
  EXPECT_TRUE(refuses([](Json& t) { t["result"] = "invalid"; }));
  EXPECT_TRUE(refuses([](Json& t) { t["result"] = "invalid", t["reason"] = ""; }));
  EXPECT_TRUE(refuses([](Json& t) { t["flags"] = Json::array(); }));
  EXPECT_TRUE(refuses([](Json& t) { t["flags"] = {"Unknown"}; }));
  EXPECT_TRUE(refuses([](Json& t) { t["shared"] = "0"; }));
  EXPECT_TRUE(refuses([](Json& t) { t["shared"] = 0; }));
  EXPECT_TRUE(refuses([](Json& t) {
    auto text = t["shared"].get<std::string>();
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    t["shared"] = text;
  }));
}

TEST_F(Strictness, ADuplicateKeyIsRefused) {
  EXPECT_THROW(parseJson(R"({"a": 1, "b": {"a": 2}, "a": 3})"), BadFile);
  EXPECT_NO_THROW(parseJson(R"({"a": 1, "b": [{"a": 2}, {"a": 2}]})"));
  EXPECT_THROW(parseJson("{} x"), BadFile);
  EXPECT_THROW(parseJson(std::string(1000, '[').append(std::string(1000, ']'))), BadFile);
}

TEST_F(Strictness, AnInvalidCaseThatHoldsIsAFailure) {
  auto changed = document();
  auto& test = firstTest(changed);
  test["result"] = "invalid";
  test["reason"] = "badKey";
  const auto report = verifyText(changed.dump(), "changed");
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].tcId, 1u);
}

TEST_F(Strictness, ARefusalForAnotherReasonIsAFailure) {
  auto changed = document();
  auto& test = changed["testGroups"][1]["tests"][0];
  ASSERT_EQ(test["reason"], "badKey");
  test["reason"] = "mismatch";
  EXPECT_EQ(verifyText(changed.dump(), "changed").failures.size(), 1u);
}

// What a case lacks cannot be what an invalid one is refused for.
TEST_F(Strictness, AMissingValueIsNoRefusal) {
  auto changed = document();
  auto& test = changed["testGroups"][1]["tests"][0];
  test.erase("publicKey");
  EXPECT_EQ(verifyText(changed.dump(), "changed").failures.size(), 1u);
}

// Nor does it hide what the other cases of its file say.
TEST_F(Strictness, ACheckThatEndsUnexpectedlyFailsItsCase) {
  Kind kind = *findKind("transcript");
  kind.check = [](Case&) { throw std::logic_error("at fault itself"); };
  Walk walk;
  EXPECT_FALSE(judge(kind, *bundledFile(kind).cases().front(), walk).holds);
}

TEST_F(Strictness, AKeyIdThatStandsTwiceIsRefused) {
  const auto& kind = *findKind("transcript");
  auto test = *bundledFile(kind).cases().front();
  for (const auto* keys : {"signedPreKeys", "oneTimeKeys", "sealKeys"}) {
    auto changed = test;
    auto& list = changed["parties"][1][keys];
    ASSERT_FALSE(list.empty()) << keys;
    list.push_back(list[0]);
    changed["result"] = "invalid";
    changed["reason"] = kMalformed;
    Walk walk;
    EXPECT_TRUE(judge(kind, changed, walk).holds) << keys;
  }
}

// What somebody observed is not made whole.
TEST_F(Strictness, AFileOfOneCaseHoldsAsItStands) {
  const auto& kind = *findKind("transcript");
  auto values = valuesOf(*bundledFile(kind).cases().front());
  EXPECT_EQ(verifyText(fileOfOneCase(kind, "", "Ordinary", values), "whole").valid, 1u);
  auto lacking = values;
  for (const auto* name : {"rootKey", "ratchetSecret", "chainKey", "chainIndex", "archived"}) {
    lacking["parties"][0].erase(name);
  }
  EXPECT_THROW(fileOfOneCase(kind, "", "Ordinary", lacking), BadFile);
  auto altered = values;
  altered["parties"][0]["chainIndex"] = 7;
  EXPECT_THROW(fileOfOneCase(kind, "", "Ordinary", altered), BadFile);
}

// --- public vectors

TEST(PublicVectors, AllHold) {
  WAXWING_SKIP_WITHOUT("wycheproof");
  std::size_t files = 0, cases = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(testing::vectorsFolder())) {
    const auto extension = entry.path().extension();
    if (extension != ".json" && extension != ".txt") continue;
    const auto report = verifyText(readFile(entry.path()), entry.path().filename());
    EXPECT_TRUE(report.holds()) << report.source << report.bad;
    for (const auto& failure : report.failures) ADD_FAILURE() << report.source << ' ' << failure.tcId << failure.why;
    ++files;
    cases += report.valid + report.invalid;
  }
  EXPECT_GE(files, 15u);
  EXPECT_GT(cases, 1500u);
}

TEST(PublicVectors, NistTextIsReadStrictly) {
  const std::string good =
      "\nCipher: AES-256-CTR\nOperation: ENCRYPT\n"
      "Key: 0000000000000000000000000000000000000000000000000000000000000000\n"
      "Plaintext: 00000000000000000000000000000000\n"
      "IV: 014730f80ac625fe84f026c60bfd547d\nCiphertext: 5c9d844ed46f9885085e5d6a4f94c7d7\n";
  const auto report = verifyText(good, "good");
  EXPECT_TRUE(report.holds());
  EXPECT_EQ(report.valid, 1u);
  const auto badness = [](const std::string& text) { return verifyText(text, "bad").bad; };
  EXPECT_NE(badness("Key: 00\n" + good), "");
  EXPECT_NE(badness(good + "Ciphertext: 5c9d844ed46f9885085e5d6a4f94c7d7\n"), "");
  EXPECT_NE(badness(good + "Ciphertext=5c\n"), "");
  EXPECT_NE(badness(good + "Cipher: AES-256-CTR\n"), "");
}

TEST(PublicVectors, AnAlteredOneFails) {
  constexpr auto kFile = "wycheproof/hkdf_sha256_test.json";
  WAXWING_SKIP_WITHOUT(kFile);
  auto document = testing::vectorJson(kFile);
  auto& output = document["testGroups"][0]["tests"][0]["okm"];
  output = flipped(Json(output.get<std::string>()), 0);
  const auto report = verifyText(document.dump(), kFile);
  EXPECT_EQ(report.bad, "");
  EXPECT_EQ(report.failures.size(), 1u);
}

}  // namespace
}  // namespace waxwing::vectors
