#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/ports.h"
#include "tools/vectors/case.h"

namespace waxwing::vectors {

// One value of a case. Its name, type and meaning make the strict reader and the JSON schema.
struct Field {
  enum class Type { kHex, kText, kNumber, kList };
  enum class Need { kAlways, kOptional };  // of a valid case; an invalid one may leave out what its check never reaches

  std::string_view name;
  Type type;
  std::string_view meaning;
  Need need = Need::kAlways;
  std::vector<Field> members = {};  // of a list's items
};

// What a case is about. Every flag of a case is one of its file's notes.
struct Note {
  std::string_view flag;
  std::string_view bugType;
  std::string_view description;
};

class Generator;

// A kind of vector: one file, one statement about bytes, and the code that makes and checks it.
struct Kind {
  std::string_view name;     // of the file, without ".json"
  std::string_view section;  // of the specification
  std::string_view claim;    // what a valid case states
  std::vector<Field> fields;
  std::vector<Note> notes;
  // Adds this kind's cases.
  void (*generate)(Generator&);
  // Returns if the claim holds; throws Refusal if it does not.
  void (*check)(Case&);
};

// All kinds, in the order of the specification.
std::span<const Kind> kinds();
const Kind* findKind(std::string_view name);

// The families, one file each.
std::vector<Kind> primitiveKinds();
std::vector<Kind> keyKinds();
std::vector<Kind> textKinds();
std::vector<Kind> envelopeKinds();
std::vector<Kind> manifestKinds();
std::vector<Kind> publishedKeysKinds();
std::vector<Kind> contentKinds();
std::vector<Kind> ratchetKinds();
std::vector<Kind> conversationKinds();
std::vector<Kind> transcriptKinds();
std::vector<Kind> senderKeyKinds();
std::vector<Kind> deviceLinkKinds();

// Runs a kind's check on one case: empty if the claim holds, the reason otherwise. BrokenCase passes through.
std::string refusalOf(const Kind& kind, Json& values, Walk& walk, Case::Mode mode);

// Collects a file's cases. What a case leaves out is computed, as far as its check comes; that an invalid case is
// refused, and for the reason stated, is checked as it is added: std::logic_error otherwise.
class Generator {
 public:
  Generator(const Kind& kind, std::uint64_t seed);

  Random& random() { return random_; }
  std::string randomHex(std::size_t size);
  std::string curveSecret();  // clamped

  // Further cases go to a group of this type.
  void group(std::string_view type);
  // The filled case, from which invalid ones are made.
  Json valid(std::string_view comment, std::vector<std::string_view> flags, Json values);
  void invalid(std::string_view comment, std::vector<std::string_view> flags, std::string_view reason, Json values);
  // The same, for whatever reason it is refused.
  void refused(std::string_view comment, std::vector<std::string_view> flags, Json values);
  // A filled case that is not added.
  Json filled(Json values) const;

  Json takeGroups() { return std::move(groups_); }
  std::size_t count() const { return count_; }

 private:
  void add(std::string_view comment, const std::vector<std::string_view>& flags, std::string_view result,
           std::string_view reason, const Json& values);

  const Kind& kind_;
  SeededRandom random_;
  Json groups_ = Json::array();
  std::size_t count_ = 0;
};

// The case with one value replaced, or left out.
Json with(Json values, const char* name, Json value);
Json without(Json values, const char* name);
// Hex with one byte complemented; a negative place counts from the end.
std::string flipped(const Json& hex, int place);
Bytes bytesOf(const Json& hex);
std::string hexOf(ByteView bytes);
// Keeps the fields named, in that order: what an invalid case needs.
Json only(const Json& values, std::vector<const char*> names);

}  // namespace waxwing::vectors
