#include "crypto/signal_primitives.h"

#include <array>
#include <limits>
#include <new>
#include <stdexcept>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

EVP_MAC* hmacAlgorithm() {
  static const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                                           &EVP_MAC_free);
  require(algorithm != nullptr, "OpenSSL has no HMAC");
  return algorithm.get();
}

}  // namespace

// One OpenSSL context, set up for SHA-256. Idle ones wait in their thread's pool, keyed with zeros.
struct HmacSha256::State {
  State() : context(EVP_MAC_CTX_new(hmacAlgorithm()), &EVP_MAC_CTX_free) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    if (context == nullptr) throw std::bad_alloc();
    require(EVP_MAC_CTX_set_params(context.get(), parameters) == 1, "OpenSSL has no HMAC-SHA256");
  }

  void start(ByteView key) {
    // OpenSSL takes a null key for "the key of last time".
    constexpr std::uint8_t kNothing[1] = {};
    const std::uint8_t* const data = key.empty() ? kNothing : key.data();
    require(EVP_MAC_init(context.get(), data, key.size(), nullptr) == 1, "HMAC-SHA256 cannot start");
    finished = false;
  }

  // Replaces the key inside OpenSSL, which wipes the old one.
  void forget() {
    constexpr std::array<std::uint8_t, 32> kZeros{};
    start(kZeros);
  }

  static std::vector<std::unique_ptr<State>>& pool() {
    thread_local std::vector<std::unique_ptr<State>> idle;
    return idle;
  }

  static std::unique_ptr<State> take() {
    if (pool().empty()) return std::make_unique<State>();
    auto state = std::move(pool().back());
    pool().pop_back();
    return state;
  }

  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context;
  bool finished = false;
};

HmacSha256::HmacSha256(ByteView key) : state_(State::take()) { state_->start(key); }

HmacSha256::~HmacSha256() {
  try {
    state_->forget();
    State::pool().push_back(std::move(state_));
  } catch (...) {
    // The context is then freed instead of kept, which wipes it as well.
  }
}

void HmacSha256::update(ByteView bytes) {
  if (state_->finished) throw std::logic_error("HmacSha256::update: already finished");
  require(EVP_MAC_update(state_->context.get(), bytes.data(), bytes.size()) == 1, "HMAC-SHA256 failed");
}

SecretArray<32> HmacSha256::finish() {
  if (state_->finished) throw std::logic_error("HmacSha256::finish: already finished");
  state_->finished = true;
  SecretArray<32> mac;
  std::size_t length = 0;
  const bool done = EVP_MAC_final(state_->context.get(), mac.span().data(), &length, mac.span().size()) == 1;
  require(done && length == mac.span().size(), "HMAC-SHA256 failed");
  return mac;
}

struct Sha512::State {
  crypto_hash_sha512_state context;
};

Sha512::Sha512() : state_(std::make_unique<State>()) {
  ensureSodium();
  crypto_hash_sha512_init(&state_->context);
}

Sha512::~Sha512() { sodium_memzero(&state_->context, sizeof state_->context); }

void Sha512::update(ByteView bytes) { crypto_hash_sha512_update(&state_->context, bytes.data(), bytes.size()); }

SecretArray<64> Sha512::finish() {
  SecretArray<64> digest;
  crypto_hash_sha512_final(&state_->context, digest.span().data());
  crypto_hash_sha512_init(&state_->context);
  return digest;
}

namespace {

constexpr std::size_t kAesKeySize = 32;
constexpr std::size_t kAesBlockSize = 16;

enum class Direction : int { kDecrypt = 0, kEncrypt = 1 };

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using CipherAlgorithm = std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)>;

const EVP_CIPHER* aesAlgorithm(AesMode mode) {
  static const CipherAlgorithm cbc(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr), &EVP_CIPHER_free);
  static const CipherAlgorithm ctr(EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr), &EVP_CIPHER_free);
  const CipherAlgorithm& algorithm = mode == AesMode::kCtr ? ctr : cbc;
  require(algorithm != nullptr, "OpenSSL has no AES-256");
  return algorithm.get();
}

CipherContext startAes(AesMode mode, Direction direction, ByteView key, ByteView iv) {
  CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  if (context == nullptr) throw std::bad_alloc();
  require(EVP_CipherInit_ex2(context.get(), aesAlgorithm(mode), key.data(), iv.data(), static_cast<int>(direction),
                             nullptr) == 1,
          "AES-256 cannot start");
  return context;
}

// nullopt only where decryption finds wrong padding or a broken last block.
std::optional<SecretBytes> runAes(EVP_CIPHER_CTX* context, ByteView input) {
  SecretBytes output(input.size() + kAesBlockSize);
  int written = 0;
  int last = 0;
  // OpenSSL reads from a null pointer's address even for no bytes.
  if (!input.empty()) {
    require(
        EVP_CipherUpdate(context, output.span().data(), &written, input.data(), static_cast<int>(input.size())) == 1,
        "AES-256 failed");
  }
  if (EVP_CipherFinal_ex(context, output.span().data() + written, &last) != 1) return std::nullopt;
  output.truncate(static_cast<std::size_t>(written + last));
  return output;
}

std::optional<Error> refuse(ByteView key, ByteView iv, ByteView input) {
  if (key.size() != kAesKeySize)
    return Error{Errc::kInvalidArgument, "an AES-256 key has 32 bytes; give one of that size"};
  if (iv.size() != kAesBlockSize) return Error{Errc::kInvalidArgument, "an AES IV has 16 bytes; give one of that size"};
  if (input.size() > std::numeric_limits<int>::max() - kAesBlockSize) {
    return Error{Errc::kTooLong, "AES takes less than 2 GiB at once; give it less"};
  }
  return std::nullopt;
}

}  // namespace

Result<SecretBytes> aesEncrypt(AesMode mode, ByteView key, ByteView iv, ByteView plaintext) {
  if (auto error = refuse(key, iv, plaintext)) return tl::unexpected(std::move(*error));
  const CipherContext context = startAes(mode, Direction::kEncrypt, key, iv);
  auto ciphertext = runAes(context.get(), plaintext);
  require(ciphertext.has_value(), "AES-256 failed");
  return std::move(*ciphertext);
}

Result<SecretBytes> aesDecrypt(AesMode mode, ByteView key, ByteView iv, ByteView ciphertext) {
  if (auto error = refuse(key, iv, ciphertext)) return tl::unexpected(std::move(*error));
  const CipherContext context = startAes(mode, Direction::kDecrypt, key, iv);
  auto plaintext = runAes(context.get(), ciphertext);
  if (!plaintext)
    return fail(Errc::kUndecryptable, "the ciphertext was altered or made with another key; it is dropped");
  return std::move(*plaintext);
}

}  // namespace waxwing
