#include <iostream>

#include "crypto/secret.h"
#include "store/database.h"
#include "tools/waxwing/profile.h"

// waxwing-test-newer-schema DIR PASSPHRASE: makes a profile's database look as if a newer Waxwing had written it.
int main(int count, char** values) {
  if (count != 3) return 2;
  const auto profile = waxwing::tool::Profile::load(values[1]);
  const auto key = profile->databaseKey(waxwing::SecretBytes(waxwing::asBytes(values[2])));
  const auto database = waxwing::Database::open({.path = profile->database(), .key = key->view()});
  if (!database) {
    std::cerr << database.error().message << "\n";
    return 1;
  }
  (*database)->script("PRAGMA user_version = 1000000");
  return 0;
}
