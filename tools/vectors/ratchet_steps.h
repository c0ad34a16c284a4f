#pragma once

#include <optional>

#include "crypto/ids.h"
#include "crypto/secret.h"

// The steps of X3DH and the Double Ratchet, one at a time, as libsignal-protocol-c takes them through our provider.
namespace waxwing::vectors {

struct ChainStep {
  SecretArray<32> cipherKey;
  SecretArray<32> macKey;
  SecretArray<16> iv;
  SecretArray<32> nextChainKey;
};
// The message keys of the chain's `index`-th message, and the next chain key.
ChainStep chainStep(ByteView chainKey, std::uint32_t index);

struct RootStep {
  SecretArray<32> rootKey;
  SecretArray<32> chainKey;
};
// A Diffie-Hellman step of the root key; nullopt if the library refuses the keys.
std::optional<RootStep> rootStep(ByteView rootKey, ByteView ourSecret, const CurveKey& theirKey);

// What each side computes with at the beginning.
struct OpeningKeys {
  SecretBytes ourIdentity;
  SecretBytes ourBase;
  CurveKey theirIdentity;
  CurveKey theirSignedPreKey;
  std::optional<CurveKey> theirOneTimeKey;
};
struct AgreementKeys {
  SecretBytes ourIdentity;
  SecretBytes ourSignedPreKey;
  std::optional<SecretBytes> ourOneTimeKey;
  CurveKey theirIdentity;
  CurveKey theirBase;
};

// A session's state right after its beginning. As Alice: her first sending chain, and the chain that Bob's signed
// pre-key stands for. As Bob: the root key before any step, and that chain as the sending one.
struct Beginning {
  SecretArray<32> rootKey;
  SecretArray<32> senderChainKey;
  SecretArray<32> receiverChainKey;  // zeros as Bob
  CurveKey senderRatchetKey;
};
// `ratchetSecret`: what Alice draws for her first sending chain.
std::optional<Beginning> agreeAsAlice(const OpeningKeys& keys, Bytes ratchetSecret);
std::optional<Beginning> agreeAsBob(const AgreementKeys& keys);

}  // namespace waxwing::vectors
