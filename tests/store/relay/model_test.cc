#include <deque>
#include <map>
#include <set>

#include "tests/store/relay/relay_fixture.h"

// Random operations against a model that is too simple to be wrong, with crashes, failed commits and reopened stores
// between them.
namespace waxwing::relay {
namespace {

// A mailbox as rules 2 to 5 describe it.
struct ModelMailbox {
  struct Item {
    std::uint64_t number;
    std::uint64_t id;
    std::size_t size;
    bool invited;
  };
  std::deque<Item> items;
  std::set<std::uint64_t> known;
  std::uint64_t last = 0;
  std::uint64_t acknowledged = 0;

  std::size_t invited() const {
    return static_cast<std::size_t>(std::ranges::count_if(items, [](const Item& item) { return item.invited; }));
  }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Item& item : items) sum += item.size;
    return sum;
  }
};

class ModelTest : public RelayStoreTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  static constexpr int kDevices = 4;

  void SetUp() override {
    limits_.mailboxEnvelopes = 12;
    limits_.mailboxBytes = 4000;
    limits_.inviteEnvelopesWaiting = 3;
    limits_.foldAfter = 20;
    openStore(Database::Existing::kMustNotExist);
    run(Register{manifest(10, {1, 2, 3, 4})});
    for (int id = 1; id <= kDevices; ++id) logins_[id] = login(id);
    run(SetAccessKeys{logins_[1], {keyHash(1)}, {keyHash(2)}});
  }

  Submit randomSubmit() {
    const std::uint64_t key = random_.below(4) == 0 ? 2 : 1;
    std::vector<Envelope> envelopes;
    const auto count = random_.below(5) + 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      const bool isOld = nextId_ > 1 && random_.below(4) == 0;
      const std::uint64_t id = isOld ? random_.below(nextId_ - 1) + 1 : nextId_++;
      envelopes.push_back(envelope(id, static_cast<int>(random_.below(kDevices)) + 1, random_.below(800)));
    }
    return batch(std::move(envelopes), key);
  }

  Acknowledge randomAcknowledge(const std::map<int, ModelMailbox>& model) {
    const int id = static_cast<int>(random_.below(kDevices)) + 1;
    return {logins_[id], random_.below(model.at(id).last + 2)};
  }

  void expectApplied(std::map<int, ModelMailbox>& model, const Submit& submit, const SubmitOutcome& outcome) {
    const bool isInvite = std::get<KeyHolder>(submit.access).key == keyHash(2);
    std::set<DeviceId> shut;
    for (std::size_t i = 0; i < submit.envelopes.size(); ++i) {
      const Envelope& sent = submit.envelopes[i];
      ModelMailbox& box = model[sent.device.value()];
      const std::uint64_t id = ByteReader(sent.id.view()).u64();
      const bool isFull = shut.contains(sent.device) || box.items.size() >= limits_.mailboxEnvelopes ||
                          box.bytes() + sent.payload.size() > limits_.mailboxBytes ||
                          (isInvite && box.invited() >= limits_.inviteEnvelopesWaiting);
      const bool isKnown = box.known.contains(id);
      EXPECT_EQ(outcome.items.at(i), !isKnown && isFull ? Item::kMailboxFull : Item::kAccepted);
      if (!isKnown && isFull) shut.insert(sent.device);
      if (isKnown || isFull) continue;
      box.known.insert(id);
      box.items.push_back({++box.last, id, sent.payload.size(), isInvite});
    }
  }

  void expectApplied(std::map<int, ModelMailbox>& model, const Acknowledge& done, const AcknowledgeOutcome& outcome) {
    ModelMailbox& box = model[done.login.address.device.value()];
    const bool isBeyond = done.upTo > box.last;
    EXPECT_EQ(outcome.verdict,
              isBeyond ? AcknowledgeOutcome::Verdict::kNeverDelivered : AcknowledgeOutcome::Verdict::kOk);
    if (isBeyond) return;
    while (!box.items.empty() && box.items.front().number <= done.upTo) box.items.pop_front();
    box.acknowledged = std::max(box.acknowledged, done.upTo);
  }

  void expectSame(std::map<int, ModelMailbox>& model) {
    for (int id = 1; id <= kDevices; ++id) {
      const ModelMailbox& box = model[id];
      const Position at = position(id);
      EXPECT_EQ(at.last, box.last);
      EXPECT_EQ(at.acknowledged, box.acknowledged);
      EXPECT_EQ(at.envelopes, box.items.size());
      EXPECT_EQ(at.bytes, box.bytes());
      const auto page = store_->readPage({account(1), device(id)}, 0, {1000, 1u << 30});
      ASSERT_EQ(page.size(), box.items.size());
      for (std::size_t i = 0; i < page.size(); ++i) {
        EXPECT_EQ(page[i].number, box.items[i].number);
        const auto& queued = std::get<QueuedEnvelope>(page[i].content);
        EXPECT_EQ(queued.id, envelopeId(box.items[i].id));
        EXPECT_EQ(queued.payload.size(), box.items[i].size);
      }
    }
  }

  SeededRandom random_{GetParam()};
  std::map<int, LoginRef> logins_;
  std::uint64_t nextId_ = 1;
};

TEST_P(ModelTest, TheStoreDoesWhatTheModelDoes) {
  std::map<int, ModelMailbox> model;
  for (int id = 1; id <= kDevices; ++id) model[id] = {};
  for (int round = 0; round < 150; ++round) {
    std::vector<Operation> operations;
    const auto count = random_.below(6) + 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (random_.below(3) == 0) {
        operations.emplace_back(randomAcknowledge(model));
      } else {
        operations.emplace_back(randomSubmit());
      }
    }
    const auto chance = random_.below(12);
    if (chance == 0)
      hook_ = [](CommitPoint, CommitEdge edge) {
        if (edge == CommitEdge::kBefore) throw StoreFailure(Errc::kStoreFull, "test");
      };
    if (chance == 0) {
      EXPECT_THROW(store_->commit(operations), StoreFailure);
      hook_ = nullptr;
    } else {
      const auto outcomes = store_->commit(operations);
      for (std::size_t i = 0; i < operations.size(); ++i) {
        if (const auto* submit = std::get_if<Submit>(&operations[i])) {
          expectApplied(model, *submit, std::get<SubmitOutcome>(outcomes[i]));
        } else {
          expectApplied(model, std::get<Acknowledge>(operations[i]), std::get<AcknowledgeOutcome>(outcomes[i]));
        }
      }
    }
    store_->checkpointIfDue();
    if (chance == 1) crash();
    if (chance == 2) openStore();
    if (round % 5 == 0) expectSame(model);
    if (HasFailure()) FAIL() << "seed " << GetParam() << " round " << round;
  }
  crash();
  expectSame(model);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace waxwing::relay
