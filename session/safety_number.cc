#include "session/safety_number.h"

#include <signal/fingerprint.h>

#include "crypto/key_gate.h"
#include "crypto/ports.h"
#include "session/signal_context.h"

namespace waxwing {
namespace {

constexpr int kIterations = 5200;
constexpr int kVersion = 0;

using Generator = SignalOwned<fingerprint_generator, fingerprint_generator_free>;

}  // namespace

std::string safetyNumber(const AccountId& mine, const AccountId& theirs) {
  const SignalContext signal(systemRandom());  // which a fingerprint never asks
  const auto myKey = toSignal(toCurveKey(mine.key()));
  const auto theirKey = toSignal(toCurveKey(theirs.key()));
  Generator generator;
  requireSignal(fingerprint_generator_create(generator.out(), kIterations, kVersion, signal.get()));
  SignalRef<fingerprint> result;
  requireSignal(fingerprint_generator_create_for(generator.get(), mine.hex().c_str(), myKey.get(), theirs.hex().c_str(),
                                                 theirKey.get(), result.out()));
  return displayable_fingerprint_text(fingerprint_get_displayable(result.get()));
}

}  // namespace waxwing
