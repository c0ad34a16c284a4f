#include <iostream>

#include "crypto/secret.h"
#include "session/manifest_book.h"
#include "session/own_device.h"
#include "store/client/client_database.h"
#include "tools/waxwing/profile.h"

// waxwing-test-equivocation FROM PASSPHRASE AT PASSPHRASE: profile AT learns of a second device list of FROM's account,
// of the same version and with a good signature, as a relay may show one that has the account's key.
namespace {

using namespace waxwing;

std::unique_ptr<Database> open(const char* directory, const char* passphrase) {
  const auto profile = tool::Profile::load(directory).value();
  const auto key = profile.databaseKey(SecretBytes(asBytes(passphrase))).value();
  return openClientDatabase({.path = profile.database(), .key = key.view()}).value();
}

SignedManifest twinOf(Database& db) {
  const OwnDevice self = OwnDevice::load(db).value();
  Manifest manifest = ManifestBook(db, systemClock()).find(self.address().account).value().manifest();
  manifest.issuedAt -= 1;
  return SignedManifest::sign(manifest, *self.accountKey()).value();
}

}  // namespace

int main(int count, char** values) {
  if (count != 5) return 2;
  try {
    const SignedManifest twin = twinOf(*open(values[1], values[2]));
    const auto db = open(values[3], values[4]);
    Transaction transaction(*db, CommitPoint::kPrepare);
    const auto adopted = ManifestBook(*db, systemClock()).adopt(transaction, twin);
    transaction.commit();
    return adopted.order == ManifestOrder::kEquivocation ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
