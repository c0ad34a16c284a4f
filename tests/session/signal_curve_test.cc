#include "session/signal_curve.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <signal/curve.h>

#include "crypto/curve.h"
#include "session/signal_handle.h"
#include "tests/support/vectors.h"
#include "tools/vectors/all_zero_points.h"

namespace waxwing::testing {
namespace {

using vectors::kAllZeroPoints;

constexpr auto kX25519Vectors = "wycheproof/x25519_test.json";

// What the library makes of it; empty if it refuses.
Bytes agreed(const CurveKey& theirs, ByteView secret) {
  const auto point = toSignal(theirs);
  const auto own = toSignalPrivate(secret);
  std::uint8_t* shared = nullptr;
  const int size = curve_calculate_agreement(&shared, point.get(), own.get());
  if (size < 0) return {};
  Bytes bytes(shared, shared + size);
  free(shared);
  return bytes;
}

// The function that ours stands before, found in the library's own file.
class LibraryCurve {
 public:
  using Multiply = int(std::uint8_t*, const std::uint8_t*, const std::uint8_t*);

  LibraryCurve() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&curve_calculate_agreement), &info) == 0) throw std::runtime_error("dladdr");
    library_ = dlopen(info.dli_fname, RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
  }
  ~LibraryCurve() { dlclose(library_); }
  LibraryCurve(const LibraryCurve&) = delete;
  LibraryCurve& operator=(const LibraryCurve&) = delete;

  Bytes product(ByteView secret, ByteView point) const {
    Bytes out(32);
    const auto multiply = reinterpret_cast<Multiply*>(dlsym(library_, "curve25519_donna"));
    multiply(out.data(), secret.data(), point.data());
    return out;
  }

 private:
  void* library_ = nullptr;
};

Bytes ownProduct(ByteView secret, ByteView point) {
  Bytes out(32);
  if (!multiplyX25519(std::span<std::uint8_t, 32>(out.data(), 32), secret, point)) return Bytes(32);
  return out;
}

TEST(SignalCurve, TheLibraryMultipliesWithLibsodium) { EXPECT_EQ(signalCurve(), SignalCurve::kSodium); }

// On every secret that Waxwing keeps, which is clamped (the library does not clamp), and on any point, with its high
// bit or without.
TEST(SignalCurve, BothImplementationsAgree) {
  const LibraryCurve library;
  SeededRandom random(25519);
  for (int i = 0; i < 200; ++i) {
    const auto pair = CurveKeyPair::generate(random);
    const Bytes point = toBytes(random.fixed<CurveKey>().view());
    EXPECT_EQ(ownProduct(pair.secret(), point), library.product(pair.secret(), point));
  }
}

// Hardening H2 once more, at the root: even past the key gate nothing is agreed on with a point of low order.
TEST(SignalCurve, PointsOfLowOrderAreRefused) {
  SeededRandom random(1);
  const auto pair = CurveKeyPair::generate(random);
  for (const auto hex : kAllZeroPoints) {
    EXPECT_TRUE(agreed(*CurveKey::from(unhex(hex)), pair.secret()).empty()) << hex;
  }
}

TEST(SignalCurve, Wycheproof) {
  WAXWING_SKIP_WITHOUT(kX25519Vectors);
  for (const auto& test : wycheproofTests(kX25519Vectors)) {
    const Bytes shared = unhex(test["shared"]);
    const bool isZero = shared == Bytes(32);
    EXPECT_EQ(agreed(*CurveKey::from(unhex(test["public"])), unhex(test["private"])), isZero ? Bytes() : shared)
        << test["tcId"];
  }
}

}  // namespace
}  // namespace waxwing::testing
