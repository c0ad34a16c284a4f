#include "tools/vectors/party.h"

#include "crypto/limits.h"
#include "session/device_keys.h"
#include "session/signal_context.h"
#include "store/client/session_table.h"

namespace waxwing::vectors {
namespace {

constexpr WallTime kNow{1'800'000'000'000};
constexpr std::uint64_t kUnboundSeed = 7;

// An id that is free.
PreKeyTable::Key keyIn(Case& c, const char* id, const char* secret, auto isTaken) {
  const auto number = c.number32(id);
  c.require(id, number > 0 && number <= limits::kPreKeyIdMax && !isTaken(number), kMalformed);
  const auto pair = CurveKeyPair::fromSecret(c.curveSecret(secret));
  return {number, std::move(*SecretArray<32>::from(pair.secret())), pair.publicKey()};
}

}  // namespace

Party::Party(const Secrets& secrets, Whose whose)
    : clock_(kNow),
      unbound_(kUnboundSeed),
      transaction_(scratchDatabase(whose), CommitPoint::kPrepare),
      self_(keep(secrets)),
      manifests_(db(), clock_),
      preKeys_(db(), self_, clock_, unbound_),
      anchors_(db(), clock_, unbound_),
      ratchet_(db(), self_, manifests_, preKeys_, anchors_, clock_, random_) {}

OwnDevice Party::keep(const Secrets& secrets) {
  const auto account = SigningKeyPair::fromSeed(secrets.accountSeed.view());
  identity_.address = {AccountId::fromTrusted(account.publicKey().view()), secrets.device};
  identity_.registrationId = secrets.registrationId;
  identity_.identitySecret = std::move(*SecretArray<32>::from(secrets.identitySecret.view()));
  identity_.signingSeed = SigningKeyPair::generate(unbound_).seed();
  identity_.accountSeed = account.seed();
  IdentityTable(db()).insert(identity_);
  return *OwnDevice::load(db());
}

void Party::addSignedPreKey(Case& c, const char* id, const char* secret) {
  const auto isTaken = [this](std::uint32_t number) { return preKeys_.table().findSigned(number).has_value(); };
  preKeys_.table().insertSigned({keyIn(c, id, secret, isTaken), Signature{}, kNow});
}

void Party::addOneTimeKey(Case& c, const char* id, const char* secret) {
  const auto isTaken = [this](std::uint32_t number) { return preKeys_.table().findOneTime(number).has_value(); };
  preKeys_.table().insertOneTime(keyIn(c, id, secret, isTaken));
}

void Party::addSealKey(Case& c, const char* id, const char* secret) {
  const auto isTaken = [this](std::uint32_t number) { return findSealKey(number).has_value(); };
  preKeys_.table().insertSeal(keyIn(c, id, secret, isTaken));
}

SignedManifest Party::manifest() {
  Manifest manifest;
  manifest.account = address().account;
  manifest.version = manifest.issuedAt = 1;
  manifest.primary = address().device;
  manifest.relay = *RelayAddress::parse("relay.example:4433");
  manifest.devices.push_back(manifestEntry(identity_, SignalContext(unbound_)));
  return SignedManifest::sign(manifest, *self_.accountKey()).value();
}

PreKeyBundle Party::bundle(Case& event, std::uint32_t signedId, std::uint32_t oneTimeId) {
  const auto current = signedId == 0 ? preKeys_.table().findCurrentSigned() : preKeys_.table().findSigned(signedId);
  event.require("signedPreKeyId", current.has_value(), waxwing::name(Errc::kUnknownPreKey));
  PublishedKeys keys;
  keys.owner = address();
  keys.counter = ++publications_;
  keys.signedPreKeyId = current->key.id;
  keys.signedPreKey = current->key.publicKey;
  const auto body = ByteWriter().u8(kCurveKeyType).raw(keys.signedPreKey.view()).take();
  keys.signedPreKeySignature = SignalContext(unbound_).signXeddsaRaw(self_.identitySecret(), body);
  keys.sealKeys.push_back({SealSuite::kXChaCha, 1, CurveKeyPair::generate(unbound_).publicKey()});
  PreKeyBundle bundle{address().device, toBytes(SignedKeys::sign(keys, self_.signingKey())->bytes()), std::nullopt};
  if (oneTimeId != 0) {
    const auto key = preKeys_.table().findOneTime(oneTimeId);
    event.require("oneTimeKeyId", key.has_value(), waxwing::name(Errc::kUnknownPreKey));
    bundle.oneTimeKey = OneTimeKey{key->id, key->publicKey};
  }
  return bundle;
}

std::optional<SessionValues> Party::session(const DeviceAddress& peer) {
  const auto record = SessionTable(db()).findRecord(peer);
  return record ? valuesOfSession(record->view()) : std::nullopt;
}

void Party::open(Case& event, const Party& peer, const PreKeyBundle& bundle) {
  random_.put(event.curveSecret("baseSecret"));
  random_.put(event.curveSecret("ratchetSecret"));
  event.accept("open", ratchet_.establish(transaction_, peer.address(), bundle));
  event.require("open", random_.finish(), kRandomness);
}

Party::Sent Party::send(Case& event, const Party& peer) {
  random_.put(event.hex("padding"));
  const auto content = event.hex("content");
  const auto made = event.accept("send", ratchet_.encrypt(transaction_, peer.address(), content));
  event.require("padding", random_.finish(), kRandomness);
  event.expectNumber("kind", static_cast<std::uint64_t>(made.kind));
  event.expect("message", made.ciphertext);
  return {made.kind, made.ciphertext, content};
}

SecretBytes Party::receive(Case& event, const Party& peer, const Sent& message) {
  if (event.has("ratchetSecret")) random_.repeat(event.curveSecret("ratchetSecret"));
  auto content = event.accept(
      "receive", ratchet_.decrypt(transaction_, peer.address(), message.kind, message.message, Ratchet::Effort::kFull));
  event.require("ratchetSecret", random_.finish(), kRandomness);
  return content;
}

}  // namespace waxwing::vectors
