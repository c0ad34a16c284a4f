#include "session/manifest_book.h"

#include <stdexcept>

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/mutation.h"

namespace waxwing {
namespace {

// Devices of `from` that `to` does not list with the same key.
std::vector<DeviceId> missing(const SignedManifest& from, const SignedManifest& to) {
  std::vector<DeviceId> ids;
  for (const auto& device : from->devices) {
    const auto* same = to->find(device.id);
    if (same == nullptr || same->identityKey != device.identityKey) ids.push_back(device.id);
  }
  return ids;
}

}  // namespace

ManifestBook::ManifestBook(Database& db, const Clock& clock) : clock_(clock), table_(db) {}

std::optional<SignedManifest> ManifestBook::find(const AccountId& account) {
  const auto bytes = table_.findSigned(account);
  if (!bytes) return std::nullopt;
  return SignedManifest::fromTrusted(*bytes);
}

ManifestRef ManifestBook::ref(const AccountId& account) {
  const auto held = find(account);
  return held ? held->ref() : ManifestRef{};
}

ManifestBook::Adoption ManifestBook::adopt(Transaction&, const SignedManifest& candidate) {
  const auto& account = candidate->account;
  const auto row = table_.find(account);
  if (!row) {
    table_.put(account, candidate.bytes());
    const auto age = clock_.now() - issuedAt(candidate.manifest());
    return {.order = ManifestOrder::kNewer, .first = true, .unconfirmed = age > limits::kManifestUnconfirmedAge};
  }
  const auto held = SignedManifest::fromTrusted(row->signedManifest);
  if (row->rejected == candidate.hash()) return {.order = ManifestOrder::kStale};
  const auto order = compare(held, candidate);
  if (mutated(Mutation::kTrustStaleManifest) && order == ManifestOrder::kStale) return adoptNewer(held, candidate);
  if (order == ManifestOrder::kNewer) return adoptNewer(held, candidate);
  if (order == ManifestOrder::kEquivocation) table_.setOther(account, toBytes(candidate.bytes()));
  const bool retiresMore = (candidate->retired & ~held->retired).any();
  const bool diverges = order == ManifestOrder::kUnretires || order == ManifestOrder::kEquivocation ||
                        (order == ManifestOrder::kStale && retiresMore);
  return {.order = order, .diverges = diverges};
}

ManifestBook::Adoption ManifestBook::adoptNewer(const SignedManifest& held, const SignedManifest& candidate) {
  table_.put(candidate->account, candidate.bytes());
  return {.order = ManifestOrder::kNewer, .added = missing(candidate, held), .retired = missing(held, candidate)};
}

bool ManifestBook::equivocates(const AccountId& account) {
  const auto row = table_.find(account);
  return row && row->other;
}

std::optional<ManifestBook::Equivocation> ManifestBook::equivocation(const AccountId& account) {
  const auto row = table_.find(account);
  if (!row || !row->other) return std::nullopt;
  return Equivocation{blake2b(row->signedManifest), blake2b(*row->other)};
}

Result<void> ManifestBook::settle(Transaction&, const AccountId& account, const Hash& hash) {
  const auto between = equivocation(account);
  if (!between || (hash != between->held && hash != between->other)) {
    return fail(Errc::kNotFound, "that is none of the two manifests to decide between");
  }
  if (hash == between->other) table_.put(account, *table_.find(account)->other);
  table_.setRejected(account, hash == between->held ? between->other : between->held);
  table_.setOther(account, std::nullopt);
  return {};
}

Result<ManifestDevice> ManifestBook::listed(const DeviceAddress& address) {
  const auto held = find(address.account);
  if (!held) return fail(Errc::kUnlistedDevice, "no manifest is held of that account");
  if (const auto* entry = (*held)->find(address.device)) return *entry;
  if ((*held)->isRetired(address.device)) return fail(Errc::kRetiredDevice, "the device was retired");
  return fail(Errc::kUnlistedDevice, "the newest manifest does not list the device");
}

Result<ManifestDevice> ManifestBook::vouched(const DeviceAddress& address) {
  if (equivocates(address.account)) return fail(Errc::kEquivocation, "the account showed two device lists");
  return listed(address);
}

Result<SignedManifest> ManifestBook::reissue(Transaction& transaction, const OwnDevice& self, Manifest manifest) {
  if (self.accountKey() == nullptr) return fail(Errc::kNotAllowed, "only the primary device signs the device list");
  if (manifest.account != self.address().account) throw std::logic_error("a manifest of another account to sign");
  const auto held = ref(manifest.account);
  const WallTime now = clock_.now();  // once: a version below the time of issue is malformed
  manifest.version = nextManifestVersion(std::max(held.version, manifest.version), now);
  manifest.issuedAt = issueTime(now);
  manifest.previousHash = held.hash;
  auto next = SignedManifest::sign(manifest, *self.accountKey());
  if (!next) return next;
  if (adopt(transaction, *next).order != ManifestOrder::kNewer) {
    return fail(Errc::kUnretires, "a retired device cannot come back");
  }
  return next;
}

}  // namespace waxwing
