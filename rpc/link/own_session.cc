#include "rpc/link/own_session.h"

#include <kj/debug.h>

#include <algorithm>
#include <utility>

#include "crypto/hash.h"
#include "rpc/link/kj_time.h"
#include "rpc/link/wire_form.h"
#include "rpc/wire/patience.h"
#include "session/login.h"

namespace waxwing {
namespace {

// A page may begin while the window has room for one envelope only.
constexpr std::size_t kWindowItemsMost = limits::kWindowEnvelopes + limits::kPageEnvelopes;
constexpr std::size_t kWindowBytesMost = limits::kWindowBytes + limits::kMessageBytes;

bool hasName(capnp::List<capnp::Text>::Reader names, const std::string& name) {
  for (const auto entry : names) {
    if (std::string_view(entry.begin(), entry.size()) == name) return true;
  }
  return false;
}

std::uint64_t firstOf(const IncomingItem& item) {
  return std::visit(
      [](const auto& one) -> std::uint64_t {
        if constexpr (requires { one.payload; }) {
          return one.number;
        } else {
          return one.first;
        }
      },
      item);
}

std::uint64_t lastOf(const IncomingItem& item) {
  const auto* gap = std::get_if<IncomingGap>(&item);
  return gap != nullptr ? gap->last : std::get<IncomingEnvelope>(item).number;
}

std::size_t bytesOf(const IncomingItem& item) {
  const auto* envelope = std::get_if<IncomingEnvelope>(&item);
  return envelope != nullptr ? envelope->payload.size() : 0;
}

bool isReplaced(const CallOutcome& outcome) {
  if (!outcome) return outcome.error().code == Errc::kReplaced;
  const auto* answer = std::get_if<MailboxAnswer>(&*outcome);
  return answer != nullptr && answer->outcome == MailboxAnswer::Outcome::kReplaced;
}

}  // namespace

// What the relay calls. The answer to `attach` and the first page may cross: pages wait for it.
class OwnSession::SinkServer final : public wire::Sink::Server {
 public:
  explicit SinkServer(kj::Own<Target> target) : target_(kj::mv(target)) {}

  kj::Promise<void> deliver(DeliverContext context) override {
    return target_->get().whenAttached_.addBranch().then(
        [target = kj::addRef(*target_), context]() mutable { target->get().onDeliver(context.getParams()); });
  }
  kj::Promise<void> fence(FenceContext) override {
    return target_->get().whenAttached_.addBranch().then([target = kj::addRef(*target_)] { target->get().onFence(); });
  }
  kj::Promise<void> closing(ClosingContext context) override {
    target_->get().onClosing(context.getParams().getReason());
    return kj::READY_NOW;
  }

 private:
  kj::Own<Target> target_;
};

OwnSession& OwnSession::Target::get() const {
  if (session == nullptr) kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the session has ended"));
  return *session;
}

OwnSession::OwnSession(kj::Own<kj::AsyncIoStream> stream, RelayAddress dialled, LateAnswers& answers, kj::Timer& timer,
                       Watcher& watcher)
    : dialled_(std::move(dialled)),
      host_(answers.host()),
      timer_(timer),
      watcher_(watcher),
      upSince_(timer.now()),
      target_(kj::refcounted<Target>(*this)),
      connection_(kj::mv(stream)),
      relay_(connection_.relay()),
      calls_(answers, timer, *this),
      tasks_(*this) {}

OwnSession::~OwnSession() noexcept(false) { target_->session = nullptr; }

kj::Promise<Ending> OwnSession::run() {
  tasks_.add(logIn());
  tasks_.add(timer_.afterDelay(kjDuration(limits::kLoginTimeout)).then([this] {
    if (!isUp()) fail(Cause::kTimedOut);
  }));
  // What arrived before the end is heard first: it may say why.
  tasks_.add(
      connection_.onDisconnect().then([] { return kj::evalLast([] {}); }).then([this] { fail(Cause::kDisconnected); }));
  return kj::mv(ended_.promise);
}

// Describe and log in.

kj::Promise<Nonce> OwnSession::freshNonce() {
  return relay_.describeRequest().send().then([this](Described described) { return judgeRelay(described); });
}

kj::Promise<Nonce> OwnSession::judgeRelay(const Described& described) {
  const auto info = described.getInfo();
  if (info.getProtocolVersion() != wire::PROTOCOL_VERSION) {
    return stopped<Nonce>({.failure = {phase_, Cause::kUnimplemented},
                           .stop = LinkState::Stop::kWrongVersion,
                           .detail = "the relay speaks another version of the protocol"});
  }
  if (!hasName(info.getNames(), dialled_.name())) {
    return stopped<Nonce>({.failure = {phase_, Cause::kFailed},
                           .stop = {},
                           .detail = "the relay does not go by the name under which it was dialled"});
  }
  const auto nonce = Nonce::from(byteView(described.getNonce()));
  if (!nonce) return stopped<Nonce>({.failure = {phase_, Cause::kMisbehaving}, .stop = {}, .detail = {}});
  return *nonce;
}

kj::Promise<void> OwnSession::logIn() {
  return freshNonce().then([this](Nonce nonce) { return signLogin(nonce); });
}

kj::Promise<void> OwnSession::signLogin(const Nonce& nonce) {
  const LinkHost::Login login = host_.login();
  const Signature signature = host_.signLogin(loginBody(nonce, dialled_.name(), login.device, login.anchor));
  auto request = relay_.loginRequest();
  request.setAccount(wireData(login.device.account.view()));
  request.setDevice(login.device.device.value());
  request.setAnchor(wireData(login.anchor.view()));
  request.setSignature(wireData(signature.view()));
  return request.send().then([this](Login answer) { return onLogin(kj::mv(answer)); });
}

kj::Promise<void> OwnSession::onLogin(Login login) {
  using Outcome = wire::LoginOutcome;
  switch (login.getOutcome()) {
    case Outcome::OK:
      mailbox_ = login.getMailbox();
      connection_.admitLargeMessages();
      return attach();
    case Outcome::NOT_REGISTERED:
    case Outcome::NOT_LISTED:
      return registerAccount();
    case Outcome::RETIRED:
      stop(LinkState::Stop::kRetired, "this device was retired");
      return kj::NEVER_DONE;
    case Outcome::BUSY:
      fail(Cause::kOverloaded);
      return kj::NEVER_DONE;
    case Outcome::BAD_SIGNATURE:
    case Outcome::UNKNOWN_NONCE:
      break;
  }
  return stopped<void>({.failure = {phase_, Cause::kFailed}, .stop = {}, .detail = "the relay refused the login"});
}

// Register.

kj::Promise<void> OwnSession::registerAccount() {
  if (registration_ != Registration::kNotTried) {
    return stopped<void>({.failure = {phase_, Cause::kFailed},
                          .stop = {},
                          .detail = "the relay took the registration and does not know the device"});
  }
  registration_ = Registration::kTried;
  auto registration = host_.registration();
  if (!registration) {
    return stopped<void>({.failure = {phase_, Cause::kFailed},
                          .stop = {},
                          .detail = "the relay does not know this device yet; its primary has to be online first"});
  }
  return freshNonce().then(
      [this, registration = std::move(*registration)](Nonce nonce) { return sendRegistration(nonce, registration); });
}

kj::Promise<void> OwnSession::sendRegistration(const Nonce& nonce, const LinkHost::Registration& registration) {
  const Hash hash = blake2b(registration.manifest);
  const Signature signature = host_.signRegistration(registerBody(nonce, dialled_.name(), hash));
  auto request = relay_.registerRequest();
  request.setManifest(wireData(registration.manifest));
  request.setSignature(wireData(signature.view()));
  request.setToken(registration.token.c_str());
  return request.send().then(
      [this](capnp::Response<wire::Relay::RegisterResults> answer) { return onRegistration(answer.getOutcome()); });
}

kj::Promise<void> OwnSession::onRegistration(wire::RegisterOutcome outcome) {
  using Stop = LinkState::Stop;
  switch (outcome) {
    case wire::RegisterOutcome::OK:
      registration_ = Registration::kDone;
      return logIn();
    case wire::RegisterOutcome::TOKEN_REFUSED:
      stop(Stop::kNotRegistered, "the relay asks for a valid registration token");
      return kj::NEVER_DONE;
    case wire::RegisterOutcome::BAD_SIGNATURE:
    case wire::RegisterOutcome::BAD_MANIFEST:
      stop(Stop::kNotRegistered, "the relay refused this account's registration");
      return kj::NEVER_DONE;
    case wire::RegisterOutcome::BUSY:
      fail(Cause::kOverloaded);
      return kj::NEVER_DONE;
    case wire::RegisterOutcome::STALE:
    case wire::RegisterOutcome::UNKNOWN_NONCE:
      break;
  }
  return stopped<void>({.failure = {phase_, Cause::kFailed},
                        .stop = {},
                        .detail = "the relay holds another device list of this account"});
}

// Attach and receive.

kj::Promise<void> OwnSession::attach() {
  auto request = mailbox_.attachRequest();
  request.setSink(kj::heap<SinkServer>(kj::addRef(*target_)));
  return request.send().then([this](capnp::Response<wire::Mailbox::AttachResults> answer) {
    onAttached(answer.getAcknowledged(), answer.getLast());
  });
}

void OwnSession::onAttached(std::uint64_t acknowledged, std::uint64_t last) {
  phase_ = LinkPhase::kUp;
  upSince_ = timer_.now();
  newest_ = acknowledged;
  left_ = last - std::min(acknowledged, last);
  announceSyncing();
  if (registration_ == Registration::kDone) host_.onRegistered();
  host_.onAttached(acknowledged, last);
  attached_.fulfiller->fulfill();
  tasks_.add(pingForever());
  tasks_.add(untilCaughtUp());
}

void OwnSession::onDeliver(wire::Sink::DeliverParams::Reader params) {
  auto page = readPage(params.getAttempts(), params.getItems());
  if (!page) {
    fail(Cause::kMisbehaving);
    kj::throwFatalException(KJ_EXCEPTION(FAILED, "not a page"));
  }
  admit(*page);
  left_ -= std::min<std::uint64_t>(left_, page->items.size());
  host_.onPage(std::move(*page));
  if (syncing_) announceSyncing();
}

// Order and window are the relay's to keep; one that does not could make us hold anything.
void OwnSession::admit(const Page& page) {
  ++moved_;
  bool inOrder = true;
  for (const IncomingItem& item : page.items) {
    inOrder = inOrder && firstOf(item) > newest_;
    newest_ = lastOf(item);
    window_.push_back({newest_, bytesOf(item)});
    windowBytes_ += window_.back().bytes;
  }
  if (inOrder && window_.size() <= kWindowItemsMost && windowBytes_ <= kWindowBytesMost) return;
  fail(Cause::kMisbehaving);
  kj::throwFatalException(KJ_EXCEPTION(FAILED, "out of order or beyond the window"));
}

void OwnSession::makeRoom(std::uint64_t upTo) {
  ++moved_;
  while (!window_.empty() && window_.front().last <= upTo) {
    windowBytes_ -= window_.front().bytes;
    window_.pop_front();
  }
}

void OwnSession::onFence() {
  syncing_ = false;
  watcher_.onSessionState({.kind = LinkState::Kind::kOnline, .stop = {}, .retryAt = {}, .left = 0, .detail = {}});
  host_.onFence();
}

void OwnSession::onClosing(wire::Sink::Reason reason) {
  switch (reason) {
    case wire::Sink::Reason::REPLACED:
      return stop(LinkState::Stop::kReplaced, "another link of this device took over");
    case wire::Sink::Reason::RETIRED:
      return stop(LinkState::Stop::kRetired, "this device was retired");
    case wire::Sink::Reason::DRAINING:
      return fail(Cause::kDraining);
  }
}

void OwnSession::announceSyncing() {
  watcher_.onSessionState({.kind = LinkState::Kind::kSyncing, .stop = {}, .retryAt = {}, .left = left_, .detail = {}});
}

// Calls and pings.

void OwnSession::call(Ticket ticket, MailboxCall call, std::size_t bytes) {
  auto outcome = call(mailbox_).then([this](CallOutcome answer) {
    if (isReplaced(answer)) stop(LinkState::Stop::kReplaced, "another link of this device took over");
    return answer;
  });
  calls_.add(ticket, kj::mv(outcome), bytes);
}

void OwnSession::acknowledge(std::uint64_t upTo, Ticket ticket) {
  makeRoom(upTo);
  call(ticket, [this, upTo](wire::Mailbox::Client& mailbox) {
    auto request = mailbox.acknowledgeRequest();
    request.setUpTo(upTo);
    return request.send().then([this](capnp::Response<wire::Mailbox::AcknowledgeResults> answer) -> CallOutcome {
      if (answer.getOutcome() == wire::MailboxOutcome::BUSY) fail(Cause::kOverloaded);
      return readMailbox(answer.getOutcome(), 0);
    });
  });
}

kj::Promise<void> OwnSession::pingForever() {
  return timer_.afterDelay(kjDuration(limits::kPingEvery)).then([this] { return ping(); }).then([this] {
    return pingForever();
  });
}

kj::Promise<void> OwnSession::ping() {
  auto late = untilSilent().then([this] { fail(Cause::kTimedOut); });
  return mailbox_.pingRequest().send().ignoreResult().exclusiveJoin(kj::mv(late));
}

// Over a slow link a ping stands in line behind what is sent, and its answer behind a page that comes: while anything
// comes, the relay is there.
kj::Promise<void> OwnSession::untilSilent() {
  const auto most = patience(kjDuration(limits::kPingAnswer), calls_.bytes());
  return timer_.afterDelay(most).then([this, heard = connection_.receivedBytes()]() -> kj::Promise<void> {
    if (connection_.receivedBytes() == heard) return kj::READY_NOW;
    return untilSilent();
  });
}

// A relay whose connection lives may still send neither what it has nor that this was all: its disk hangs, or it means
// to hold this device up. It owes the one or the other while nothing waits for us, and has the time that the largest
// page takes.
kj::Promise<void> OwnSession::untilCaughtUp() {
  const auto most = patience(kjDuration(limits::kCallTimeout), limits::kWindowBytes);
  return timer_.afterDelay(most).then([this, moved = moved_]() -> kj::Promise<void> {
    if (!syncing_) return kj::READY_NOW;
    if (moved == moved_ && window_.empty()) fail(Cause::kTimedOut);
    return untilCaughtUp();
  });
}

void OwnSession::probe() { tasks_.add(ping()); }

kj::Duration OwnSession::upFor() const { return isUp() ? timer_.now() - upSince_ : 0 * kj::SECONDS; }

// Ending. The first reason is the one that counts.

void OwnSession::end(Ending ending) { ended_.fulfiller->fulfill(kj::mv(ending)); }

void OwnSession::stop(LinkState::Stop reason, std::string detail) {
  end({.failure = {phase_, Cause::kFailed}, .stop = reason, .detail = std::move(detail)});
}

void OwnSession::onCallFailed(LinkFailure failure) { fail(failure.cause); }

void OwnSession::taskFailed(kj::Exception&& exception) { fail(causeOf(exception)); }

}  // namespace waxwing
