// Two devices and a network without manners, driven by the input: send, archive, drop, shuffle, repeat, alter, take a
// copy of a database aside, put it back, let time pass, rotate keys. Whatever happens, nothing crashes, no message key
// and IV serve two ciphertexts, what is delivered is what was sent, once, and after one exchange of bundles both agree
// again. The alphabet is that of libsignal's own session fuzz tests, and ours.

#include <deque>
#include <map>
#include <set>

#include "crypto/limits.h"
#include "tests/fuzz/target.h"
#include "tests/session/forge.h"

namespace waxwing::fuzz {
namespace {

using testing::Forge;
using testing::must;
using testing::TestDevice;
using Readiness = Ratchet::Readiness;

constexpr std::size_t kMostSteps = 200;
// Other than those that the devices were made with: their keys would come again.
constexpr std::uint64_t kRunSeed = 101;
constexpr std::size_t kBundlesShelved = 4;
// A state keeps so many chains of its peer, in libsignal-protocol-c.
constexpr std::uint64_t kChainsKept = 5;

enum class Step : std::uint8_t {
  kSend,
  kDeliver,
  kDeliverAny,
  kRepeat,
  kDrop,
  kAlter,
  kArchive,
  kArchiveWithoutOneTime,
  kSnapshot,
  kRestore,
  kRotate,
  kWait,
  kSteps
};

struct Message {
  std::uint64_t number = 0;
  Ratchet::Encrypted sealed;
  std::uint64_t session = 0;
  std::uint64_t chain = 0;  // of its sender
  std::string text() const { return std::string("message ").append(std::to_string(number)); }
};

// The session that a device encrypts in. Of those it has left, its record keeps the last few.
class Current {
 public:
  std::uint64_t session() const { return session_; }
  void use(std::uint64_t session) {
    if (session == session_) return;
    left_[session_] = ++switches_;
    left_.erase(session);
    session_ = session;
  }
  bool hasForgotten(std::uint64_t session) const {
    const auto left = left_.find(session);
    return left != left_.end() && switches_ - left->second >= limits::kArchivedStates;
  }

 private:
  std::uint64_t session_ = 0;
  std::uint64_t switches_ = 0;
  std::map<std::uint64_t, std::uint64_t> left_;  // session → by which switch
};

// What a relay holds of one device; a restored database does not take it back.
struct Shelf {
  Bytes signedKeys;
  std::vector<OneTimeKey> oneTime;
  PreKeys::RelayStatus status;
};

// A device for one run: all that happens stays in one transaction, which is rolled back at the end. The copy that was
// taken aside is a savepoint.
class Side {
 public:
  Side(TestDevice& device, Shelf shelf, std::uint64_t seed) : device_(device), shelf_(std::move(shelf)) {
    device_.reseed(seed);
    transaction_.emplace(*device_->db, CommitPoint::kPrepare);
  }
  void meet(Side& peer) { peer_ = &peer; }

  DeviceAddress address() const { return device_.address(); }
  Readiness readiness() { return device_->ratchet.readiness(peer_->address()); }
  std::uint64_t restores() const { return restores_; }

  PreKeyBundle bundle() {
    PreKeyBundle bundle{address().device, shelf_.signedKeys, std::nullopt};
    if (shelf_.oneTime.empty()) return bundle;
    bundle.oneTimeKey = shelf_.oneTime.back();
    shelf_.oneTime.pop_back();
    return bundle;
  }
  void establish(const PreKeyBundle& bundle) {
    require(device_->ratchet.establish(*transaction_, peer_->address(), bundle).has_value(),
            "a good bundle is refused");
    require(readiness() == Readiness::kReady, "no session after a good bundle");
  }
  // As a lane does: with a bundle first where one is wanted.
  Ratchet::Encrypted send(std::string_view text) {
    if (readiness() != Readiness::kReady) establish(peer_->bundle());
    return must(device_->ratchet.encrypt(*transaction_, peer_->address(), asBytes(text)));
  }
  Result<std::string> receive(const Ratchet::Encrypted& sealed) {
    const auto content = device_->ratchet.decrypt(*transaction_, peer_->address(), sealed.kind, sealed.ciphertext);
    require(device_->ratchet.checkGenerations().has_value(), "a message breaks the digest over the sessions");
    if (!content) return tl::unexpected(content.error());
    return std::string(asText(content->view()));
  }

  void snapshot() {
    if (copy_) copy_->release();
    copy_.emplace(*transaction_);
    deliveredInCopy_ = delivered_;
  }
  // What a device does that finds itself restored: every state is spent, and its keys are published anew.
  void restore() {
    if (!copy_) return;
    copy_.reset();
    copy_.emplace(*transaction_);
    delivered_ = deliveredInCopy_;
    ++restores_;
    device_->ratchet.spendAll(*transaction_);
    require(readiness() == Readiness::kNone, "a restored session is ready to encrypt");
    publish(PreKeys::Occasion::kRestored);
  }
  void publish(PreKeys::Occasion occasion) {
    const auto made = device_->preKeys.prepare(*transaction_, occasion, shelf_.status);
    if (!made) return;
    shelf_.signedKeys = made->signedKeys;
    if (made->replaceAll) shelf_.oneTime.clear();
    shelf_.oneTime.insert(shelf_.oneTime.begin(), made->oneTime.begin(), made->oneTime.end());
    shelf_.status = {made->counter, static_cast<std::uint32_t>(shelf_.oneTime.size())};
  }

  bool wasDelivered(std::uint64_t number) const { return delivered_.contains(number); }
  void noteDelivered(std::uint64_t number) {
    require(delivered_.insert(number).second, "a message is delivered twice");
  }

 private:
  TestDevice& device_;
  Shelf shelf_;
  Side* peer_ = nullptr;
  std::set<std::uint64_t> delivered_;
  std::set<std::uint64_t> deliveredInCopy_;
  std::uint64_t restores_ = 0;
  std::optional<Transaction> transaction_;
  std::optional<Savepoint> copy_;
};

// One run.
class Conversation {
 public:
  Conversation(Side& a, Side& b, ManualClock& clock, const Forge& forge)
      : sides_{&a, &b}, clock_(clock), forge_(forge) {
    a.meet(b);
    b.meet(a);
  }

  void run(Input& in) {
    for (std::size_t i = 0; i < kMostSteps && !in.empty(); ++i) {
      const auto what = in.byte();
      step(static_cast<Step>((what & 0x7f) % static_cast<std::size_t>(Step::kSteps)), what >> 7, in);
    }
    agree();
  }

 private:
  // `who` acts; messages wait for whom they are to.
  void step(Step step, std::size_t who, Input& in) {
    Side& side = *sides_[who];
    switch (step) {
      case Step::kSend:
        return send(who);
      case Step::kDeliver:
        return deliver(who, 0, Keep::kNo);
      case Step::kDeliverAny:
        return deliver(who, in.byte(), Keep::kNo);
      case Step::kRepeat:
        return deliver(who, in.byte(), Keep::kYes);
      case Step::kDrop:
        return drop(who, in.byte());
      case Step::kAlter:
        return alter(who, in);
      case Step::kArchive:
        return establish(who, sides_[1 - who]->bundle());
      case Step::kArchiveWithoutOneTime: {
        auto bundle = sides_[1 - who]->bundle();
        bundle.oneTimeKey.reset();
        return establish(who, bundle);
      }
      case Step::kSnapshot:
        return side.snapshot();
      case Step::kRestore:
        return side.restore();
      case Step::kRotate:
        clock_.advance(limits::kKeyRotation + std::chrono::hours(1));
        return side.publish(PreKeys::Occasion::kRoutine);
      case Step::kWait:
        return clock_.advance(limits::kUnacknowledgedSessionAge / 2);
      case Step::kSteps:
        return;
    }
  }

  void establish(std::size_t who, const PreKeyBundle& bundle) {
    sides_[who]->establish(bundle);
    current_[who].use(++sessions_);
  }

  Message make(std::size_t who) {
    if (sides_[who]->readiness() != Readiness::kReady) establish(who, sides_[1 - who]->bundle());
    Message message;
    message.number = ++messages_;
    message.sealed = sides_[who]->send(message.text());
    const auto place = forge_.placeOf(message.sealed);
    require(left_.insert(place).second, "a message key and IV serve two ciphertexts");
    if (lastChain_[who] != place.ratchetKey) ++chains_[who];
    lastChain_[who] = place.ratchetKey;
    message.chain = chains_[who];
    message.session = current_[who].session();
    return message;
  }
  void send(std::size_t who) { waiting_[1 - who].push_back(make(who)); }

  // What a receiver may have let go of, or cannot know any more.
  bool mayBeLost(std::size_t to, const Message& message) const {
    return sides_[0]->restores() + sides_[1]->restores() > 0 || current_[to].hasForgotten(message.session) ||
           chains_[1 - to] - message.chain >= kChainsKept;
  }

  void receive(std::size_t to, const Message& message) {
    Side& side = *sides_[to];
    const auto got = side.receive(message.sealed);
    if (got) {
      require(*got == message.text(), "what is delivered is not what was sent");
      current_[to].use(message.session);
      return side.noteDelivered(message.number);
    }
    const auto code = got.error().code;
    require(code != Errc::kKeyReuse, "a genuine message is called a reuse of its key");
    if (side.wasDelivered(message.number)) return;
    require(code != Errc::kDuplicate, "a message that was never read is called a duplicate");
    require(mayBeLost(to, message), "a genuine message is refused");
  }

  enum class Keep { kNo, kYes };
  void deliver(std::size_t to, std::size_t which, Keep keep) {
    auto& queue = waiting_[to];
    if (queue.empty()) return;
    const auto at = queue.begin() + static_cast<std::ptrdiff_t>(which % queue.size());
    const Message message = *at;
    if (keep == Keep::kNo) queue.erase(at);
    receive(to, message);
  }
  void drop(std::size_t to, std::size_t which) {
    auto& queue = waiting_[to];
    if (!queue.empty()) queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(which % queue.size()));
  }
  // The message itself stays on its way. A pre-key message says things outside its MAC.
  void alter(std::size_t to, Input& in) {
    auto& queue = waiting_[to];
    if (queue.empty()) return;
    Message message = queue[in.byte() % queue.size()];
    auto& bytes = message.sealed.ciphertext;
    const std::size_t at = in.number();
    const auto mask = in.byte();
    bytes[at % bytes.size()] ^= static_cast<std::uint8_t>(mask == 0 ? 1 : mask);
    const auto got = sides_[to]->receive(message.sealed);
    if (!got) return;
    require(*got == message.text(), "an altered message is delivered");
    current_[to].use(message.session);
    sides_[to]->noteDelivered(message.number);
  }

  // A fresh bundle, and then as many messages each way as it takes to turn the ratchet a few times.
  void agree() {
    establish(0, sides_[1]->bundle());
    for (int round = 0; round < 3; ++round) {
      for (const std::size_t who : {0u, 1u}) {
        const auto message = make(who);
        const auto got = sides_[1 - who]->receive(message.sealed);
        require(got && *got == message.text(), "the two do not agree after a fresh bundle");
        sides_[1 - who]->noteDelivered(message.number);
        current_[1 - who].use(message.session);
        require(sides_[1 - who]->readiness() == Readiness::kReady, "who has read a fresh session cannot answer in it");
      }
    }
  }

  Side* sides_[2];
  Current current_[2];
  ManualClock& clock_;
  const Forge& forge_;
  std::deque<Message> waiting_[2];
  std::set<Forge::Place> left_;
  CurveKey lastChain_[2];
  std::uint64_t chains_[2] = {};
  std::uint64_t sessions_ = 0;
  std::uint64_t messages_ = 0;
};

// The devices, made once; each run begins where they stood then.
class Scene {
 public:
  Scene() {
    a_.adopt(b_.manifest());
    b_.adopt(a_.manifest());
    shelves_[0] = shelfOf(a_);
    shelves_[1] = shelfOf(b_);
  }

  void run(ByteView input) {
    clock_.set(testing::kTestStart);
    Side a(a_, shelves_[0], kRunSeed), b(b_, shelves_[1], kRunSeed + 1);
    Input in(input);
    Conversation(a, b, clock_, forge_).run(in);
  }

 private:
  static Shelf shelfOf(TestDevice& device) {
    Shelf shelf;
    for (std::size_t i = 0; i < kBundlesShelved; ++i) shelf.oneTime.push_back(*device.bundle().oneTimeKey);
    shelf.signedKeys = device.bundleWithoutOneTime().signedKeys;
    shelf.status = device.relayStatus();
    return shelf;
  }

  ManualClock clock_{testing::kTestStart};
  TestDevice a_{1, clock_};
  TestDevice b_{2, clock_};
  Forge forge_;
  Shelf shelves_[2];
};

void run(ByteView input) {
  static Scene only;
  only.run(input);
}

class Script {
 public:
  // `who` 0 or 1; `argument`s follow the step.
  Script& add(std::size_t who, Step step, std::initializer_list<std::uint8_t> arguments = {}) {
    bytes_.push_back(static_cast<std::uint8_t>(static_cast<std::size_t>(step) | who << 7));
    bytes_.insert(bytes_.end(), arguments);
    return *this;
  }
  // A message each way, delivered.
  Script& talk() { return add(0, Step::kSend).add(1, Step::kDeliver).add(1, Step::kSend).add(0, Step::kDeliver); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

std::vector<Seed> seeds() {
  return {
      {"talk", Script().talk().talk().talk().take()},
      {"crossing",
       Script().add(0, Step::kSend).add(1, Step::kSend).add(0, Step::kDeliver).add(1, Step::kDeliver).talk().take()},
      {"archived", Script().talk().add(0, Step::kArchive).talk().add(1, Step::kArchiveWithoutOneTime).talk().take()},
      {"shuffled", Script()
                       .talk()
                       .add(0, Step::kSend)
                       .add(0, Step::kSend)
                       .add(0, Step::kSend)
                       .add(1, Step::kDeliverAny, {2})
                       .add(1, Step::kRepeat, {0})
                       .add(1, Step::kDrop, {1})
                       .add(1, Step::kDeliver)
                       .take()},
      {"altered",
       Script().add(0, Step::kSend).add(1, Step::kAlter, {0, 0, 0, 0, 0, 0, 0, 0, 9, 4}).add(1, Step::kDeliver).take()},
      {"restored", Script()
                       .talk()
                       .add(0, Step::kSnapshot)
                       .add(1, Step::kSend)
                       .add(0, Step::kSend)
                       .add(0, Step::kRestore)
                       .add(0, Step::kDeliver)
                       .talk()
                       .add(0, Step::kRestore)
                       .talk()
                       .take()},
      {"both-restored", Script()
                            .add(0, Step::kSnapshot)
                            .add(1, Step::kSnapshot)
                            .talk()
                            .add(0, Step::kRestore)
                            .add(1, Step::kRestore)
                            .talk()
                            .take()},
      {"rotated", Script()
                      .add(0, Step::kRotate)
                      .add(1, Step::kRotate)
                      .talk()
                      .add(0, Step::kWait)
                      .add(0, Step::kWait)
                      .add(0, Step::kWait)
                      .talk()
                      .take()},
  };
}

}  // namespace

extern const Target kSession;
const Target kSession{"session", 256, run, seeds};

}  // namespace waxwing::fuzz
