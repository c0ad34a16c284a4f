// Stored sessions: whatever a row of the client's own database holds, it is used or called damaged.

#include "crypto/limits.h"
#include "store/client/session_table.h"
#include "store/statement.h"
#include "tests/fuzz/target.h"
#include "tests/support/test_device.h"

namespace waxwing::fuzz {
namespace {

using testing::must;
using testing::TestDevice;

class Scene {
 public:
  Scene() {
    bob_.adopt(alice_.manifest());
    alice_.adopt(bob_.manifest());
    collect("none-yet");
    must(bob_.tryEstablish(alice_.address(), alice_.bundle()));
    collect("unacknowledged");
    must(alice_.receive(bob_, bob_.send(alice_, "first")));
    alice_.send(bob_, "missing");
    must(bob_.receive(alice_, alice_.send(bob_, "answer")));
    collect("answered");
    must(bob_.tryEstablish(alice_.address(), alice_.bundleWithoutOneTime()));
    must(alice_.receive(bob_, bob_.send(alice_, "again")));
    must(bob_.receive(alice_, alice_.send(bob_, "answer")));
    collect("archived");
    pending_ = alice_.send(bob_, "pending");
    bundle_ = alice_.bundleWithoutOneTime();
  }

  // Nothing of it is committed.
  void run(ByteView record) {
    bob_.reseed(106);
    Transaction transaction(*bob_->db, CommitPoint::kReceive);
    SessionTable(*bob_->db).put(alice_.address(), record, 1);
    const auto used = [](auto&& use) {
      try {
        (void)use();
      } catch (const StoreFailure& failure) {
        require(failure.code() == Errc::kDamaged, "a record that does not decode is not called damaged");
      }
    };
    used([&] { return bob_->ratchet.readiness(alice_.address()); });
    used([&] { return bob_->ratchet.decrypt(transaction, alice_.address(), pending_.kind, pending_.ciphertext); });
    used([&] { return bob_->ratchet.encrypt(transaction, alice_.address(), asBytes("text")); });
    used([&] { return bob_->ratchet.establish(transaction, alice_.address(), bundle_); });
    used([&] {
      bob_->ratchet.spendAll(transaction);
      return 0;
    });
  }
  const std::vector<Seed>& seeds() const { return seeds_; }

 private:
  void collect(const char* name) {
    const auto record = SessionTable(*bob_->db).findRecord(alice_.address());
    seeds_.push_back({name, record ? toBytes(record->view()) : Bytes{}});
  }

  ManualClock clock_{testing::kTestStart};
  TestDevice alice_{1, clock_};
  TestDevice bob_{2, clock_};
  Ratchet::Encrypted pending_;
  PreKeyBundle bundle_;
  std::vector<Seed> seeds_;
};

Scene& scene() {
  static Scene only;
  return only;
}

void run(ByteView input) { scene().run(input); }
std::vector<Seed> seeds() { return scene().seeds(); }

}  // namespace

extern const Target kSessionRecord;
const Target kSessionRecord{"session_record", 8192, run, seeds};

}  // namespace waxwing::fuzz
