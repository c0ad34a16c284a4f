#include "tests/store/relay/relay_fixture.h"
#include "tests/store/schema_dump.h"

namespace waxwing::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class QueuesTest : public RelayStoreTest {
 protected:
  void SetUp() override { openWithAlice(); }
};

TEST_F(QueuesTest, TheSchemaIsTheGoldenOne) {
  store_.reset();
  const auto db = open();
  const std::string dump = waxwing::testing::schemaDump(*db);
  EXPECT_EQ(dump, waxwing::testing::golden("relay_schema.sql", dump));
}

// Rule 1: what was answered `accepted` is there after a crash.
TEST_F(QueuesTest, AcceptedIsDurable) {
  EXPECT_EQ(submitOne(100), Item::kAccepted);
  EXPECT_EQ(submitOne(101, 2), Item::kAccepted);
  crash();
  EXPECT_THAT(waiting(1), ElementsAre(100));
  EXPECT_THAT(waiting(2), ElementsAre(101));
}

// Rule 2: numbers 1, 2, 3, … in order of acceptance, per mailbox, also over a restart.
TEST_F(QueuesTest, NumbersHaveNoHoles) {
  run(batch({envelope(1, 1), envelope(2, 2), envelope(3, 1)}));
  crash();
  run(batch({envelope(4, 1), envelope(5, 2)}));
  const auto page = store_->readPage({account(1), device(1)}, 0, {});
  ASSERT_EQ(page.size(), 3u);
  for (std::size_t i = 0; i < page.size(); ++i) EXPECT_EQ(page[i].number, i + 1);
  EXPECT_THAT(waiting(1), ElementsAre(1, 3, 4));
  EXPECT_THAT(waiting(2), ElementsAre(2, 5));
  EXPECT_EQ(position().last, 3u);
}

TEST_F(QueuesTest, ARefusedEnvelopeTakesNoNumber) {
  limits_.mailboxEnvelopes = 1;
  openStore();
  submitOne(1);
  EXPECT_EQ(submitOne(2), Item::kMailboxFull);
  EXPECT_EQ(submitOne(1), Item::kAccepted);
  EXPECT_EQ(position().last, 1u);
}

TEST_F(QueuesTest, AnEnvelopeComesBackAsItWasSent) {
  run(batch({{envelopeId(9), device(1), Bytes{1, 2, 3}}}, 2));
  const auto page = store_->readPage({account(1), device(1)}, 0, {});
  ASSERT_EQ(page.size(), 1u);
  const auto& queued = std::get<QueuedEnvelope>(page[0].content);
  EXPECT_EQ(queued.id, envelopeId(9));
  EXPECT_EQ(queued.keyClass, KeyClass::kInvite);
  EXPECT_EQ(queued.payload, (Bytes{1, 2, 3}));
}

TEST_F(QueuesTest, PagesAreBoundedAndContinue) {
  for (std::uint64_t i = 1; i <= 10; ++i) submitOne(i, 1, 1, 1000);
  const DeviceAddress mailbox = {account(1), device(1)};
  EXPECT_EQ(store_->readPage(mailbox, 0, {3, 1u << 20}).size(), 3u);
  EXPECT_EQ(store_->readPage(mailbox, 0, {64, 2500}).size(), 2u);
  EXPECT_EQ(store_->readPage(mailbox, 0, {64, 10}).size(), 1u) << "the first item is always given";
  EXPECT_EQ(store_->readPage(mailbox, 7, {}).front().number, 8u);
  EXPECT_THAT(store_->readPage(mailbox, 10, {}), IsEmpty());
  EXPECT_THAT(store_->readPage({account(9), device(1)}, 0, {}), IsEmpty());
}

// Rule 3: the same id is accepted and stored once; also in one batch, in one commit, and after it left.
TEST_F(QueuesTest, TheSameIdIsStoredOnce) {
  EXPECT_THAT(run(batch({envelope(1), envelope(1)})).items, ElementsAre(Item::kAccepted, Item::kAccepted));
  store_->commit(std::vector<Operation>{batch({envelope(1), envelope(2)}), batch({envelope(2)})});
  EXPECT_THAT(waiting(), ElementsAre(1, 2));
  EXPECT_EQ(submitOne(1, 2), Item::kAccepted) << "another mailbox is another queue";
  EXPECT_THAT(waiting(2), ElementsAre(1));
  run(Acknowledge{alice_, 2});
  crash();
  EXPECT_EQ(submitOne(1), Item::kAccepted);
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_EQ(position().last, 2u);
}

TEST_F(QueuesTest, AnIdIsRememberedForSevenDaysAfterItLeft) {
  using std::chrono::milliseconds;
  submitOne(1);
  submitOne(2);
  run(Upkeep{{0}});
  run(Acknowledge{alice_, 1});
  WallTime wall{0};
  const auto live = [&](milliseconds span) {
    std::uint64_t forgotten = 0;
    for (milliseconds passed{0}; passed < span; passed += limits::kServiceTimeStep) {
      wall = wall + limits::kServiceTimeStep;
      forgotten += run(Upkeep{wall}).forgotten;
    }
    return forgotten;
  };
  EXPECT_EQ(live(7 * limits::kDay), 0u);
  submitOne(1);
  EXPECT_THAT(waiting(), ElementsAre(2));
  EXPECT_EQ(live(std::chrono::hours(1)), 1u);
  submitOne(1);
  EXPECT_THAT(waiting(), ElementsAre(2, 1)) << "what waits is never forgotten";
}

// Rule 4: acknowledgement is the one way out.
TEST_F(QueuesTest, AcknowledgementDeletesUpToANumber) {
  for (std::uint64_t i = 1; i <= 5; ++i) submitOne(i);
  EXPECT_EQ(run(Acknowledge{alice_, 3}).verdict, AcknowledgeOutcome::Verdict::kOk);
  EXPECT_THAT(waiting(), ElementsAre(4, 5));
  EXPECT_EQ(run(Acknowledge{alice_, 2}).verdict, AcknowledgeOutcome::Verdict::kOk);
  EXPECT_EQ(run(Acknowledge{alice_, 6}).verdict, AcknowledgeOutcome::Verdict::kNeverDelivered);
  EXPECT_EQ(position().acknowledged, 3u);
  EXPECT_EQ(position().envelopes, 2u);
  EXPECT_EQ(position().bytes, 40u);
  crash();
  EXPECT_EQ(position().acknowledged, 3u);
  EXPECT_THAT(waiting(), ElementsAre(4, 5));
  EXPECT_THAT(waiting(2), IsEmpty());
}

// Rule 5: a full mailbox refuses, and never evicts.
TEST_F(QueuesTest, AFullMailboxRefuses) {
  limits_.mailboxEnvelopes = 3;
  openStore();
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(submitOne(i), Item::kAccepted);
  EXPECT_THAT(run(batch({envelope(4, 1), envelope(5, 2), envelope(1, 1)})).items,
              ElementsAre(Item::kMailboxFull, Item::kAccepted, Item::kAccepted));
  EXPECT_THAT(waiting(), ElementsAre(1, 2, 3));
  run(Acknowledge{alice_, 1});
  EXPECT_EQ(submitOne(4), Item::kAccepted);
}

// What follows a refused envelope may be smaller: it must not overtake.
TEST_F(QueuesTest, NothingOvertakesARefusedEnvelope) {
  limits_.mailboxBytes = 1000;
  openStore();
  EXPECT_EQ(submitOne(1, 1, 1, 600), Item::kAccepted);
  EXPECT_THAT(run(batch({envelope(2, 1, 600), envelope(3, 1, 100), envelope(1, 1), envelope(4, 2)})).items,
              ElementsAre(Item::kMailboxFull, Item::kMailboxFull, Item::kAccepted, Item::kAccepted));
  EXPECT_THAT(waiting(), ElementsAre(1));
}

TEST_F(QueuesTest, BytesCountAsWell) {
  limits_.mailboxBytes = 1000;
  openStore();
  EXPECT_EQ(submitOne(1, 1, 1, 600), Item::kAccepted);
  EXPECT_EQ(submitOne(2, 1, 1, 600), Item::kMailboxFull);
  EXPECT_EQ(submitOne(3, 1, 1, 400), Item::kAccepted);
  EXPECT_EQ(submitOne(4, 1, 1, 1), Item::kMailboxFull);
}

TEST_F(QueuesTest, StrangersHaveASmallQuotaOfTheirOwn) {
  limits_.inviteEnvelopesWaiting = 2;
  openStore();
  EXPECT_EQ(submitOne(1, 1, 2), Item::kAccepted);
  EXPECT_EQ(submitOne(2, 1, 2), Item::kAccepted);
  EXPECT_EQ(submitOne(3, 1, 2), Item::kMailboxFull);
  EXPECT_EQ(submitOne(4, 1, 1), Item::kAccepted) << "contacts are not held up";
  run(Acknowledge{alice_, 1});
  crash();
  EXPECT_EQ(submitOne(3, 1, 2), Item::kAccepted);
}

// ---- The order of judgement

TEST_F(QueuesTest, TheAccessKeyIsJudgedFirst) {
  const auto outcome = run(batch({envelope(1)}, 3, 1));
  EXPECT_EQ(outcome.verdict, SubmitOutcome::Verdict::kDenied);
  EXPECT_THAT(outcome.newerManifest, IsEmpty());
  auto unknown = batch({envelope(1)});
  unknown.account = account(9);
  EXPECT_EQ(run(unknown).verdict, SubmitOutcome::Verdict::kDenied);
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(QueuesTest, ThenTheManifestVersion) {
  submitOne(1);
  const auto outcome = run(batch({envelope(1), envelope(2)}, 1, 9));
  EXPECT_EQ(outcome.verdict, SubmitOutcome::Verdict::kStaleManifest);
  EXPECT_EQ(outcome.newerManifest, manifest(10, {}).bytes);
  EXPECT_THAT(outcome.items, IsEmpty());
  EXPECT_THAT(waiting(), ElementsAre(1));
}

TEST_F(QueuesTest, ANewerVersionIsJudgedByTheMailboxes) {
  EXPECT_THAT(run(batch({envelope(1, 1), envelope(2, 3)}, 1, 11)).items,
              ElementsAre(Item::kAccepted, Item::kNoSuchDevice));
}

TEST_F(QueuesTest, ADuplicateIsJudgedBeforeTheQuota) {
  limits_.inviteEnvelopesWaiting = 1;
  openStore();
  submitOne(1, 1, 2);
  EXPECT_EQ(submitOne(1, 1, 2), Item::kAccepted);
  EXPECT_EQ(submitOne(2, 1, 2), Item::kMailboxFull);
}

TEST_F(QueuesTest, ABatchBeyondTheLimitsIsRefusedWhole) {
  std::vector<Envelope> many(101, envelope(1));
  EXPECT_EQ(run(batch(std::move(many))).verdict, SubmitOutcome::Verdict::kOverLimit);
  EXPECT_EQ(run(batch({envelope(1), envelope(2, 1, limits::kEnvelopeBytes + 1)})).verdict,
            SubmitOutcome::Verdict::kOverLimit);
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(QueuesTest, OwnDevicesSubmitWithTheirLogin) {
  Submit own = {account(1), alice_, 10, {envelope(1, 2)}};
  EXPECT_THAT(run(own).items, ElementsAre(Item::kAccepted));
  const auto page = store_->readPage({account(1), device(2)}, 0, {});
  EXPECT_EQ(std::get<QueuedEnvelope>(page.at(0).content).keyClass, KeyClass::kOwn);
  own.account = account(2);
  EXPECT_EQ(run(own).verdict, SubmitOutcome::Verdict::kDenied) << "of this account alone";
  login(1);
  own.account = account(1);
  EXPECT_EQ(run(own).verdict, SubmitOutcome::Verdict::kReplaced);
}

TEST_F(QueuesTest, TellsWhereSomethingNewArrived) {
  const auto outcome = run(batch({envelope(1, 2), envelope(2, 1), envelope(3, 2)}));
  EXPECT_THAT(outcome.arrived, ElementsAre(DeviceAddress{account(1), device(2)}, DeviceAddress{account(1), device(1)}));
  EXPECT_THAT(run(batch({envelope(1, 2)})).arrived, IsEmpty());
}

// ---- Group commit

TEST_F(QueuesTest, ARefusedOperationDoesNotDisturbItsNeighbours) {
  const auto outcomes = store_->commit(std::vector<Operation>{batch({envelope(1)}), batch({envelope(2)}, 99),
                                                              Acknowledge{alice_, 77}, batch({envelope(3)})});
  EXPECT_EQ(std::get<SubmitOutcome>(outcomes[1]).verdict, SubmitOutcome::Verdict::kDenied);
  EXPECT_EQ(std::get<AcknowledgeOutcome>(outcomes[2]).verdict, AcknowledgeOutcome::Verdict::kNeverDelivered);
  crash();
  EXPECT_THAT(waiting(), ElementsAre(1, 3));
}

TEST_F(QueuesTest, OperationsOfOneCommitSeeEachOther) {
  store_->commit(std::vector<Operation>{batch({envelope(1), envelope(2)}), Acknowledge{alice_, 1}});
  EXPECT_THAT(waiting(), ElementsAre(2));
}

TEST_F(QueuesTest, AFailedCommitKeepsNothingOfAnyOperation) {
  submitOne(1);
  hook_ = [](CommitPoint, CommitEdge edge) {
    if (edge == CommitEdge::kBefore) throw StoreFailure(Errc::kStoreFull, "test");
  };
  const std::vector<Operation> operations = {batch({envelope(2), envelope(3, 2)}),
                                             Acknowledge{alice_, 1},
                                             Register{manifest(11, {1}, {2})},
                                             SetAccessKeys{alice_, {keyHash(8)}, {}},
                                             Login{{account(1), device(1)}, signingKey(1)},
                                             Upkeep{{100'000}}};
  EXPECT_THROW(store_->commit(operations), StoreFailure);
  hook_ = nullptr;
  EXPECT_THAT(waiting(1), ElementsAre(1));
  EXPECT_THAT(waiting(2), IsEmpty());
  EXPECT_EQ(position().last, 1u);
  EXPECT_EQ(store_->findManifest(account(1))->version, 10u);
  EXPECT_TRUE(store_->findAccess(account(1), keyHash(1)));
  EXPECT_EQ(submitOne(2), Item::kAccepted);
  EXPECT_THAT(waiting(1), ElementsAre(1, 2));
  EXPECT_EQ(run(Acknowledge{alice_, 1}).verdict, AcknowledgeOutcome::Verdict::kOk) << "the login stands";
}

// ---- Rule 12

TEST_F(QueuesTest, ServiceTimeFollowsTheWallClockInSmallSteps) {
  const auto serviceAfter = [&](std::int64_t wallMs) { return run(Upkeep{{wallMs}}).serviceTime.ms; };
  constexpr std::int64_t kYear = 365ll * 24 * 3600 * 1000;
  EXPECT_EQ(serviceAfter(kYear), 0);
  EXPECT_EQ(serviceAfter(kYear + 60'000), 60'000);
  EXPECT_EQ(serviceAfter(2 * kYear), 360'000) << "a leap counts as five minutes";
  EXPECT_EQ(serviceAfter(kYear), 360'000) << "a step back counts as nothing";
  EXPECT_EQ(serviceAfter(kYear + 1000), 361'000);
  crash();
  EXPECT_EQ(serviceAfter(kYear + 2000), 362'000);
}

TEST_F(QueuesTest, AClockThatIsOffByAYearForgetsNothing) {
  submitOne(1);
  run(Acknowledge{alice_, 1});
  run(Upkeep{{0}});
  EXPECT_EQ(run(Upkeep{{400ll * 24 * 3600 * 1000}}).forgotten, 0u);
  EXPECT_EQ(run(Upkeep{{0}}).forgotten, 0u);
  submitOne(1);
  EXPECT_THAT(waiting(), IsEmpty());
}

// What was accepted is found again whether its place was folded into the index or is read from the log's tail.
TEST_F(QueuesTest, FoldingChangesNothingThatIsSeen) {
  limits_.foldAfter = 4;
  openStore();
  for (std::uint64_t i = 1; i <= 5; ++i) submitOne(i);
  run(Acknowledge{alice_, 2});
  submitOne(6, 2);
  store_->checkpointIfDue();
  submitOne(7);
  crash();
  EXPECT_THAT(waiting(), ElementsAre(3, 4, 5, 7));
  EXPECT_THAT(waiting(2), ElementsAre(6));
  for (std::uint64_t i = 1; i <= 7; ++i) submitOne(i, i == 6 ? 2 : 1);
  EXPECT_THAT(waiting(), ElementsAre(3, 4, 5, 7)) << "all are known";
  run(Acknowledge{alice_, 6});
  crash();
  EXPECT_THAT(waiting(), IsEmpty());
  submitOne(8);
  EXPECT_EQ(store_->readPage({account(1), device(1)}, 0, {}).at(0).number, 7u);
  store_.reset();
  EXPECT_EQ(waxwing::testing::integerOf(*open(), "SELECT count(*) FROM envelope"), 2);
}

TEST_F(QueuesTest, AFailedFoldIsTakenAgain) {
  limits_.foldAfter = 2;
  openStore();
  for (std::uint64_t i = 1; i <= 3; ++i) submitOne(i);
  hook_ = [](CommitPoint, CommitEdge) { throw StoreFailure(Errc::kStoreFull, "test"); };
  EXPECT_THROW(store_->checkpointIfDue(), StoreFailure);
  hook_ = nullptr;
  EXPECT_THAT(waiting(), ElementsAre(1, 2, 3));
  store_->checkpointIfDue();
  submitOne(3);
  EXPECT_THAT(waiting(), ElementsAre(1, 2, 3));
}

TEST_F(QueuesTest, NoPayloadInAnyFile) {
  const std::string marker = "a payload that is enciphered again";
  run(batch({{envelopeId(1), device(1), toBytes(asBytes(marker))}}));
  EXPECT_FALSE(waxwing::testing::anyFileContains(directory_.path(), marker));
}

TEST_F(QueuesTest, AKilledCommitIsThereOrNot) {
  store_.reset();
  const auto submit = [&] {
    openStore();
    submitOne(1);
  };
  EXPECT_TRUE(isKilledAt("accept:before", submit));
  openStore();
  EXPECT_THAT(waiting(), IsEmpty());
  store_.reset();
  EXPECT_TRUE(isKilledAt("accept:after", submit));
  openStore();
  EXPECT_THAT(waiting(), ElementsAre(1));
}

}  // namespace
}  // namespace waxwing::relay
