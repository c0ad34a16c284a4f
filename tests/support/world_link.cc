#include "tests/support/world_link.h"

#include <stdexcept>

#include "session/login.h"

namespace waxwing::testing {

namespace {

constexpr std::chrono::milliseconds kTimeout{3000};

relay::Access accessOf(const RecipientRef& to) { return relay::KeyHolder{hashOf(to.accessKey), 1}; }

}  // namespace

WorldLink::WorldLink(WorldNetwork& network, LinkHost& host, Guard guard)
    : network_(network), host_(host), guard_(std::move(guard)) {}

WorldLink::~WorldLink() {
  if (up_) up_->relay->detach(up_->device, this);
}

void WorldLink::setNetwork(bool available) {
  available_ = available;
  if (!available && (up_ || connecting_)) {
    plan(network_.clock.now(), Lifetime::kLink, [this] {
      if (!available_) drop("no network");
    });
  }
}

void WorldLink::plan(WallTime time, Lifetime lifetime, std::function<void()> what) {
  network_.agenda.at(
      time, [this, lifetime, what = std::move(what), connection = *connection_, alive = std::weak_ptr(connection_)] {
        const auto now = alive.lock();
        if (!now || (lifetime == Lifetime::kConnection && *now != connection)) return;
        guard_(what);
      });
}

WallTime WorldLink::inOrder(WallTime& last) {
  last = std::max(last, network_.clock.now() + network_.delay());
  return last;
}

void WorldLink::answer(Ticket ticket, AnswerOr answer) { host_.onAnswer(ticket, std::move(answer)); }

// Calls to other relays, each on its own.

void WorldLink::call(const RelayAddress& to, std::function<AnswerOr(WorldRelay&)> perform, Ticket ticket) {
  const WallTime now = network_.clock.now();
  const auto failLater = [this, ticket](WallTime time, Errc code, const char* text) {
    plan(time, Lifetime::kLink, [this, ticket, code, text] { answer(ticket, fail(code, text)); });
  };
  if (!available_ || !wanted_) return failLater(now + network_.delay(), Errc::kOffline, "no network");
  if (network_.happens(network_.faults.requestLost)) return failLater(now + kTimeout, Errc::kTimedOut, "timed out");
  plan(now + network_.delay(), Lifetime::kLink, [this, to, perform = std::move(perform), ticket, failLater] {
    const WallTime arrived = network_.clock.now();
    WorldRelay* relay = network_.find(to);
    if (relay == nullptr) return failLater(arrived + network_.delay(), Errc::kOffline, "the relay is away");
    AnswerOr made = perform(*relay);
    if (network_.happens(network_.faults.answerLost)) {
      return failLater(arrived + kTimeout, Errc::kTimedOut, "timed out");
    }
    plan(arrived + relay->answersLateBy + network_.delay(), Lifetime::kLink,
         [this, ticket, made = std::move(made)]() mutable { answer(ticket, std::move(made)); });
  });
}

void WorldLink::submit(RecipientRef to, Submission batch, Ticket ticket) {
  call(
      to.relay,
      [account = to.account, access = accessOf(to), batch = std::move(batch)](WorldRelay& relay) {
        return AnswerOr(relay.submit(account, access, batch));
      },
      ticket);
}

void WorldLink::fetchManifest(RecipientRef of, Ticket ticket) {
  call(
      of.relay,
      [account = of.account, key = hashOf(of.accessKey)](WorldRelay& relay) {
        return AnswerOr(relay.manifest(account, key));
      },
      ticket);
}

void WorldLink::fetchKeys(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) {
  call(
      of.relay,
      [account = of.account, key = hashOf(of.accessKey), devices = std::move(devices)](WorldRelay& relay) {
        return AnswerOr(relay.keys(account, key, devices));
      },
      ticket);
}

void WorldLink::fetchBundles(RecipientRef of, std::vector<DeviceId> devices, Ticket ticket) {
  call(
      of.relay,
      [account = of.account, access = accessOf(of), devices = std::move(devices)](WorldRelay& relay) {
        return AnswerOr(relay.bundles(account, access, devices));
      },
      ticket);
}

// Calls on the own link, in order, all lost together when it is cut.

void WorldLink::callOwn(std::function<AnswerOr(Up&)> perform, Ticket ticket, std::chrono::milliseconds lateBy) {
  if (!up_) {
    plan(network_.clock.now(), Lifetime::kLink, [this, ticket] { answer(ticket, fail(Errc::kOffline, "offline")); });
    return;
  }
  ownTickets_[ticket] = true;
  plan(inOrder(lastRequest_), Lifetime::kConnection, [this, perform = std::move(perform), ticket, lateBy] {
    if (!network_.find(up_->relay->address())) return drop("the relay is away");
    if (network_.happens(network_.faults.requestLost)) return drop("cut before the relay heard");
    AnswerOr made = perform(*up_);
    if (!up_) return;  // the call itself ended the link
    if (network_.happens(network_.faults.answerLost)) return drop("cut before the relay's answer came");
    plan(inOrder(lastDelivery_) + lateBy, Lifetime::kConnection, [this, ticket, made = std::move(made)]() mutable {
      ownTickets_.erase(ticket);
      answer(ticket, std::move(made));
    });
  });
}

void WorldLink::submitToOwn(Submission batch, Ticket ticket) {
  callOwn([batch = std::move(batch)](
              Up& up) { return AnswerOr(up.relay->submit(up.device.account, relay::Access(up.login), batch)); },
          ticket);
}

void WorldLink::fetchOwnManifest(Ticket ticket) {
  callOwn([](Up& up) { return AnswerOr(up.relay->ownManifest(up.device.account)); }, ticket);
}

void WorldLink::fetchOwnBundles(std::vector<DeviceId> devices, Ticket ticket) {
  callOwn([devices = std::move(devices)](
              Up& up) { return AnswerOr(up.relay->bundles(up.device.account, relay::Access(up.login), devices)); },
          ticket);
}

void WorldLink::publishKeys(KeyPublication keys, Ticket ticket) {
  callOwn([keys = std::move(keys)](Up& up) { return AnswerOr(up.relay->publishKeys(up.login, keys)); }, ticket);
}

void WorldLink::keyStatus(Ticket ticket) {
  callOwn([](Up& up) { return AnswerOr(up.relay->keyStatus(up.login)); }, ticket);
}

void WorldLink::publishManifest(Bytes signedManifest, Ticket ticket) {
  callOwn([manifest =
               std::move(signedManifest)](Up& up) { return AnswerOr(up.relay->publishManifest(up.login, manifest)); },
          ticket);
}

void WorldLink::setAccessKeys(AccessKeyHashes hashes, Ticket ticket) {
  callOwn([hashes = std::move(hashes)](Up& up) { return AnswerOr(up.relay->setAccessKeys(up.login, hashes)); }, ticket);
}

void WorldLink::swapAnchor(Anchor expected, Anchor next, Ticket ticket) {
  const auto lateBy = up_ ? up_->relay->anchorsLateBy : std::chrono::milliseconds{0};
  callOwn([expected, next](Up& up) { return up.relay->swapAnchor(up.login, expected, next); }, ticket, lateBy);
}

void WorldLink::acknowledge(std::uint64_t upTo, Ticket ticket) {
  callOwn(
      [this, upTo](Up& up) {
        const auto outcome = up.relay->acknowledge(up.login, upTo);
        up.acknowledged = std::max(up.acknowledged, upTo);
        deliver();
        fence();
        return AnswerOr(outcome);
      },
      ticket);
}

// The own link's life.

void WorldLink::goOnline() {
  wanted_ = true;
  if (!up_ && !connecting_) connect();
}

void WorldLink::goOffline() {
  wanted_ = false;
  plan(network_.clock.now(), Lifetime::kLink, [this] {
    if (wanted_) return;
    forgetOwn();
    report({.kind = LinkState::Kind::kOffline, .stop = {}, .retryAt = {}, .left = 0, .detail = {}});
  });
}

void WorldLink::networkChanged() {
  backoff_.reset();
  if (wanted_ && !up_) connect();
}

void WorldLink::report(LinkState state) { host_.onLinkState(state); }

void WorldLink::connect() {
  connecting_ = true;
  ++*connection_;
  plan(network_.clock.now(), Lifetime::kConnection, [this] {
    report({.kind = LinkState::Kind::kConnecting, .stop = {}, .retryAt = {}, .left = 0, .detail = {}});
    plan(network_.clock.now() + network_.delay(), Lifetime::kConnection, [this] { login(); });
  });
}

void WorldLink::login() {
  const LinkHost::Login wish = host_.login();
  WorldRelay* relay = available_ ? network_.find(wish.relay) : nullptr;
  if (relay == nullptr) return drop("the relay is not reached");
  const Bytes body = loginBody(network_.random.fixed<Nonce>(), wish.relay.name(), wish.device, wish.anchor);
  const Signature signature = host_.signLogin(body);
  using Verdict = relay::LoginOutcome::Verdict;
  auto outcome = relay->login(wish.device);
  bool registered = false;
  if (outcome.verdict == Verdict::kNotRegistered) {
    const auto registration = host_.registration();
    if (!registration) return stop(LinkState::Stop::kNotRegistered);
    relay->registerAccount(registration->manifest);
    registered = true;
    outcome = relay->login(wish.device);
  }
  if (outcome.verdict == Verdict::kRetired) return stop(LinkState::Stop::kRetired);
  if (outcome.verdict != Verdict::kOk) return drop("login refused");
  const auto record = relay->store().findDevice(wish.device);
  if (!record || !verify(record->signingKey, SignatureUse::kLogin, body, signature)) {
    throw std::logic_error("a login that does not verify");
  }
  attach(*relay, outcome.login, registered);
}

void WorldLink::attach(WorldRelay& relay, const relay::LoginRef& login, bool registered) {
  const auto position = relay.store().findPosition(login.address).value();
  connecting_ = false;
  backoff_.reset();
  up_ = Up{.relay = &relay,
           .device = login.address,
           .login = login,
           .delivered = position.acknowledged,
           .acknowledged = position.acknowledged,
           .fenceAt = position.last};
  relay.attach(login.address, this);
  report({.kind = LinkState::Kind::kSyncing,
          .stop = {},
          .retryAt = {},
          .left = position.last - position.acknowledged,
          .detail = {}});
  if (registered) host_.onRegistered();
  host_.onAttached(position.acknowledged, position.last);
  if (!up_) return;
  deliver();
  fence();
}

void WorldLink::deliver() {
  while (up_->delivered - up_->acknowledged < limits::kWindowEnvelopes) {
    const auto items = up_->relay->store().readPage(up_->device, up_->delivered, {});
    if (items.empty()) return;
    Page page;
    for (const auto& item : items) {
      if (const auto* gap = std::get_if<relay::Gap>(&item.content)) {
        page.items.push_back(IncomingGap{.first = item.number,
                                         .last = gap->last,
                                         .count = gap->count,
                                         .reason = static_cast<IncomingGap::Reason>(gap->reason),
                                         .firstAt = gap->firstAt,
                                         .lastAt = gap->lastAt});
        up_->delivered = gap->last;
        continue;
      }
      const auto& envelope = std::get<relay::QueuedEnvelope>(item.content);
      page.items.push_back(IncomingEnvelope{.number = item.number,
                                            .id = envelope.id,
                                            .keyClass = static_cast<IncomingEnvelope::KeyClass>(envelope.keyClass),
                                            .payload = envelope.payload});
      up_->delivered = item.number;
    }
    network_.mostDelivered = std::max(network_.mostDelivered, up_->delivered - up_->acknowledged);
    plan(inOrder(lastDelivery_), Lifetime::kConnection, [this, page = std::move(page)] {
      if (network_.happens(network_.faults.cut)) return drop("cut in the middle of a page");
      host_.onPage(page);
    });
  }
}

void WorldLink::fence() {
  if (up_->fenced || up_->acknowledged < up_->fenceAt) return;
  up_->fenced = true;
  plan(inOrder(lastDelivery_), Lifetime::kConnection, [this] {
    report({.kind = LinkState::Kind::kOnline, .stop = {}, .retryAt = {}, .left = 0, .detail = {}});
    host_.onFence();
  });
}

void WorldLink::onArrival() {
  plan(network_.clock.now(), Lifetime::kConnection, [this] { deliver(); });
}

void WorldLink::onClosing(LinkState::Stop reason) {
  plan(network_.clock.now() + network_.delay(), Lifetime::kConnection, [this, reason] { stop(reason); });
}

// Answers what is open on the own link, after which nothing of it is left.
void WorldLink::forgetOwn() {
  ++*connection_;
  connecting_ = false;
  if (up_) up_->relay->detach(up_->device, this);
  up_.reset();
  for (const auto& [ticket, open] : std::exchange(ownTickets_, {})) {
    plan(network_.clock.now(), Lifetime::kLink,
         [this, lost = ticket] { answer(lost, fail(Errc::kDisconnected, "the link went down")); });
  }
}

void WorldLink::drop(std::string why) {
  forgetOwn();
  if (!wanted_) return;
  const WallTime retryAt = network_.clock.now() + backoff_.next(network_.random);
  plan(retryAt, Lifetime::kConnection, [this] {
    if (wanted_ && !up_ && !connecting_) connect();
  });
  report({.kind = LinkState::Kind::kWaitingForNetwork, .stop = {}, .retryAt = retryAt, .left = 0, .detail = why});
}

void WorldLink::stop(LinkState::Stop reason) {
  forgetOwn();
  wanted_ = false;
  report({.kind = LinkState::Kind::kStopped, .stop = reason, .retryAt = {}, .left = 0, .detail = {}});
}

}  // namespace waxwing::testing
