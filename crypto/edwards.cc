#include "crypto/edwards.h"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <sodium.h>

#include "crypto/sodium_ready.h"

namespace waxwing {
namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using NumberContext = std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)>;

// p = 2^255 - 19, little endian.
constexpr std::array<std::uint8_t, 32> kPrime = [] {
  std::array<std::uint8_t, 32> prime;
  prime.fill(0xff);
  prime.front() = 0xed;
  prime.back() = 0x7f;
  return prime;
}();

// L - 1, little endian, where L = 2^252 + 27742317777372353535851937790883648493 is the group's order (RFC 8032 §5.1).
constexpr std::array<std::uint8_t, 32> kOrderMinusOne{0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

constexpr std::uint8_t kSignBit = 0x80;

void require(bool done) {
  if (!done) throw std::bad_alloc();
}

Number newNumber() {
  Number number(BN_new(), &BN_free);
  require(number != nullptr);
  return number;
}

Number fromLittleEndian(ByteView bytes) {
  Number number(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr), &BN_free);
  require(number != nullptr);
  return number;
}

const BIGNUM* prime() {
  static const Number number = fromLittleEndian(kPrime);
  return number.get();
}

// Also false for any value with the high bit set.
bool isFieldElement(ByteView bytes) {
  return std::lexicographical_compare(bytes.rbegin(), bytes.rend(), kPrime.rbegin(), kPrime.rend());
}

SigningKey negated(SigningKey key) {
  key.bytes.back() ^= kSignBit;
  return key;
}

}  // namespace

std::optional<SigningKey> edwardsFromMontgomery(const CurveKey& key, XSign sign) {
  if (!isFieldElement(key.view())) return std::nullopt;
  const NumberContext context(BN_CTX_new(), &BN_CTX_free);
  require(context != nullptr);
  const Number u = fromLittleEndian(key.view());
  const Number above = newNumber();
  const Number below = newNumber();
  const Number y = newNumber();
  require(BN_mod_sub(above.get(), u.get(), BN_value_one(), prime(), context.get()) == 1);
  require(BN_mod_add(below.get(), u.get(), BN_value_one(), prime(), context.get()) == 1);
  if (BN_is_zero(below.get())) return std::nullopt;
  require(BN_mod_inverse(below.get(), below.get(), prime(), context.get()) != nullptr);
  require(BN_mod_mul(y.get(), above.get(), below.get(), prime(), context.get()) == 1);

  SigningKey point;
  require(BN_bn2lebinpad(y.get(), point.bytes.data(), static_cast<int>(point.bytes.size())) >= 0);
  if (sign == XSign::kOdd) point.bytes.back() |= kSignBit;
  return point;
}

bool isPrimeOrderPoint(const SigningKey& key) {
  ensureSodium();
  // crypto_core_ed25519_is_valid_point is not enough: up to 1.0.20 it lets a prime-order point plus the point of order
  // two pass (CVE-2025-69277), and the multiplication asks the same question anyway. [L - 1]P = -P says [L]P = 0 in
  // full, and says that the spelling is canonical, for the product's is.
  SigningKey product;
  if (crypto_scalarmult_ed25519_noclamp(product.bytes.data(), kOrderMinusOne.data(), key.bytes.data()) != 0) {
    return false;
  }
  return product == negated(key);
}

}  // namespace waxwing
