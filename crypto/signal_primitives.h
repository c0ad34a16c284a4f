#pragma once

#include <memory>

#include "crypto/bytes.h"
#include "crypto/error.h"
#include "crypto/secret.h"

// The primitives that libsignal-protocol-c asks its host for. session/ binds them to the library's callbacks;
// the vector tools call them directly, so that public vectors test what Waxwing really runs.
namespace waxwing {

// HMAC-SHA256 (RFC 2104) through OpenSSL, which uses SHA-NI. The context is reused by thread: 70 % of a ratchet step is
// this.
class HmacSha256 {
 public:
  explicit HmacSha256(ByteView key);
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;
  ~HmacSha256();

  void update(ByteView bytes);
  // Ends the computation; 32 secret bytes. May be called once.
  SecretArray<32> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// SHA-512 (FIPS 180-4) through libsodium. `finish` leaves the object ready for a new digest, as libsignal expects.
class Sha512 {
 public:
  Sha512();
  Sha512(const Sha512&) = delete;
  Sha512& operator=(const Sha512&) = delete;
  ~Sha512();

  void update(ByteView bytes);
  SecretArray<64> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class AesMode { kCbcPkcs5, kCtr };

// AES-256 (NIST SP 800-38A) through OpenSSL. Key 32 bytes, IV 16 bytes, else kInvalidArgument; CBC pads as PKCS #5,
// and decryption of wrong padding or length is kUndecryptable.
Result<SecretBytes> aesEncrypt(AesMode mode, ByteView key, ByteView iv, ByteView plaintext);
Result<SecretBytes> aesDecrypt(AesMode mode, ByteView key, ByteView iv, ByteView ciphertext);

}  // namespace waxwing
