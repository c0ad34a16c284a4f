#include "session/own_device.h"

#include <stdexcept>

#include "crypto/curve.h"
#include "session/device_keys.h"
#include "session/manifest_book.h"
#include "store/client/identity_table.h"

namespace waxwing {
namespace {

Manifest firstManifest(const IdentityTable::Row& keys, const RelayAddress& relay, const Clock& clock, Random& random) {
  const SignalContext signal(random);
  const WallTime now = clock.now();  // once: a version below the time of issue is malformed
  Manifest manifest;
  manifest.account = keys.address.account;
  manifest.version = nextManifestVersion(0, now);
  manifest.issuedAt = issueTime(now);
  manifest.primary = keys.address.device;
  manifest.relay = relay;
  manifest.devices.push_back(manifestEntry(keys, signal));
  return manifest;
}

}  // namespace

OwnDevice::OwnDevice(DeviceAddress address, GuardedMemory identitySecret, CurveKey identityKey,
                     SigningKeyPair signingKey, std::optional<SigningKeyPair> accountKey, std::uint32_t registrationId)
    : address_(address),
      identitySecret_(std::move(identitySecret)),
      identityKey_(identityKey),
      signingKey_(std::move(signingKey)),
      accountKey_(std::move(accountKey)),
      registrationId_(registrationId) {}

Result<void> OwnDevice::createAccount(Transaction& transaction, const RelayAddress& relay, const Clock& clock,
                                      Random& random) {
  IdentityTable identity(transaction.database());
  if (identity.find()) return fail(Errc::kProfileExists, "this profile already belongs to an account");
  const auto accountKey = SigningKeyPair::generate(random);
  const auto account = AccountId::fromTrusted(accountKey.publicKey().view());
  auto keys = makeDeviceKeys({account, DeviceId::fromTrusted(1)}, random);
  const auto manifest = SignedManifest::sign(firstManifest(keys, relay, clock, random), accountKey);
  if (!manifest) return tl::unexpected(manifest.error());
  keys.accountSeed = accountKey.seed();
  identity.insert(keys);
  ManifestBook(transaction.database(), clock).adopt(transaction, *manifest);
  return {};
}

Result<OwnDevice> OwnDevice::load(Database& db) {
  const auto row = IdentityTable(db).find();
  if (!row) return fail(Errc::kNoSuchProfile, "this profile does not belong to an account yet");
  GuardedMemory secret(row->identitySecret.kSize);
  std::ranges::copy(row->identitySecret.view(), secret.span().begin());
  const auto publicKey = CurveKeyPair::fromSecret(secret.view()).publicKey();
  std::optional<SigningKeyPair> accountKey;
  if (row->accountSeed) accountKey = SigningKeyPair::fromSeed(row->accountSeed->view());
  return OwnDevice(row->address, std::move(secret), publicKey, SigningKeyPair::fromSeed(row->signingSeed.view()),
                   std::move(accountKey), row->registrationId);
}

}  // namespace waxwing
