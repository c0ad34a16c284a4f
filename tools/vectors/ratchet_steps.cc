#include "tools/vectors/ratchet_steps.h"

#include <signal/hkdf.h>
#include <signal/ratchet.h>
#include <signal/session_state.h>

#include "crypto/curve.h"
#include "session/signal_context.h"
#include "tools/vectors/scripted_random.h"

namespace waxwing::vectors {
namespace {

constexpr int kMessageVersion = 3;

SignalRef<hkdf_context> newHkdf(const SignalContext& signal) {
  SignalRef<hkdf_context> hkdf;
  requireSignal(hkdf_create(hkdf.out(), kMessageVersion, signal.get()));
  return hkdf;
}

template <typename Key, auto Get>
SecretArray<32> bytesOfKey(Key* key) {
  SignalBuffer buffer;
  requireSignal(Get(key, buffer.out()));
  auto bytes = SecretArray<32>::from(view(buffer));
  if (!bytes) throw std::logic_error("libsignal-protocol-c: a key of another size");
  return std::move(*bytes);
}

SecretArray<32> chainKeyBytes(const ratchet_chain_key* key) {
  return bytesOfKey<const ratchet_chain_key, ratchet_chain_key_get_key>(key);
}
SecretArray<32> rootKeyBytes(ratchet_root_key* key) {
  return bytesOfKey<ratchet_root_key, ratchet_root_key_get_key>(key);
}

SignalRef<ec_key_pair> pairOf(const SecretBytes& secret) {
  return toSignalPair(CurveKeyPair::fromSecret(secret.view()).publicKey(), secret.view());
}

SignalRef<ratchet_identity_key_pair> identityOf(const SecretBytes& secret) {
  const auto publicKey = toSignal(CurveKeyPair::fromSecret(secret.view()).publicKey());
  const auto privateKey = toSignalPrivate(secret.view());
  SignalRef<ratchet_identity_key_pair> pair;
  requireSignal(ratchet_identity_key_pair_create(pair.out(), publicKey.get(), privateKey.get()));
  return pair;
}

SignalRef<session_state> newState(const SignalContext& signal) {
  SignalRef<session_state> state;
  requireSignal(session_state_create(state.out(), signal.get()));
  return state;
}

Beginning beginningOf(session_state* state, const ratchet_chain_key* receiver) {
  Beginning beginning;
  beginning.rootKey = rootKeyBytes(session_state_get_root_key(state));
  beginning.senderChainKey = chainKeyBytes(session_state_get_sender_chain_key(state));
  if (receiver != nullptr) beginning.receiverChainKey = chainKeyBytes(receiver);
  beginning.senderRatchetKey = fromSignal(session_state_get_sender_ratchet_key(state));
  return beginning;
}

}  // namespace

ChainStep chainStep(ByteView chainKey, std::uint32_t index) {
  const SignalContext signal(systemRandom());  // which a chain never asks
  const auto hkdf = newHkdf(signal);
  SignalRef<ratchet_chain_key> chain, next;
  requireSignal(
      ratchet_chain_key_create(chain.out(), hkdf.get(), chainKey.data(), chainKey.size(), index, signal.get()));
  ratchet_message_keys keys{};
  requireSignal(ratchet_chain_key_get_message_keys(chain.get(), &keys));
  requireSignal(ratchet_chain_key_create_next(chain.get(), next.out()));
  ChainStep step{*SecretArray<32>::from(keys.cipher_key), *SecretArray<32>::from(keys.mac_key),
                 *SecretArray<16>::from(keys.iv), chainKeyBytes(next.get())};
  if (keys.counter != index || ratchet_chain_key_get_index(next.get()) != index + 1) {
    throw std::logic_error("libsignal-protocol-c: a chain counts otherwise");
  }
  return step;
}

std::optional<RootStep> rootStep(ByteView rootKey, ByteView ourSecret, const CurveKey& theirKey) {
  const SignalContext signal(systemRandom());  // which a step never asks
  const auto hkdf = newHkdf(signal);
  SignalRef<ratchet_root_key> root, next;
  SignalRef<ratchet_chain_key> chain;
  requireSignal(ratchet_root_key_create(root.out(), hkdf.get(), rootKey.data(), rootKey.size(), signal.get()));
  const auto their = toSignal(theirKey);
  const auto our = toSignalPrivate(ourSecret);
  if (ratchet_root_key_create_chain(root.get(), next.out(), chain.out(), their.get(), our.get()) < 0)
    return std::nullopt;
  return RootStep{rootKeyBytes(next.get()), chainKeyBytes(chain.get())};
}

std::optional<Beginning> agreeAsAlice(const OpeningKeys& keys, Bytes ratchetSecret) {
  ScriptedRandom random(std::move(ratchetSecret));
  const SignalContext signal(random);
  const auto identity = identityOf(keys.ourIdentity);
  const auto base = pairOf(keys.ourBase);
  const auto theirIdentity = toSignal(keys.theirIdentity);
  const auto theirSigned = toSignal(keys.theirSignedPreKey);
  const auto theirOneTime = keys.theirOneTimeKey ? toSignal(*keys.theirOneTimeKey) : SignalRef<ec_public_key>();
  SignalRef<alice_signal_protocol_parameters> parameters;
  requireSignal(alice_signal_protocol_parameters_create(parameters.out(), identity.get(), base.get(),
                                                        theirIdentity.get(), theirSigned.get(), theirOneTime.get(),
                                                        theirSigned.get()));
  const auto state = newState(signal);
  if (ratcheting_session_alice_initialize(state.get(), parameters.get(), signal.get()) < 0) return std::nullopt;
  if (!random.finish()) return std::nullopt;
  return beginningOf(state.get(), session_state_get_receiver_chain_key(state.get(), theirSigned.get()));
}

std::optional<Beginning> agreeAsBob(const AgreementKeys& keys) {
  ScriptedRandom random;
  const SignalContext signal(random);
  const auto identity = identityOf(keys.ourIdentity);
  const auto signedPreKey = pairOf(keys.ourSignedPreKey);
  const auto oneTime = keys.ourOneTimeKey ? pairOf(*keys.ourOneTimeKey) : SignalRef<ec_key_pair>();
  const auto theirIdentity = toSignal(keys.theirIdentity);
  const auto theirBase = toSignal(keys.theirBase);
  SignalRef<bob_signal_protocol_parameters> parameters;
  requireSignal(bob_signal_protocol_parameters_create(parameters.out(), identity.get(), signedPreKey.get(),
                                                      oneTime.get(), signedPreKey.get(), theirIdentity.get(),
                                                      theirBase.get()));
  const auto state = newState(signal);
  if (ratcheting_session_bob_initialize(state.get(), parameters.get(), signal.get()) < 0) return std::nullopt;
  return beginningOf(state.get(), nullptr);
}

}  // namespace waxwing::vectors
