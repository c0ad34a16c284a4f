#include "rpc/relay/store_thread.h"

#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/vector.h>

#include <atomic>
#include <optional>
#include <thread>

#include "store/statement.h"

namespace waxwing::relay {
namespace {

// A store that only counts, and fails when told to.
class FakeStore final : public MailboxStore {
 public:
  struct Script {
    std::atomic<bool> fail = false;
    std::atomic<int> opened = 0;
    std::atomic<int> commits = 0;
    std::atomic<std::size_t> operations = 0;
    std::atomic<bool> otherThread = false;
    std::thread::id loop = std::this_thread::get_id();
  };
  explicit FakeStore(Script& script) : script_(script) { ++script_.opened; }

  std::vector<Outcome> commit(std::span<const Operation> operations) override {
    script_.otherThread = std::this_thread::get_id() != script_.loop;
    if (script_.fail) throw StoreFailure(Errc::kStoreFailed, "disk");
    ++script_.commits;
    script_.operations += operations.size();
    std::vector<Outcome> outcomes;
    for (const auto& operation : operations) {
      AcknowledgeOutcome outcome;
      if (std::get<Acknowledge>(operation).upTo % 2 == 1) outcome.verdict = AcknowledgeOutcome::Verdict::kReplaced;
      outcomes.emplace_back(outcome);
    }
    return outcomes;
  }
  std::vector<QueueItem> readPage(const DeviceAddress&, std::uint64_t, const PageLimits&) override { return {}; }
  std::vector<QueueItem> readSetAside(const DeviceAddress&, std::uint64_t, const PageLimits&) override { return {}; }
  std::optional<Position> findPosition(const DeviceAddress&) override {
    Position position;
    position.last = script_.operations;
    return position;
  }
  std::optional<HeldManifest> findManifest(const AccountId&) override {
    throw StoreFailure(Errc::kDamaged, "one page");
  }
  std::optional<DeviceRecord> findDevice(const DeviceAddress&) override { return {}; }
  std::optional<KeyStatus> findKeyStatus(const DeviceAddress&) override { return {}; }
  std::optional<KeyClass> findAccess(const AccountId&, const AccessKeyHash&) override { return {}; }
  std::vector<Bundle> readPublishedKeys(const AccountId&, std::span<const DeviceId>) override { return {}; }
  void checkpointIfDue() override {}

 private:
  Script& script_;
};

class ReadObserver final : public RelayObserver {
 public:
  void count(Event, std::uint64_t) override {}
  void committed(std::size_t, std::chrono::microseconds) override {}
  void limitExceeded(std::string_view) override {}
  void storeFailed(Errc) override {}
  void readFailed(Errc code) override { readFailures.push_back(code); }
  void storeReopened() override {}

  std::vector<Errc> readFailures;
};

class StoreThreadTest : public testing::Test {
 protected:
  StoreThreadTest() : io_(kj::setupAsyncIo()) {
    open_ = [this]() -> Result<std::unique_ptr<MailboxStore>> {
      if (script_.fail) return fail(Errc::kStoreFailed, "disk");
      return std::make_unique<FakeStore>(script_);
    };
    queue_ = std::make_unique<StoreThread>(open_, std::move(*open_()), io_.provider->getTimer(), observer_);
  }
  ~StoreThreadTest() noexcept override = default;

  kj::Promise<Result<AcknowledgeOutcome>> acknowledge(std::uint64_t upTo) {
    return queue_->commit(Acknowledge{{}, upTo});
  }

  kj::AsyncIoContext io_;
  FakeStore::Script script_;
  ReadObserver observer_;
  OpenStore open_;
  std::unique_ptr<StoreThread> queue_;
};

TEST_F(StoreThreadTest, AnswersEachOperationWithItsOwnOutcome) {
  kj::Vector<kj::Promise<void>> answers;
  int right = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    answers.add(acknowledge(i).then([i, &right](Result<AcknowledgeOutcome> outcome) {
      const bool odd = outcome.value().verdict == AcknowledgeOutcome::Verdict::kReplaced;
      right += odd == (i % 2 == 1);
    }));
    if (i % 100 == 99) kj::evalLast([] {}).wait(io_.waitScope);
  }
  kj::joinPromises(answers.releaseAsArray()).wait(io_.waitScope);
  EXPECT_EQ(right, 1000);
  EXPECT_EQ(script_.operations, 1000u);
  EXPECT_LE(script_.commits, 10) << "what one turn asks for is one commit";
  EXPECT_TRUE(script_.otherThread);
}

TEST_F(StoreThreadTest, ManyTurnsInSequence) {
  for (std::uint64_t i = 0; i < 200; ++i) EXPECT_TRUE(acknowledge(i).wait(io_.waitScope).has_value());
  EXPECT_EQ(script_.operations, 200u);
}

TEST_F(StoreThreadTest, AReadSeesTheCommitsBeforeIt) {
  auto written = acknowledge(1);
  auto read = queue_->read([](MailboxStore& store) { return store.findPosition({})->last; });
  EXPECT_EQ(read.wait(io_.waitScope).value(), 1u);
  EXPECT_TRUE(written.wait(io_.waitScope).has_value());
}

TEST_F(StoreThreadTest, AFailedReadIsBusyAndToldAndLeavesTheStoreOpen) {
  auto read = queue_->read([](MailboxStore& store) { return store.findManifest({}); });
  EXPECT_EQ(read.wait(io_.waitScope).error().code, Errc::kBusy);
  EXPECT_EQ(observer_.readFailures, std::vector{Errc::kDamaged});
  EXPECT_TRUE(acknowledge(0).wait(io_.waitScope).has_value());
}

TEST_F(StoreThreadTest, AfterAFailureAllIsBusyUntilTheStoreWasOpenedAnew) {
  script_.fail = true;
  auto first = acknowledge(1);
  auto second = acknowledge(2);
  EXPECT_EQ(first.wait(io_.waitScope).error().code, Errc::kBusy);
  EXPECT_EQ(second.wait(io_.waitScope).error().code, Errc::kBusy);
  EXPECT_TRUE(queue_->failed());
  EXPECT_EQ(acknowledge(3).wait(io_.waitScope).error().code, Errc::kBusy);
  auto read = queue_->read([](MailboxStore& store) { return store.findPosition({}); });
  EXPECT_EQ(read.wait(io_.waitScope).error().code, Errc::kBusy);
  script_.fail = false;
  auto& timer = io_.provider->getTimer();
  while (queue_->failed()) timer.afterDelay(10 * kj::MILLISECONDS).wait(io_.waitScope);
  EXPECT_TRUE(acknowledge(4).wait(io_.waitScope).has_value());
  EXPECT_EQ(script_.opened, 2);
}

TEST_F(StoreThreadTest, EndsWithWorkOnItsWay) {
  kj::Vector<kj::Promise<void>> dropped;
  for (std::uint64_t i = 0; i < 100; ++i) {
    dropped.add(acknowledge(i).ignoreResult().eagerlyEvaluate([](kj::Exception&&) {}));
    if (i % 10 == 0) kj::evalLast([] {}).wait(io_.waitScope);
  }
  queue_.reset();
  EXPECT_LE(script_.operations, 100u);
}

}  // namespace
}  // namespace waxwing::relay
