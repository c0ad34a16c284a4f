#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "client/task_queue.h"
#include "crypto/certificate.h"
#include "session/relay_address.h"

namespace waxwing::testing {

// A whole relay on a thread of its own: TLS on a loopback port, a store on the disk. It keeps address, certificate and
// store when it is stopped and started again.
class LoopbackRelay {
 public:
  explicit LoopbackRelay(std::filesystem::path directory) : store_(std::move(directory) / "relay.db") { start(); }
  ~LoopbackRelay() { stop(); }
  LoopbackRelay(const LoopbackRelay&) = delete;
  LoopbackRelay& operator=(const LoopbackRelay&) = delete;

  void start();
  // Without draining: connections just end.
  void stop();
  const RelayAddress& address() const { return address_; }

 private:
  void run();
  void tellStarted();

  std::filesystem::path store_;
  Certificate certificate_ = *makeSelfSignedCertificate();
  RelayAddress address_{"127.0.0.1", 0, *certificateDer(certificate_.certificatePem)};
  std::unique_ptr<TaskQueue> stop_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  enum class State { kStopped, kStarted } state_ = State::kStopped;
};

}  // namespace waxwing::testing
