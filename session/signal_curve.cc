#include "session/signal_curve.h"

#include <signal/curve.h>

#include <atomic>
#include <stdexcept>

#include "crypto/curve.h"
#include "crypto/text.h"
#include "session/signal_handle.h"

namespace {

std::atomic<bool> reached = false;

}  // namespace

// The library's contract: 0, and the product of point and clamped secret in `product`; anything else is an invalid key.
extern "C" int curve25519_donna(std::uint8_t* product, const std::uint8_t* secret, const std::uint8_t* point) {
  using namespace waxwing;
  reached.store(true, std::memory_order_relaxed);
  return multiplyX25519(std::span<std::uint8_t, 32>(product, 32), {secret, 32}, {point, 32}) ? 0 : -1;
}

namespace waxwing {
namespace {

// RFC 7748 §6.1: Bob's secret, Alice's public key, what they share.
constexpr std::string_view kSecret = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
constexpr std::string_view kPublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
constexpr std::string_view kShared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

SignalCurve askLibrary() {
  const auto publicKey = toSignal(*CurveKey::from(*fromHex(kPublic)));
  const auto secret = toSignalPrivate(*fromHex(kSecret));
  reached = false;
  std::uint8_t* shared = nullptr;
  const int size = curve_calculate_agreement(&shared, publicKey.get(), secret.get());
  const bool good = size == 32 && toHex({shared, 32}) == kShared;
  free(shared);
  if (!good) throw std::logic_error("libsignal-protocol-c computes a wrong X25519 agreement");
  return reached ? SignalCurve::kSodium : SignalCurve::kLibrary;
}

}  // namespace

SignalCurve signalCurve() {
  static const SignalCurve curve = askLibrary();
  return curve;
}

}  // namespace waxwing
