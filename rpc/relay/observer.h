#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "crypto/error.h"

namespace waxwing::relay {

// What a relay tells its operator: counts and events without account ids, device ids or addresses of peers. Called from
// the event loop; must not block and must not throw.
class RelayObserver {
 public:
  enum class Event {
    kConnected,
    kDisconnected,
    kRegistered,
    kRegistrationRefused,
    kLoggedIn,
    kLoginRefused,
    kTakenOver,  // a link was replaced by a newer login of its device
    kRetired,    // a link was cut because its device was retired
    kEnvelopeAccepted,
    kEnvelopeRefused,  // mailbox full, or no such device
    kBatchDenied,
    kBatchStale,
    kDelivered,  // envelopes taken over by a sink
    kBusy,       // calls answered `busy`
    kSetAside,   // an envelope that its device never got past left the queue
  };

  static constexpr std::size_t kEvents = static_cast<std::size_t>(Event::kSetAside) + 1;

  virtual ~RelayObserver() = default;

  virtual void count(Event event, std::uint64_t times) = 0;
  // One transaction of the store: how many operations it held, and how long from its start to its answer.
  virtual void committed(std::size_t operations, std::chrono::microseconds took) = 0;
  // A call went beyond a limit; `limit` names it.
  virtual void limitExceeded(std::string_view limit) = 0;
  virtual void storeFailed(Errc code) = 0;
  // One read failed, and was answered busy; the store stays open for all others.
  virtual void readFailed(Errc code) = 0;
  virtual void storeReopened() = 0;
};

// Observes nothing.
class NullObserver final : public RelayObserver {
 public:
  void count(Event, std::uint64_t) override {}
  void committed(std::size_t, std::chrono::microseconds) override {}
  void limitExceeded(std::string_view) override {}
  void storeFailed(Errc) override {}
  void readFailed(Errc) override {}
  void storeReopened() override {}
};

}  // namespace waxwing::relay
