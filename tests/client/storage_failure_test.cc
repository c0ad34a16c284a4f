#include <chrono>
#include <optional>

#include "client/client_thread.h"
#include "client/profile.h"
#include "tests/client/client_fixture.h"
#include "tests/client/loopback_relay.h"
#include "tests/store/failing_disk.h"

namespace waxwing::testing {
namespace {

using namespace std::chrono_literals;
using Fault = FailingDisk::Fault;

// Bob's disk can fail, Alice's cannot. Whatever happens, nothing is printed.
class StorageFailureTest : public ClientTest {
 protected:
  StorageFailureTest() {
    ::testing::internal::CaptureStderr();
    relay_ = server_.address();
    EXPECT_TRUE(createProfile(bobsDatabase(), relay_, token_, systemClock(), systemRandom()).has_value());
    openBob();
    bobId_ = addBob();
    alice_->goOnline();
    EXPECT_EQ(alice_->waitUntilSettled(1min).value(), Client::Settled::kYes) << "her invite is known";
    bob_->call([](Core& core) { core.goOnline(); });
    happenings_.waitUntil([&] { return !alice_->contacts().value().empty(); });
    EXPECT_TRUE(alice_->acceptContact(bobId_, "Bob").has_value());
    happenings_.waitUntil([&] { return contactOfBob().state == ContactState::kAccepted; });
  }
  ~StorageFailureTest() override {
    alice_ = nullptr;
    bob_ = nullptr;
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  }

  Database::Options bobsDatabase() const {
    return {.path = directory_ / "bob", .key = key_, .vfs = FailingDisk::vfs()};
  }
  void openBob() {
    const auto onEvent = [this](const Event& event) {
      if (const auto* failed = std::get_if<event::Failed>(&event)) failed_ = failed->cause.code;
      happenings_.note();
    };
    bob_ = ClientThread::start([this] { return openProfile(bobsDatabase()); }, {nullptr, onEvent}).value();
  }
  template <typename Use>
  auto asBob(Use use) {
    return bob_->call([&](Core& core) { return core.perform(use); });
  }
  AccountId addBob() {
    const auto invite = Invite::parse(alice_->createInvite().value()).value();
    EXPECT_TRUE(asBob([&](Outbox& outbox) { return outbox.addContact("Alice", invite); }).has_value());
    return asBob([](Outbox& outbox) { return outbox.self().account; }).value();
  }
  Contact contactOfBob() {
    return asBob([](Outbox& outbox) { return outbox.findContact("Alice"); }).value().value();
  }
  Result<MessageId> sendAsBob() {
    return asBob([&](Outbox& outbox) { return outbox.send(alice_->self().account, "from bob"); });
  }
  std::string newestAtBob() {
    const auto items = asBob([&](Outbox& outbox) { return outbox.messages(alice_->self().account, {}); }).value();
    return items.empty() ? "" : items.back().text;
  }
  void expectTheEnd() {
    EXPECT_EQ(sendAsBob().error().code, Errc::kMustReopen);
    EXPECT_EQ(bob_->waitUntilSettled(1min).error().code, Errc::kMustReopen);
    EXPECT_EQ(bob_->call([](Core& core) { return core.linkState(); }).kind, LinkState::Kind::kOffline);
  }
  // A healed disk alone changes nothing; opened anew, everything works.
  void expectWorkAfterReopening() {
    disk_.heal();
    expectTheEnd();
    bob_ = nullptr;
    openBob();
    bob_->call([](Core& core) { core.goOnline(); });
    EXPECT_TRUE(alice_->send(bobId_, "afterwards").has_value());
    happenings_.waitUntil([&] { return newestAtBob() == "afterwards"; });
    EXPECT_TRUE(sendAsBob().has_value());
    EXPECT_EQ(bob_->waitUntilSettled(1min).value(), Core::Settled::kYes);
  }

  FailingDisk disk_;
  LoopbackRelay server_{directory_.path()};
  std::unique_ptr<Client> alice_ = [this] {
    relay_ = server_.address();
    return create("alice");
  }();
  std::unique_ptr<ClientThread> bob_;
  AccountId bobId_;
  std::atomic<std::optional<Errc>> failed_;
};

TEST_F(StorageFailureTest, OfACallIsItsAnswer) {
  disk_.fail(Fault::kSync);
  EXPECT_EQ(sendAsBob().error().code, Errc::kStoreFailed);
  happenings_.waitUntil([&] { return failed_.load().has_value(); });
  EXPECT_EQ(*failed_.load(), Errc::kStoreFailed);
  expectTheEnd();
  expectWorkAfterReopening();
}

TEST_F(StorageFailureTest, InTheBackgroundIsToldAsAnEvent) {
  disk_.fail(Fault::kWrite);
  ASSERT_TRUE(alice_->send(bobId_, "which cannot be stored").has_value());
  happenings_.waitUntil([&] { return failed_.load().has_value(); });
  EXPECT_EQ(*failed_.load(), Errc::kStoreFailed);
  expectTheEnd();
  expectWorkAfterReopening();
}

TEST_F(StorageFailureTest, ADiskThatIsFullInTheBackgroundEndsTheWorkToo) {
  disk_.fail(Fault::kFull);
  ASSERT_TRUE(alice_->send(bobId_, "for which there is no room").has_value());
  happenings_.waitUntil([&] { return failed_.load().has_value(); });
  EXPECT_EQ(*failed_.load(), Errc::kStoreFull);
  expectTheEnd();
  expectWorkAfterReopening();
}

}  // namespace
}  // namespace waxwing::testing
