#include "rpc/relay/commit_queue.h"
#include "tests/rpc/relay_fixture.h"
#include "tests/store/failing_disk.h"

namespace waxwing::testing {
namespace {

// Alice and Carol are registered and logged in at a relay whose disk may fail.
class RelayDiskTest : public RelayTest {
 protected:
  ~RelayDiskTest() noexcept override = default;
  void SetUp() override {
    RelayTest::SetUp();
    vfs = FailingDisk::vfs();
    options.pageBytesInFlight = 200'000;
    alicesEnd_ = &connect();
    alices_ = comeIn(*alicesEnd_, alice_);
    sender_ = &connect();
    carols_ = comeIn(connect(), carol_);
  }
  wire::Mailbox::Client comeIn(TestClient& client, const TestAccount& account) {
    EXPECT_EQ(registerAccount(client, account), wire::RegisterOutcome::OK);
    auto mailbox = mailboxOf(client, account);
    setContactKey(mailbox, aliceKey_);
    return mailbox;
  }
  bool write(const TestAccount& account, std::size_t bytes = 300) {
    return submit(recipient(*sender_, account.id(), aliceKey_), account, 1, bytes).isItems();
  }
  // Until the store was opened anew.
  void healTheDisk() {
    disk_.heal();
    loop_.runFor(2 * (relay::CommitQueue::kReopenAfter / kj::MILLISECONDS) * std::chrono::milliseconds(1));
    ASSERT_EQ(observer_.storeReopenings, 1u);
  }

  FailingDisk disk_;
  TestAccount carol_{random_, kName};
  TestClient* alicesEnd_ = nullptr;
  TestClient* sender_ = nullptr;
  wire::Mailbox::Client alices_{nullptr};
  wire::Mailbox::Client carols_{nullptr};
};

// Carol's page, which she does not take, keeps Alice's from being read until the disk has failed.
TEST_F(RelayDiskTest, WhoHasNotCaughtUpIsNotLeftWaiting) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(write(alice_, 100'000));
    ASSERT_TRUE(write(carol_, 100'000));
  }
  Delivered stuck;
  attach(loop_.waitScope(), carols_, kj::heap<TestSink>(stuck, TestSink::Answering::kNever));
  settle();
  Delivered seen;
  attach(alices_, seen);
  settle();
  ASSERT_TRUE(seen.numbers.empty());

  disk_.fail(FailingDisk::Fault::kWrite);
  EXPECT_FALSE(write(alice_));
  carols_ = nullptr;
  hangUp(2);
  settle();
  EXPECT_TRUE(alicesEnd_->disconnected(loop_.waitScope()));

  healTheDisk();
  attach(mailboxOf(connect(), alice_), seen);
  settle();
  EXPECT_EQ(seen.numbers, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(RelayDiskTest, WhoHasCaughtUpStaysAndIsWokenOnceTheDiskIsWell) {
  Delivered seen;
  attach(alices_, seen);
  settle();
  ASSERT_EQ(seen.fences, 1);
  disk_.fail(FailingDisk::Fault::kWrite);
  EXPECT_FALSE(write(alice_));
  healTheDisk();
  EXPECT_TRUE(write(alice_));
  settle();
  EXPECT_EQ(seen.numbers, (std::vector<std::uint64_t>{1}));
  EXPECT_FALSE(alicesEnd_->disconnected(loop_.waitScope()));
}

}  // namespace
}  // namespace waxwing::testing
