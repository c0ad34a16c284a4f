#include "tests/store/relay/relay_fixture.h"

namespace waxwing::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Verdict = ManifestOutcome::Verdict;

class AccountsTest : public RelayStoreTest {
 protected:
  void SetUp() override { openWithAlice(); }

  DeviceRecord::State stateOf(int id) { return store_->findDevice({account(1), device(id)})->state; }
  DeviceAddress address(int id) { return {account(1), device(id)}; }
};

TEST_F(AccountsTest, ARegisteredAccountIsFoundAgain) {
  crash();
  const auto held = store_->findManifest(account(1));
  ASSERT_TRUE(held);
  EXPECT_EQ(held->version, 10u);
  EXPECT_EQ(held->hash, fixed<Hash>(10));
  EXPECT_EQ(held->bytes, manifest(10, {}).bytes);
  EXPECT_FALSE(store_->findManifest(account(2)));
  EXPECT_EQ(store_->findDevice(address(1))->signingKey, signingKey(1));
  EXPECT_EQ(stateOf(3), DeviceRecord::State::kUnlisted);
  EXPECT_FALSE(store_->findDevice({account(2), device(1)}));
}

TEST_F(AccountsTest, TheManifestRule) {
  EXPECT_EQ(run(Register{manifest(10, {1, 2})}).verdict, Verdict::kOk) << "the same again";
  EXPECT_EQ(run(Register{manifest(9, {1, 2})}).verdict, Verdict::kStale);
  auto other = manifest(10, {1});
  other.hash = fixed<Hash>(999);
  EXPECT_EQ(run(Register{other}).verdict, Verdict::kEquivocation);
  EXPECT_EQ(run(PublishManifest{alice_, manifest(11, {1, 2, 3})}).verdict, Verdict::kOk);
  EXPECT_EQ(stateOf(3), DeviceRecord::State::kListed);
  EXPECT_EQ(run(PublishManifest{alice_, manifest(12, {1}, {2, 3})}).verdict, Verdict::kOk);
  EXPECT_EQ(run(Register{manifest(13, {1, 2}, {3})}).verdict, Verdict::kUnretires);
  EXPECT_EQ(run(Register{manifest(13, {1}, {3})}).verdict, Verdict::kUnretires) << "forgets that 2 was retired";
  EXPECT_EQ(run(Register{manifest(13, {1, 2}, {2, 3})}).verdict, Verdict::kUnretires);
  EXPECT_EQ(store_->findManifest(account(1))->version, 12u);
}

TEST_F(AccountsTest, OnlyTheOwnAccountsManifestIsPublished) {
  EXPECT_EQ(run(PublishManifest{alice_, manifest(11, {1}, {}, 2)}).verdict, Verdict::kOtherAccount);
  login(1);
  EXPECT_EQ(run(PublishManifest{alice_, manifest(11, {1})}).verdict, Verdict::kReplaced);
}

TEST_F(AccountsTest, ARetiredDeviceLosesMailboxKeysAndLink) {
  const LoginRef second = login(2);
  submitOne(1, 2);
  run(PublishKeys{second, Bytes(10, 1), 5, PublishKeys::Mode::kRefill, {{1, fixed<CurveKey>(1)}}});
  const auto outcome = run(PublishManifest{alice_, manifest(11, {1}, {2})});
  EXPECT_EQ(outcome.verdict, Verdict::kOk);
  EXPECT_THAT(outcome.cut, ElementsAre(address(2)));
  EXPECT_EQ(stateOf(2), DeviceRecord::State::kRetired);
  EXPECT_FALSE(store_->findPosition(address(2)));
  EXPECT_FALSE(store_->findKeyStatus(address(2)));
  EXPECT_THAT(waiting(2), IsEmpty());
  EXPECT_EQ(run(Acknowledge{second, 1}).verdict, AcknowledgeOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(Login{address(2), signingKey(2)}).verdict, LoginOutcome::Verdict::kRetired);
  EXPECT_THAT(run(batch({envelope(2, 2)}, 1, 11)).items, ElementsAre(Item::kNoSuchDevice));
  store_.reset();
  const auto db = open();
  EXPECT_EQ(waxwing::testing::integerOf(*db, "SELECT count(*) FROM envelope"), 0);
  EXPECT_EQ(waxwing::testing::integerOf(*db, "SELECT count(*) FROM known_envelope"), 0);
  EXPECT_EQ(waxwing::testing::integerOf(*db, "SELECT count(*) FROM one_time_key"), 0);
  EXPECT_EQ(waxwing::testing::integerOf(*db, "SELECT count(*) FROM published_keys"), 0);
  EXPECT_EQ(waxwing::testing::integerOf(*db, "SELECT count(*) FROM mailbox"), 1);
}

TEST_F(AccountsTest, AnUnlistedDeviceIsCutAndKeepsWhatWaits) {
  submitOne(1, 2);
  const LoginRef second = login(2);
  EXPECT_THAT(run(Register{manifest(11, {1})}).cut, ElementsAre(address(2)));
  EXPECT_EQ(stateOf(2), DeviceRecord::State::kUnlisted);
  EXPECT_EQ(run(Login{address(2), signingKey(2)}).verdict, LoginOutcome::Verdict::kNotListed);
  EXPECT_THAT(run(batch({envelope(2, 2)}, 1, 11)).items, ElementsAre(Item::kNoSuchDevice));
  run(Register{manifest(12, {1, 2})});
  EXPECT_EQ(run(Acknowledge{second, 1}).verdict, AcknowledgeOutcome::Verdict::kReplaced);
  EXPECT_THAT(waiting(2), ElementsAre(1));
}

TEST_F(AccountsTest, AChangedSigningKeyCutsTheLink) {
  auto changed = manifest(11, {1, 2});
  changed.devices[0].signingKey = signingKey(99);
  EXPECT_THAT(run(Register{changed}).cut, ElementsAre(address(1)));
  EXPECT_EQ(run(Acknowledge{alice_, 0}).verdict, AcknowledgeOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(Login{address(1), signingKey(1)}).verdict, LoginOutcome::Verdict::kOtherKey);
}

// Rule 7: each login draws a number; whoever carries an older one is `replaced`, for good.
TEST_F(AccountsTest, ASecondLoginTakesOver) {
  const LoginRef newer = login(1);
  EXPECT_GT(newer.number, alice_.number);
  EXPECT_EQ(run(Acknowledge{alice_, 0}).verdict, AcknowledgeOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(SwapAnchor{alice_, {}, fixed<Anchor>(1)}).verdict, SwapAnchorOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(PublishKeys{alice_, Bytes(1, 1), 5, PublishKeys::Mode::kRefill, {}}).verdict,
            PublishKeysOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(SetAccessKeys{alice_, {}, {}}).verdict, SetAccessKeysOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(TakePreKeyBundles{account(1), alice_, {device(2)}}).verdict,
            TakePreKeyBundlesOutcome::Verdict::kReplaced);
  EXPECT_EQ(run(Acknowledge{newer, 0}).verdict, AcknowledgeOutcome::Verdict::kOk);
  crash();
  EXPECT_EQ(run(Acknowledge{newer, 0}).verdict, AcknowledgeOutcome::Verdict::kOk);
  EXPECT_GT(login(1).number, newer.number) << "never drawn twice";
}

TEST_F(AccountsTest, ALoginWithinACommitReplacesWhatFollows) {
  const auto outcomes = store_->commit(
      std::vector<Operation>{Acknowledge{alice_, 0}, Login{address(1), signingKey(1)}, Acknowledge{alice_, 0}});
  EXPECT_EQ(std::get<AcknowledgeOutcome>(outcomes[0]).verdict, AcknowledgeOutcome::Verdict::kOk);
  EXPECT_EQ(std::get<AcknowledgeOutcome>(outcomes[2]).verdict, AcknowledgeOutcome::Verdict::kReplaced);
}

TEST_F(AccountsTest, LoginsOfStrangersAreRefused) {
  EXPECT_EQ(run(Login{{account(2), device(1)}, signingKey(1)}).verdict, LoginOutcome::Verdict::kNotRegistered);
  EXPECT_EQ(run(Login{address(3), signingKey(3)}).verdict, LoginOutcome::Verdict::kNotListed);
  EXPECT_EQ(run(Login{address(1), signingKey(2)}).verdict, LoginOutcome::Verdict::kOtherKey);
}

TEST_F(AccountsTest, TheAnchorIsSwappedOnlyFromWhatIsExpected) {
  using Swap = SwapAnchorOutcome::Verdict;
  const auto one = fixed<Anchor>(1);
  const auto two = fixed<Anchor>(2);
  EXPECT_EQ(run(SwapAnchor{alice_, {}, one}).verdict, Swap::kOk) << "a new mailbox holds zeros";
  const auto refused = run(SwapAnchor{alice_, {}, two});
  EXPECT_EQ(refused.verdict, Swap::kMismatch);
  EXPECT_EQ(refused.current, one);
  crash();
  EXPECT_EQ(run(SwapAnchor{alice_, one, two}).verdict, Swap::kOk);
  EXPECT_EQ(run(SwapAnchor{login(2), one, two}).current, Anchor{}) << "each mailbox has its own";
}

TEST_F(AccountsTest, AccessKeysAreReplacedWhole) {
  EXPECT_EQ(store_->findAccess(account(1), keyHash(1)), KeyClass::kContact);
  EXPECT_EQ(store_->findAccess(account(1), keyHash(2)), KeyClass::kInvite);
  run(SetAccessKeys{alice_, {keyHash(3), keyHash(4)}, {keyHash(5)}});
  crash();
  EXPECT_FALSE(store_->findAccess(account(1), keyHash(1)));
  EXPECT_FALSE(store_->findAccess(account(1), keyHash(2)));
  EXPECT_EQ(store_->findAccess(account(1), keyHash(3)), KeyClass::kContact);
  EXPECT_EQ(store_->findAccess(account(1), keyHash(5)), KeyClass::kInvite);
  EXPECT_FALSE(store_->findAccess(account(2), keyHash(3)));
  EXPECT_EQ(run(SetAccessKeys{alice_, std::vector<AccessKeyHash>(3), {}}).verdict,
            SetAccessKeysOutcome::Verdict::kOverLimit);
  EXPECT_EQ(run(SetAccessKeys{alice_, {}, std::vector<AccessKeyHash>(33)}).verdict,
            SetAccessKeysOutcome::Verdict::kOverLimit);
}

TEST_F(AccountsTest, AnAccountWithoutKeysAdmitsNobody) {
  run(Register{manifest(1, {1}, {}, 2)});
  EXPECT_FALSE(store_->findAccess(account(2), AccessKeyHash{}));
}

}  // namespace
}  // namespace waxwing::relay
