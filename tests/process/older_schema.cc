#include <iostream>
#include <string_view>

#include "store/database.h"
#include "store/files.h"
#include "tools/waxwing/profile.h"

// Takes a database back to the schema's first step, as a Waxwing of before the second one left it.
//   waxwing-test-older-schema client DIR PASSPHRASE
//   waxwing-test-older-schema relay DIR
namespace waxwing {
namespace {

int takeBack(const std::filesystem::path& path, ByteView key, std::string_view script) {
  const auto database = Database::open({.path = path, .key = key});
  if (!database) {
    std::cerr << database.error().message << "\n";
    return 1;
  }
  (*database)->script(script);
  return 0;
}

int client(const char* directory, const char* passphrase) {
  const auto profile = tool::Profile::load(directory);
  const auto key = profile->databaseKey(SecretBytes(asBytes(passphrase)));
  return takeBack(profile->database(), key->view(),
                  "DROP TRIGGER signed_pre_key_disclosed; DROP TRIGGER one_time_pre_key_disclosed;"
                  "DROP TRIGGER seal_key_disclosed; DROP TABLE disclosed_key; DROP TABLE disclosed_event;"
                  "DROP TABLE test_profile;"
                  "ALTER TABLE contact DROP COLUMN access_key_made; ALTER TABLE contact DROP COLUMN other_access_key;"
                  "DROP TABLE slow_queue;"
                  "DROP TABLE sent; DROP TABLE recovery; DROP TABLE unreadable; DROP TABLE gone; DROP TABLE last_word;"
                  "DROP INDEX peer_device_probe;"
                  "ALTER TABLE delivery DROP COLUMN sent;"
                  "ALTER TABLE peer_device DROP COLUMN out_mark; ALTER TABLE peer_device DROP COLUMN sent_count;"
                  "ALTER TABLE peer_device DROP COLUMN sent_bytes; ALTER TABLE peer_device DROP COLUMN heard_at;"
                  "ALTER TABLE peer_device DROP COLUMN probe_at; ALTER TABLE peer_device DROP COLUMN probes;"
                  "ALTER TABLE hole DROP COLUMN lost;"
                  "PRAGMA user_version = 1;");
}

int relay(const std::filesystem::path& directory) {
  const auto key = readSmallFile(directory / "store.key", 64);
  if (!key) return 1;
  return takeBack(directory / "relay.db", *key,
                  "DROP TABLE delivery_attempt; DROP TABLE gap; DROP TABLE set_aside; PRAGMA user_version = 1;");
}

}  // namespace
}  // namespace waxwing

int main(int count, char** values) {
  using namespace std::string_view_literals;
  if (count == 4 && values[1] == "client"sv) return waxwing::client(values[2], values[3]);
  if (count == 3 && values[1] == "relay"sv) return waxwing::relay(values[2]);
  return 2;
}
