#pragma once

#include <kj/async-io.h>
#include <kj/function.h>
#include <kj/refcount.h>
#include <kj/timer.h>

#include <deque>
#include <string>

#include "rpc/link/connection.h"
#include "rpc/link/open_calls.h"

namespace waxwing {

// Why a session with the own relay ended: `stop` for good, until the app asks again, or else by a failure.
struct Ending {
  LinkFailure failure;
  LinkState::Stop stop = LinkState::Stop::kNone;
  std::string detail;  // one line; empty: the failure's own
};

// One connection to the own relay, from its first byte to its end: describe, log in (and register, where the relay does
// not know the account), attach, receive, ping.
class OwnSession final : private OpenCalls::Owner, private kj::TaskSet::ErrorHandler {
 public:
  // Told of kSyncing and kOnline.
  class Watcher {
   public:
    virtual void onSessionState(LinkState state) = 0;

   protected:
    ~Watcher() = default;
  };
  using MailboxCall = kj::Function<kj::Promise<CallOutcome>(wire::Mailbox::Client&)>;

  // `dialled`: under what name; the signatures cover it.
  OwnSession(kj::Own<kj::AsyncIoStream> stream, RelayAddress dialled, LateAnswers& answers, kj::Timer& timer,
             Watcher& watcher);
  ~OwnSession() noexcept(false);
  KJ_DISALLOW_COPY(OwnSession);

  // Runs the session; once.
  kj::Promise<Ending> run();

  // Attached: calls are taken.
  bool isUp() const { return phase_ == LinkPhase::kUp; }
  // For how long.
  kj::Duration upFor() const;
  // `bytes`: what it sends, where that is much.
  void call(Ticket ticket, MailboxCall call, std::size_t bytes = 0);
  // Makes room in the window. Nobody asks a second time for what the relay could not note down, so that the fence
  // would never come: a busy answer ends the session, and the next one delivers what is not acknowledged.
  void acknowledge(std::uint64_t upTo, Ticket ticket);
  // Pings now: is the connection still there?
  void probe();
  // Answers what is open with `error`. The session is dropped next.
  void abandon(const Error& error) { calls_.abandon(error); }

 private:
  class SinkServer;
  // Outlives the session in calls that the RPC system still runs.
  struct Target : kj::Refcounted {
    explicit Target(OwnSession& owner) : session(&owner) {}
    OwnSession& get() const;
    OwnSession* session;
  };
  struct Delivered {
    std::uint64_t last;
    std::size_t bytes;
  };
  using Login = capnp::Response<wire::Relay::LoginResults>;
  using Described = capnp::Response<wire::Relay::DescribeResults>;

  kj::Promise<Nonce> freshNonce();
  kj::Promise<Nonce> judgeRelay(const Described& described);
  kj::Promise<void> logIn();
  kj::Promise<void> signLogin(const Nonce& nonce);
  kj::Promise<void> onLogin(Login login);
  kj::Promise<void> registerAccount();
  kj::Promise<void> sendRegistration(const Nonce& nonce, const LinkHost::Registration& registration);
  kj::Promise<void> onRegistration(wire::RegisterOutcome outcome);
  kj::Promise<void> attach();
  void onAttached(std::uint64_t acknowledged, std::uint64_t last);

  void onDeliver(wire::Sink::DeliverParams::Reader params);
  void admit(const Page& page);
  void makeRoom(std::uint64_t upTo);
  void onFence();
  void onClosing(wire::Sink::Reason reason);
  void announceSyncing();

  kj::Promise<void> pingForever();
  kj::Promise<void> ping();
  kj::Promise<void> untilSilent();
  kj::Promise<void> untilCaughtUp();

  void end(Ending ending);
  void fail(Cause cause) { end({.failure = {phase_, cause}, .stop = {}, .detail = {}}); }
  void stop(LinkState::Stop reason, std::string detail);
  // Ends the session from within a step of its handshake.
  template <typename T>
  kj::Promise<T> stopped(Ending ending) {
    end(std::move(ending));
    return kj::Promise<T>(kj::NEVER_DONE);
  }
  void onCallFailed(LinkFailure failure) override;
  std::uint64_t receivedBytes() const override { return connection_.receivedBytes(); }
  void taskFailed(kj::Exception&& exception) override;

  const RelayAddress dialled_;
  LinkHost& host_;
  kj::Timer& timer_;
  Watcher& watcher_;
  LinkPhase phase_ = LinkPhase::kLogin;
  kj::TimePoint upSince_;
  enum class Registration { kNotTried, kTried, kDone } registration_ = Registration::kNotTried;
  bool syncing_ = true;
  std::uint64_t left_ = 0;
  std::uint64_t newest_ = 0;      // number delivered
  std::deque<Delivered> window_;  // not acknowledged
  std::size_t windowBytes_ = 0;
  std::uint64_t moved_ = 0;  // pages that came, and acknowledgements of them
  kj::PromiseFulfillerPair<Ending> ended_ = kj::newPromiseAndFulfiller<Ending>();
  kj::PromiseFulfillerPair<void> attached_ = kj::newPromiseAndFulfiller<void>();
  kj::ForkedPromise<void> whenAttached_ = attached_.promise.fork();
  kj::Own<Target> target_;
  Connection connection_;
  wire::Relay::Client relay_;
  wire::Mailbox::Client mailbox_ = nullptr;
  OpenCalls calls_;
  kj::TaskSet tasks_;
};

}  // namespace waxwing
