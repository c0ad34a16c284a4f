#pragma once

#include <gtest/gtest.h>
#include <kj/timer.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "rpc/link/kj_time.h"
#include "rpc/link/rpc_link.h"
#include "session/login.h"
#include "tests/rpc/fake_relay.h"

namespace waxwing::testing {

inline AccountId someAccount() { return AccountId::fromTrusted(Bytes(32, 9)); }
inline DeviceId someDevice() { return DeviceId::fromTrusted(3); }

inline std::string describe(const LinkState& state) {
  static constexpr const char* kKinds[] = {"offline", "waiting", "connecting", "syncing", "online", "stopped"};
  static constexpr const char* kStops[] = {"",           " replaced",     " cloned",       " retired",
                                           " untrusted", " wrongVersion", " notRegistered"};
  std::string text = kKinds[static_cast<int>(state.kind)];
  if (state.kind == LinkState::Kind::kSyncing) text += " " + std::to_string(state.left);
  return text + kStops[static_cast<int>(state.stop)];
}

// Notes all that it is told.
class FakeHost final : public LinkHost {
 public:
  std::vector<std::string> log;
  std::vector<LinkState> states;
  std::vector<Page> pages;
  std::map<Ticket, std::vector<CallOutcome>> answers;
  std::optional<Registration> toRegister;
  Bytes signedLogin;
  Bytes signedRegistration;
  std::function<void()> onceAttached = [] {};
  std::function<void()> onceAnswered = [] {};
  // Set while the test is inside a member of Link: no call may come then.
  enum class Caller { kLoop, kLinkMember } caller = Caller::kLoop;

  const RelayAddress relay{"relay.example", 7077, {}};

  Login login() override { return {relay, {someAccount(), someDevice()}, Anchor{}}; }
  Signature signLogin(ByteView body) override {
    signedLogin = toBytes(body);
    return Signature{};
  }
  std::optional<Registration> registration() override { return toRegister; }
  Signature signRegistration(ByteView body) override {
    signedRegistration = toBytes(body);
    return Signature{};
  }
  void onRegistered() override { note("registered"); }
  void onAttached(std::uint64_t acknowledged, std::uint64_t last) override {
    note("attached " + std::to_string(acknowledged) + " " + std::to_string(last));
    onceAttached();
  }
  void onPage(Page page) override {
    note("page " + std::to_string(page.items.size()));
    pages.push_back(std::move(page));
  }
  void onFence() override { note("fence"); }
  void onLinkState(const LinkState& state) override {
    states.push_back(state);
    note(describe(state));
  }
  void onAnswer(Ticket ticket, tl::expected<Answer, Error> answer) override {
    EXPECT_EQ(caller, Caller::kLoop);
    answers[ticket].push_back(std::move(answer));
    onceAnswered();
  }

  Errc errorOf(Ticket ticket) const { return answers.at(ticket).at(0).error().code; }
  template <typename T>
  const T& answer(Ticket ticket) const {
    return std::get<T>(answers.at(ticket).at(0).value());
  }

 private:
  void note(std::string line) {
    EXPECT_EQ(caller, Caller::kLoop);
    log.push_back(std::move(line));
  }
};

// A link, its host and its relay on one event loop whose time moves only when the test says so.
class LinkTest : public ::testing::Test {
 protected:
  LinkTest() : waitScope_(loop_), timer_(kj::origin<kj::TimePoint>()), clock_(WallTime{1'000'000}), random_(1) {
    link_ = kj::heap<RpcLink>(host_, relay_, timer_, clock_, random_);
  }
  ~LinkTest() noexcept override = default;

  void settle() { waitScope_.poll(); }

  // Lets `span` pass, timer by timer.
  void pass(limits::milliseconds span) {
    const kj::TimePoint until = timer_.now() + kjDuration(span);
    settle();
    for (;;) {
      kj::TimePoint next = until;
      KJ_IF_MAYBE (due, timer_.nextEvent()) next = std::min(*due, until);
      clock_.advance(limits::milliseconds((next - timer_.now()) / kj::MILLISECONDS));
      timer_.advanceTo(next);
      settle();
      if (next == until) return;
    }
  }

  // Calls a member of the link, during which the host must not be called.
  template <typename Call>
  void link(Call call) {
    host_.caller = FakeHost::Caller::kLinkMember;
    call(static_cast<Link&>(*link_));
    host_.caller = FakeHost::Caller::kLoop;
  }

  void comeOnline() {
    link([](Link& link) { link.goOnline(); });
    settle();
    ASSERT_TRUE(relay_.sink.has_value());
    tellFence();
    settle();
    ASSERT_EQ(host_.log.back(), "fence");
  }
  void tellFence() { send(relay_.sink->fenceRequest().send().ignoreResult()); }
  void tellClosing(wire::Sink::Reason reason) {
    auto request = relay_.sink->closingRequest();
    request.setReason(reason);
    send(request.send().ignoreResult());
  }
  // A page of envelopes with these numbers.
  void deliver(std::vector<std::uint64_t> numbers, std::size_t payload = 10) {
    auto request = relay_.sink->deliverRequest();
    auto items = request.initItems(static_cast<unsigned>(numbers.size()));
    for (unsigned i = 0; i < numbers.size(); ++i) {
      items[i].setNumber(numbers[i]);
      items[i].initEnvelope().setId(wireData(Bytes(16, 1)));
      items[i].getEnvelope().setPayload(wireData(Bytes(payload, 2)));
    }
    send(request.send().ignoreResult());
  }

  RecipientRef recipient(std::string host = "other.example") {
    return {someAccount(), RelayAddress{std::move(host), 7077, {}}, AccessKey{}};
  }
  static Submission batch(std::size_t envelopes = 1, std::size_t payload = 10) {
    Submission submission{5, {}};
    for (std::size_t i = 0; i < envelopes; ++i) submission.envelopes.push_back({{}, someDevice(), Bytes(payload, 1)});
    return submission;
  }

  class Quiet final : public kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };
  void send(kj::Promise<void> call) { calls_.add(kj::mv(call)); }

  kj::EventLoop loop_;
  kj::WaitScope waitScope_;
  kj::TimerImpl timer_;
  ManualClock clock_;
  SeededRandom random_;
  Quiet quiet_;
  FakeHost host_;
  FakeRelay relay_;
  kj::Own<RpcLink> link_;
  kj::TaskSet calls_{quiet_};
};

}  // namespace waxwing::testing
