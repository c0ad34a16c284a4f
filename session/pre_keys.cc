#include "session/pre_keys.h"

#include <stdexcept>

#include "crypto/limits.h"
#include "session/signal_context.h"

namespace waxwing {
namespace {

constexpr auto kKeptAfterReplacement = limits::kRetention + limits::kPrivateKeysKeptAfterRetention;

// What was published before and is remembered by senders alone had a counter of at most this clock's time, or of a time
// that it showed wrongly: by a year, say.
constexpr std::chrono::milliseconds kRestoredLead = std::chrono::hours(366 * 24);

// The next free id of a run that wraps; `isTaken` tells of ids still in use from its last turn.
template <typename IsTaken>
std::uint32_t takeId(std::uint32_t& next, IsTaken isTaken) {
  while (true) {
    const auto id = next;
    next = id == limits::kPreKeyIdMax ? 1 : id + 1;
    if (!isTaken(id)) return id;
  }
}

PreKeyTable::Key makeKey(std::uint32_t id, Random& random) {
  const auto pair = CurveKeyPair::generate(random);
  return {id, std::move(*SecretArray<32>::from(pair.secret())), pair.publicKey()};
}

// A clock that jumped must neither freeze a key for years nor start a storm: it is the distance that counts.
bool hasPassed(WallTime since, WallTime now, std::chrono::milliseconds span) {
  return std::chrono::abs(now - since) >= span;
}

}  // namespace

PreKeys::PreKeys(Database& db, const OwnDevice& self, const Clock& clock, Random& random)
    : self_(self), clock_(clock), random_(random), time_(db, clock), table_(db) {}

PreKeyTable::Publication PreKeys::firstPublication() {
  const auto start = [&] { return static_cast<std::uint32_t>(1 + random_.below(limits::kPreKeyIdMax)); };
  return {0, clock_.now(), start(), start(), start()};
}

std::optional<PreKeys::Publication> PreKeys::prepare(Transaction& transaction, Occasion occasion,
                                                     const RelayStatus& relay) {
  const auto now = clock_.now();
  auto held = table_.findPublication();
  const bool restored = occasion == Occasion::kRestored || !held;
  // Another counter than ours: a publication was lost on its way, or one of us was restored.
  const bool replaceAll =
      restored || relay.counter != held->counter || hasPassed(held->stockSince, now, limits::kOneTimeStockAge);
  const bool refill = replaceAll || relay.oneTimeKeys < limits::kOneTimeKeysRefillAt;
  const auto current = table_.findCurrentSigned();
  const bool rotation = restored || !current || hasPassed(current->createdAt, now, limits::kKeyRotation);
  if (!refill && !rotation) return std::nullopt;
  const WallTime destroyAt = time_.advance(transaction) + kKeptAfterReplacement;

  // After a restore the lost copy may have used the ids that come next: begin elsewhere.
  const auto before = held ? held->counter : 0;
  const auto lead = occasion == Occasion::kRestored ? kRestoredLead : std::chrono::milliseconds(0);
  auto publication = restored ? firstPublication() : *held;
  publication.counter = std::max({before + 1, issueTime(now + lead), relay.counter + 1});
  if (replaceAll) {
    table_.replaceOneTime(destroyAt);
    publication.stockSince = now;
  }
  if (rotation) rotate(publication, destroyAt);
  const auto stock = replaceAll ? 0 : std::min(relay.oneTimeKeys, limits::kOneTimeKeysPublished);
  auto oneTime = makeOneTime(publication, refill ? limits::kOneTimeKeysPublished - stock : 0);
  table_.putPublication(publication);
  return Publication{signCurrent(publication, now), std::move(oneTime), replaceAll, publication.counter};
}

void PreKeys::rotate(PreKeyTable::Publication& publication, WallTime destroyAt) {
  table_.replaceSigned(destroyAt);
  table_.replaceSeal(destroyAt);
  PreKeyTable::SignedKey signedKey;
  const auto signedId = takeId(publication.nextSigned, [&](auto id) { return table_.findSigned(id).has_value(); });
  signedKey.key = makeKey(signedId, random_);
  const auto body = ByteWriter().u8(kCurveKeyType).raw(signedKey.key.publicKey.view()).take();
  signedKey.signature = SignalContext(random_).signXeddsaRaw(self_.identitySecret(), body);
  signedKey.createdAt = clock_.now();
  table_.insertSigned(signedKey);
  const auto sealId = takeId(publication.nextSeal, [&](auto id) { return table_.findSeal(id).has_value(); });
  table_.insertSeal(makeKey(sealId, random_));
}

std::vector<OneTimeKey> PreKeys::makeOneTime(PreKeyTable::Publication& publication, std::uint32_t count) {
  std::vector<OneTimeKey> published;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto id = takeId(publication.nextOneTime, [&](auto taken) { return table_.findOneTime(taken).has_value(); });
    const auto key = makeKey(id, random_);
    table_.insertOneTime(key);
    published.push_back({key.id, key.publicKey});
  }
  return published;
}

Bytes PreKeys::signCurrent(const PreKeyTable::Publication& publication, WallTime now) {
  const auto signedKey = table_.findCurrentSigned();
  const auto sealKey = table_.findCurrentSeal();
  if (!signedKey || !sealKey) throw std::logic_error("there are no current keys to publish");
  PublishedKeys keys;
  keys.owner = self_.address();
  keys.counter = publication.counter;
  keys.createdAt = issueTime(now);
  keys.signedPreKeyId = signedKey->key.id;
  keys.signedPreKey = signedKey->key.publicKey;
  keys.signedPreKeySignature = signedKey->signature;
  keys.sealKeys.push_back({SealSuite::kXChaCha, sealKey->id, sealKey->publicKey});
  const auto signedKeys = SignedKeys::sign(keys, self_.signingKey());
  if (!signedKeys) throw std::logic_error("our own published keys are refused");
  return toBytes(signedKeys->bytes());
}

WallTime PreKeys::nextDue() {
  const auto current = table_.findCurrentSigned();
  const auto now = clock_.now();
  if (!current || hasPassed(current->createdAt, now, limits::kKeyRotation)) return now;
  return current->createdAt + limits::kKeyRotation;
}

std::optional<CurveKeyPair> PreKeys::findSealKey(std::uint32_t id) {
  const auto key = table_.findSeal(id);
  if (!key) return std::nullopt;
  return CurveKeyPair::fromStored(key->secret.view(), key->publicKey);
}

void PreKeys::destroyExpired(Transaction& transaction) {
  const auto now = time_.advance(transaction);
  table_.destroyExpired(now, now - kKeptAfterReplacement);
}

}  // namespace waxwing
