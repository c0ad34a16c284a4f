#include "client/host_guard.h"

#include <stdexcept>
#include <utility>

namespace waxwing {

template <typename Call>
auto HostGuard::ask(Call call) {
  if (state_ == State::kWorking) {
    owner_.onActivity();
    try {
      return call();
    } catch (...) {
      owner_.onHostFailure(std::current_exception());
    }
  }
  throw std::runtime_error("the client has failed");
}

template <std::invocable Call>
void HostGuard::tell(Call call) {
  if (state_ == State::kEnded) return;
  owner_.onActivity();
  try {
    call();
  } catch (...) {
    owner_.onHostFailure(std::current_exception());
  }
}

LinkHost::Login HostGuard::login() {
  return ask([&] { return host_.login(); });
}

Signature HostGuard::signLogin(ByteView body) {
  return ask([&] { return host_.signLogin(body); });
}

std::optional<LinkHost::Registration> HostGuard::registration() {
  return ask([&] { return host_.registration(); });
}

Signature HostGuard::signRegistration(ByteView body) {
  return ask([&] { return host_.signRegistration(body); });
}

void HostGuard::onRegistered() {
  tell([&] { host_.onRegistered(); });
}

void HostGuard::onAttached(std::uint64_t acknowledged, std::uint64_t last) {
  tell([&] { host_.onAttached(acknowledged, last); });
}

// Not taken over is not the same as ignored: the relay must hear of it.
void HostGuard::onPage(Page page) {
  ask([&] { host_.onPage(std::move(page)); });
}

void HostGuard::onFence() {
  tell([&] { host_.onFence(); });
}

void HostGuard::onLinkState(const LinkState& state) {
  tell([&] { host_.onLinkState(state); });
}

void HostGuard::onAnswer(Ticket ticket, tl::expected<Answer, Error> answer) {
  tell([&] { host_.onAnswer(ticket, std::move(answer)); });
}

}  // namespace waxwing
