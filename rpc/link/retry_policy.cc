#include "rpc/link/retry_policy.h"

#include <algorithm>

namespace waxwing {
namespace {

// A handshake that was cut or took too long says nothing about trust; every other end of one does.
bool isDistrust(const LinkFailure& failure) {
  return failure.phase == LinkPhase::kTls && failure.cause != Cause::kTimedOut && failure.cause != Cause::kDisconnected;
}

std::string sentence(const LinkFailure& failure) {
  if (failure.phase == LinkPhase::kResolve) return "the relay's name cannot be resolved";
  if (failure.phase == LinkPhase::kConnect) return "the relay cannot be reached";
  if (isDistrust(failure)) return "the relay's certificate is not the one that its address promises";
  switch (failure.cause) {
    case Cause::kTimedOut:
      return "the relay did not answer in time";
    case Cause::kDisconnected:
      return "the connection to the relay was lost";
    case Cause::kOverloaded:
      return "the relay is busy";
    case Cause::kUnimplemented:
      return "the relay speaks another version of the protocol";
    case Cause::kDraining:
      return "the relay is shutting down";
    case Cause::kMisbehaving:
      return "the relay sent something that it must not send";
    case Cause::kFailed:
      break;
  }
  return "the relay refused the call";
}

}  // namespace

Cause causeOf(const kj::Exception& exception) {
  switch (exception.getType()) {
    case kj::Exception::Type::DISCONNECTED:
      return Cause::kDisconnected;
    case kj::Exception::Type::OVERLOADED:
      return Cause::kOverloaded;
    case kj::Exception::Type::UNIMPLEMENTED:
      return Cause::kUnimplemented;
    case kj::Exception::Type::FAILED:
      break;
  }
  return Cause::kFailed;
}

Consequence consequenceOf(const LinkFailure& failure) {
  using Pace = Consequence::Pace;
  using Stop = LinkState::Stop;
  if (failure.phase == LinkPhase::kResolve || failure.phase == LinkPhase::kConnect) {
    return {Pace::kBackoff, Stop::kNone, Errc::kOffline};
  }
  if (isDistrust(failure)) return {Pace::kSlow, Stop::kRelayUntrusted, Errc::kRelayUntrusted};
  switch (failure.cause) {
    case Cause::kTimedOut:
      return {Pace::kBackoff, Stop::kNone, Errc::kTimedOut};
    case Cause::kOverloaded:
      return {Pace::kBackoff, Stop::kNone, Errc::kBusy};
    case Cause::kUnimplemented:
      if (failure.phase == LinkPhase::kLogin) return {Pace::kNever, Stop::kWrongVersion, Errc::kWrongRelayVersion};
      return {Pace::kBackoff, Stop::kNone, Errc::kWrongRelayVersion};
    case Cause::kDisconnected:
    case Cause::kDraining:
    case Cause::kMisbehaving:
    case Cause::kFailed:
      break;
  }
  return {Pace::kBackoff, Stop::kNone, Errc::kDisconnected};
}

Error errorOf(const LinkFailure& failure) { return {consequenceOf(failure).code, sentence(failure)}; }

limits::milliseconds Backoff::next() {
  const auto ceiling = ceiling_;
  ceiling_ = std::min(ceiling_ * 2, limits::kBackoffMost);
  return limits::milliseconds(random_.below(static_cast<std::uint64_t>(ceiling.count()) + 1));
}

}  // namespace waxwing
