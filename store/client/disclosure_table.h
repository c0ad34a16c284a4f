#pragma once

#include <optional>
#include <vector>

#include "store/database.h"

namespace waxwing {

// The mark of a test profile, and what such a profile discloses. In any other profile the database refuses to keep a
// row of it.
class DisclosureTable {
 public:
  enum class Type : std::uint8_t { kOpen = 1, kSend = 2, kReceive = 3, kWipe = 4, kSeal = 5, kUnseal = 6 };
  // Which of the optional values stand there is said by store/client/schema/0004_evidence.sql.
  struct Event {
    Type type = Type::kOpen;
    DeviceAddress peer;
    Bytes drawn = {};
    std::optional<std::uint32_t> signedPreKey = {};
    std::optional<std::uint32_t> oneTimeKey = {};
    std::optional<std::uint8_t> kind = {};
    std::optional<Bytes> content = {};
    std::optional<Bytes> message = {};
    std::optional<Bytes> envelope = {};
  };
  enum class KeyKind : std::uint8_t { kSignedPreKey = 1, kOneTimePreKey = 2, kSealKey = 3 };

  explicit DisclosureTable(Database& db) : db_(db) {}

  bool isTestProfile();
  // Before the profile has an identity or asks to become a device: std::logic_error otherwise.
  void mark(Transaction&, WallTime now);

  // std::logic_error in a profile that is not marked.
  void add(const Event& event);
  std::vector<Event> events(const DeviceAddress& peer);
  std::optional<SecretBytes> findKey(KeyKind kind, std::uint32_t id);

 private:
  Database& db_;
  Statement isTestProfile_ = db_.prepare("SELECT 1 FROM test_profile");
  Statement mark_ = db_.prepare("INSERT INTO test_profile (id, made_at) VALUES (1, ?1)");
  Statement add_ = db_.prepare(
      "INSERT INTO disclosed_event (type, account, device, drawn, signed_pre_key, one_time_key, kind, content, "
      "message, "
      "envelope) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
  Statement events_ = db_.prepare(
      "SELECT type, account, device, drawn, signed_pre_key, one_time_key, kind, content, message, envelope "
      "FROM disclosed_event WHERE account = ?1 AND device = ?2 ORDER BY number");
  Statement findKey_ = db_.prepare("SELECT secret FROM disclosed_key WHERE kind = ?1 AND id = ?2");
};

}  // namespace waxwing
