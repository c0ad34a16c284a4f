#pragma once

#include <concepts>
#include <exception>

#include "outbox/link.h"

namespace waxwing {

// Stands between the link and the outbox: notes that something happened, and keeps exceptions out of the event loop,
// where their types would be lost. After a failure the outbox is not called any more, and the link hears no more of it
// than that.
class HostGuard final : public LinkHost {
 public:
  class Owner {
   public:
    // Something may have become due.
    virtual void onActivity() = 0;
    // Has to call `end`.
    virtual void onHostFailure(std::exception_ptr failure) = 0;

   protected:
    ~Owner() = default;
  };

  HostGuard(LinkHost& host, Owner& owner) : host_(host), owner_(owner) {}

  // The outbox is not called any more.
  void end() { state_ = State::kEnded; }

  Login login() override;
  Signature signLogin(ByteView body) override;
  std::optional<Registration> registration() override;
  Signature signRegistration(ByteView body) override;
  void onRegistered() override;
  void onAttached(std::uint64_t acknowledged, std::uint64_t last) override;
  void onPage(Page page) override;
  void onFence() override;
  void onLinkState(const LinkState& state) override;
  void onAnswer(Ticket ticket, tl::expected<Answer, Error> answer) override;

 private:
  // Throws where there is nothing to answer with, and never what the outbox threw: relays hear of it.
  template <typename Call>
  auto ask(Call call);
  template <std::invocable Call>
  void tell(Call call);

  LinkHost& host_;
  Owner& owner_;
  enum class State { kWorking, kEnded } state_ = State::kWorking;
};

}  // namespace waxwing
