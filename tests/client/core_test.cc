#include "client/core.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <vector>

#include "client/profile.h"
#include "rpc/link/kj_time.h"
#include "tests/rpc/fake_relay.h"
#include "tests/support/temporary_directory.h"

namespace waxwing::testing {
namespace {

// A core on a loop whose time the test moves, beside a relay by script.
class CoreTest : public ::testing::Test {
 protected:
  CoreTest() : waitScope_(loop_), timer_(kj::origin<kj::TimePoint>()) {
    auto db = createProfile(databaseOptions("self"), relayAddress_, "token", clock_, random_);
    db_ = db->get();
    core_ = Core::open(std::move(*db), {.timer = timer_,
                                        .dialer = relay_,
                                        .clock = clock_,
                                        .random = random_,
                                        .onEvent = [this](const Event& event) { take(event); }})
                .value();
    settle();
  }
  ~CoreTest() noexcept override = default;

  Database::Options databaseOptions(std::string_view name) { return {.path = directory_ / name, .key = key_}; }
  AccountId addContact() {
    return core_->perform([this](Outbox& outbox) { return outbox.addContact("Bob", inviteOfAnother()); }).value();
  }
  Invite inviteOfAnother() {
    auto db = createProfile(databaseOptions("other"), relayAddress_, "", clock_, random_).value();
    auto outbox =
        Outbox::open(*db, {.clock = clock_, .random = random_, .restoreMarker = nullptr, .onEvent = {}}).value();
    return outbox->createInvite().value();
  }
  Result<MessageId> send(const AccountId& to) {
    return core_->perform([&to](Outbox& outbox) { return outbox.send(to, "hello"); });
  }
  void settle() { waitScope_.poll(); }
  void pass(limits::milliseconds span) {
    const kj::TimePoint until = timer_.now() + kjDuration(span);
    for (kj::TimePoint next = timer_.now(); next < until; settle()) {
      next = until;
      KJ_IF_MAYBE (due, timer_.nextEvent()) next = std::min(*due, until);
      clock_.advance(limits::milliseconds((next - timer_.now()) / kj::MILLISECONDS));
      timer_.advanceTo(next);
    }
  }
  // Fails every commit from the n-th on (1 is the next).
  void failCommits(Errc code, int fromCommit = 1) {
    db_->onCommitPoint([code, left = fromCommit](CommitPoint, CommitEdge edge) mutable {
      if (edge == CommitEdge::kBefore && --left <= 0) throw StoreFailure(code, "by script");
    });
  }
  void take(const Event& event) {
    if (const auto* failed = std::get_if<event::Failed>(&event)) failures_.push_back(failed->cause.code);
    onEvent_(event);
  }

  kj::EventLoop loop_;
  kj::WaitScope waitScope_;
  kj::TimerImpl timer_;
  ManualClock clock_{WallTime{1'700'000'000'000}};
  SeededRandom random_{5};
  TemporaryDirectory directory_;
  Bytes key_ = Bytes(32, 7);
  RelayAddress relayAddress_{"relay.example", 7077, {}};
  FakeRelay relay_;
  std::function<void(const Event&)> onEvent_ = [](const Event&) {};
  std::vector<Errc> failures_;
  Database* db_ = nullptr;
  std::unique_ptr<Core> core_;
};

TEST_F(CoreTest, AStorageFailureEndsTheWork) {
  const AccountId bob = addContact();
  core_->goOnline();
  settle();
  failCommits(Errc::kStoreFailed);
  EXPECT_EQ(send(bob).error().code, Errc::kStoreFailed);
  db_->onCommitPoint({});
  EXPECT_EQ(send(bob).error().code, Errc::kMustReopen);
  EXPECT_EQ(core_->linkState().kind, LinkState::Kind::kOffline);
  EXPECT_EQ(core_->untilSettled(limits::milliseconds(1)).wait(waitScope_).error().code, Errc::kMustReopen);
  EXPECT_EQ(failures_, (std::vector{Errc::kStoreFailed}));
}

TEST_F(CoreTest, AFullDiskIsForgivenWhenThereIsRoomAgain) {
  const AccountId bob = addContact();
  failCommits(Errc::kStoreFull);
  EXPECT_EQ(send(bob).error().code, Errc::kStoreFull);
  db_->onCommitPoint({});
  EXPECT_TRUE(send(bob).has_value());
}

TEST_F(CoreTest, AFailureInACallbackOfTheLinkIsEveryLaterCallsAnswer) {
  const AccountId bob = addContact();
  failCommits(Errc::kStoreFailed);
  core_->goOnline();
  pass(limits::kCallTimeout);
  EXPECT_EQ(send(bob).error().code, Errc::kMustReopen);
  EXPECT_EQ(core_->linkState().kind, LinkState::Kind::kOffline);
  EXPECT_EQ(failures_, (std::vector{Errc::kStoreFailed}));
}

TEST_F(CoreTest, AHandlerThatThrowsEndsTheWork) {
  ::testing::internal::CaptureStderr();
  onEvent_ = [](const Event&) { throw std::runtime_error("by the app"); };
  addContact();
  core_->goOnline();
  settle();
  EXPECT_EQ(core_->perform([](Outbox& outbox) { return outbox.contacts(); }).error().code, Errc::kMustReopen);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(CoreTest, AHandlerIsNeverCalledFromInsideACall) {
  enum class Place { kLoop, kCall } place = Place::kLoop;
  std::size_t events = 0;
  onEvent_ = [&](const Event&) {
    EXPECT_EQ(place, Place::kLoop);
    ++events;
    EXPECT_TRUE(core_->perform([](Outbox& outbox) { return outbox.contacts(); }).has_value());
  };
  place = Place::kCall;
  addContact();
  core_->goOnline();
  place = Place::kLoop;
  settle();
  EXPECT_GT(events, 0u);
}

TEST_F(CoreTest, SettlingTellsAnUnreachableRelayFromAStoppedLink) {
  relay_.dialFailures.assign(100, {LinkPhase::kConnect, Cause::kDisconnected});
  core_->goOnline();
  auto settled = core_->untilSettled(limits::milliseconds(std::chrono::minutes(1)));
  EXPECT_EQ(settled.wait(waitScope_).value(), Core::Settled::kUnreachable);
  core_->goOffline();
  relay_.dialFailures = {{LinkPhase::kTls, Cause::kFailed}};
  core_->goOnline();
  auto stopped = core_->untilSettled(limits::milliseconds(std::chrono::minutes(1)));
  EXPECT_EQ(stopped.wait(waitScope_).value(), Core::Settled::kStopped);
}

TEST_F(CoreTest, SettlingTimesOutWhereTheRelayKeepsSilent) {
  relay_.silent = {"describe"};
  core_->goOnline();
  auto settled = core_->untilSettled(limits::milliseconds(std::chrono::seconds(5)));
  EXPECT_FALSE(settled.poll(waitScope_));
  pass(std::chrono::seconds(5));
  EXPECT_EQ(settled.wait(waitScope_).value(), Core::Settled::kTimedOut);
}

// Whichever commit it is that fails while the link comes up, messages leave and answers come: the app is told, and
// nothing is printed.
class CoreFailureTest : public CoreTest, public ::testing::WithParamInterface<int> {};

TEST_P(CoreFailureTest, IsToldAsAnEventAndPrintedNowhere) {
  const AccountId bob = addContact();
  ASSERT_TRUE(send(bob).has_value());
  ::testing::internal::CaptureStderr();
  failCommits(Errc::kStoreFailed, GetParam());
  core_->goOnline();
  pass(limits::kCallTimeout);
  EXPECT_EQ(failures_, (std::vector{Errc::kStoreFailed}));
  EXPECT_EQ(send(bob).error().code, Errc::kMustReopen);
  core_ = nullptr;
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

INSTANTIATE_TEST_SUITE_P(OfEachCommit, CoreFailureTest, ::testing::Range(1, 7));

}  // namespace
}  // namespace waxwing::testing
