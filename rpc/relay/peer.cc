#include "rpc/relay/peer.h"

#include <algorithm>

#include "rpc/relay/convert.h"

namespace waxwing::relay {

Peer::Peer(kj::Own<Core> core, std::uint64_t number, kj::Function<void()> onAdmitted)
    : Peer(kj::mv(core), number, kj::mv(onAdmitted), kj::newPromiseAndFulfiller<void>()) {}

Peer::Peer(kj::Own<Core> core, std::uint64_t number, kj::Function<void()> onAdmitted,
           kj::PromiseFulfillerPair<void> closing)
    : core_(kj::mv(core)),
      number_(number),
      onAdmitted_(kj::mv(onAdmitted)),
      lastCall_(core_->timer().now()),
      close_(kj::mv(closing.fulfiller)),
      closed_(closing.promise.fork()) {}

Nonce Peer::drawNonce() {
  nonce_ = IssuedNonce{core_->random().fixed<Nonce>(), core_->timer().now()};
  return nonce_->nonce;
}

std::optional<Nonce> Peer::takeNonce() {
  const auto issued = std::exchange(nonce_, std::nullopt);
  if (!issued || core_->timer().now() - issued->at > core_->options().nonceAge) return std::nullopt;
  return issued->nonce;
}

void Peer::admit() {
  if (std::exchange(admitted_, true) || ended_) return;
  onAdmitted_();
}

kj::Own<DeviceLink> Peer::link(const LoginRef& login) {
  auto made = core_->newLink(login, [this] { close(); });
  if (ended_) {
    made->stop();
    return made;
  }
  std::erase_if(links_, [](const auto& old) { return !old->inCharge(); });
  links_.push_back(kj::addRef(*made));
  core_->takeOver(*made);
  return made;
}

bool Peer::hasLink() const {
  return std::ranges::any_of(links_, [](const auto& link) { return link->inCharge(); });
}

Peer::Grant Peer::grant() {
  if (grants_ >= limits::kCapabilities) {
    core_->observer().limitExceeded("capabilities");
    refuse(kj::str("at most ", limits::kCapabilities, " capabilities at once"));
  }
  return Grant(kj::addRef(*this));
}

Peer::Grant::Grant(kj::Own<Peer> peer) : peer_(kj::mv(peer)) { ++peer_->grants_; }

Peer::Grant::~Grant() noexcept(false) {
  if (peer_.get() != nullptr) --peer_->grants_;
}

void Peer::noteAttempts() {
  for (auto& link : links_) core_->noteAttempt(*link);
}

void Peer::close() { close_->fulfill(); }

void Peer::end() {
  ended_ = true;
  onAdmitted_ = [] {};
  for (auto& link : links_) {
    link->stop();
    core_->forget(*link);
  }
  links_.clear();
}

Peer::Slot Peer::takeSlot() {
  if (core_->draining()) {
    kj::throwFatalException(
        kj::Exception(kj::Exception::Type::OVERLOADED, __FILE__, __LINE__, kj::str("the relay is shutting down")));
  }
  const auto& options = core_->options();
  const std::size_t most = admitted_ ? options.callsInFlight : options.anonymousCallsInFlight;
  if (callsInFlight_ >= most) {
    core_->observer().limitExceeded("callsInFlight");
    refuse(kj::str("at most ", most, " calls in flight"));
  }
  lastCall_ = core_->timer().now();
  return Slot(kj::addRef(*this));
}

void Peer::noteRefused(const kj::Exception& refused) {
  const auto why = refused.getDescription();
  core_->observer().limitExceeded({why.begin(), why.size()});
}

Peer::Slot::Slot(kj::Own<Peer> peer) : peer_(kj::mv(peer)) {
  ++peer_->callsInFlight_;
  peer_->core_->callBegins();
}

Peer::Slot::~Slot() noexcept(false) {
  if (peer_.get() == nullptr) return;
  --peer_->callsInFlight_;
  peer_->core_->callEnds();
}

}  // namespace waxwing::relay
