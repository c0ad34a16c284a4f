#include "tests/crypto/edwards_points.h"

#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <sodium.h>

namespace waxwing::testing {
namespace {

// Arithmetic modulo p, written apart from the code under test.
class Field {
 public:
  using Element = std::shared_ptr<BIGNUM>;

  Field() : context_(BN_CTX_new(), &BN_CTX_free), prime_(own(BN_new())) {
    BN_set_bit(prime_.get(), 255);
    BN_sub_word(prime_.get(), 19);
  }

  Element of(unsigned long value) {
    const Element element = own(BN_new());
    BN_set_word(element.get(), value);
    return element;
  }
  Element of(ByteView littleEndian) {
    return own(BN_lebin2bn(littleEndian.data(), static_cast<int>(littleEndian.size()), nullptr));
  }
  Element add(const Element& a, const Element& b) { return apply(BN_mod_add, a, b); }
  Element subtract(const Element& a, const Element& b) { return apply(BN_mod_sub, a, b); }
  Element multiply(const Element& a, const Element& b) { return apply(BN_mod_mul, a, b); }
  Element invert(const Element& a) { return own(BN_mod_inverse(nullptr, a.get(), prime_.get(), context_.get())); }
  int legendre(const Element& a) { return BN_kronecker(a.get(), prime_.get(), context_.get()); }

 private:
  static Element own(BIGNUM* number) {
    if (number == nullptr) throw std::runtime_error("BIGNUM failed");
    return {number, &BN_free};
  }
  template <typename Operation>
  Element apply(Operation operation, const Element& a, const Element& b) {
    const Element result = own(BN_new());
    if (operation(result.get(), a.get(), b.get(), prime_.get(), context_.get()) != 1) {
      throw std::runtime_error("BIGNUM failed");
    }
    return result;
  }

  std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context_;
  Element prime_;
};

}  // namespace

SigningKey sumOf(const SigningKey& a, const SigningKey& b) {
  SigningKey sum;
  if (crypto_core_ed25519_add(sum.bytes.data(), a.bytes.data(), b.bytes.data()) != 0) {
    throw std::invalid_argument("not on the curve");
  }
  return sum;
}

CurveKey montgomeryOf(const SigningKey& point) {
  Field field;
  SigningKey unsignedPoint = point;
  unsignedPoint.bytes.back() &= 0x7f;
  const auto y = field.of(unsignedPoint.view());
  const auto one = field.of(1);
  const auto u = field.multiply(field.add(one, y), field.invert(field.subtract(one, y)));
  CurveKey key;
  BN_bn2lebinpad(u.get(), key.bytes.data(), static_cast<int>(key.bytes.size()));
  return key;
}

Side sideOf(const CurveKey& key) {
  // v² = u³ + 486662 u² + u has a solution on the curve only.
  Field field;
  const auto u = field.of(key.view());
  const auto inner = field.add(field.multiply(field.add(u, field.of(486662)), u), field.of(1));
  return field.legendre(field.multiply(inner, u)) >= 0 ? Side::kCurve : Side::kTwist;
}

}  // namespace waxwing::testing
