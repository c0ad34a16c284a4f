#pragma once

#include <array>

#include "rpc/relay/observer.h"

namespace waxwing::relay {

// Tells the log. The store's troubles are errors; traffic is counted, and shown at level debug only.
class LogObserver final : public RelayObserver {
 public:
  void count(Event event, std::uint64_t times) override;
  void committed(std::size_t operations, std::chrono::microseconds took) override;
  void limitExceeded(std::string_view limit) override;
  void storeFailed(Errc code) override;
  void readFailed(Errc code) override;
  void storeReopened() override;

  // One line with what was counted since the start.
  void summarise() const;

 private:
  std::uint64_t of(Event event) const { return counts_[static_cast<std::size_t>(event)]; }

  std::array<std::uint64_t, kEvents> counts_{};
  std::uint64_t commits_ = 0;
};

}  // namespace waxwing::relay
