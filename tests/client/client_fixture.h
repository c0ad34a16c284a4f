#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "client/waxwing.hpp"
#include "tests/support/temporary_directory.h"

namespace waxwing::testing {

// Lets a test wait for what happens on clients' threads.
class Happenings {
 public:
  void note() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // Asks anew after each happening.
  void waitUntil(const std::function<bool()>& condition) {
    for (std::uint64_t seen = 0; !condition();) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return count_ != seen; });
      seen = count_;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
};

// Clients in a directory of their own, on the real clock and network.
class ClientTest : public ::testing::Test {
 protected:
  Client::Options options(std::string_view name) {
    return {.database = directory_ / name, .databaseKey = key_, .onEvent = onEvent_, .restoreMarker = nullptr};
  }
  std::unique_ptr<Client> create(std::string_view name) {
    auto client = Client::create(options(name), relay_, token_);
    EXPECT_TRUE(client.has_value()) << client.error().message;
    return std::move(client.value());
  }
  std::unique_ptr<Client> open(std::string_view name) {
    auto client = Client::open(options(name));
    EXPECT_TRUE(client.has_value()) << client.error().message;
    return std::move(client.value());
  }
  // `from` adds `to` by an invite; neither has to be online.
  static AccountId introduce(Client& from, Client& to, std::string_view name) {
    return from.addContact(name, to.createInvite().value()).value();
  }

  // Nobody listens there.
  static RelayAddress nowhere() { return {"127.0.0.1", 1, {}}; }

  TemporaryDirectory directory_;
  Bytes key_ = Bytes(32, 7);
  RelayAddress relay_ = nowhere();
  std::string token_;
  Happenings happenings_;
  std::function<void(const Event&)> onEvent_ = [this](const Event&) { happenings_.note(); };
};

}  // namespace waxwing::testing
