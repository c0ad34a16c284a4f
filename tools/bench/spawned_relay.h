#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "session/relay_address.h"

namespace waxwing::bench {

// A waxwing-relay process over a directory of its own, which goes with the object.
class SpawnedRelay {
 public:
  // Throws std::runtime_error if it does not come up.
  explicit SpawnedRelay(const std::string& program);
  ~SpawnedRelay();
  SpawnedRelay(const SpawnedRelay&) = delete;
  SpawnedRelay& operator=(const SpawnedRelay&) = delete;

  const RelayAddress& address() const { return address_; }
  // Processor time of all its threads since it began: what noisy neighbours cannot add to.
  double cpuSeconds() const;

 private:
  std::filesystem::path directory_;
  pid_t pid_ = -1;
  RelayAddress address_;
};

}  // namespace waxwing::bench
