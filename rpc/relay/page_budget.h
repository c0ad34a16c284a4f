#pragma once

#include <kj/async.h>

#include <cstddef>
#include <deque>

namespace waxwing::relay {

// A bound over all connections on the bytes of pages that were read from the store and not yet taken over by a client.
// Whoever finds it spent waits in line, so that nobody is passed over. Used on one event loop.
class PageBudget : public kj::Refcounted {
 public:
  explicit PageBudget(std::size_t bytes) : free_(bytes), total_(bytes) {}

  // A part of the budget; given back when it goes.
  class Share {
   public:
    Share(kj::Own<PageBudget> budget, std::size_t bytes) : budget_(kj::mv(budget)), bytes_(bytes) {}
    Share(Share&& other) noexcept : budget_(kj::mv(other.budget_)), bytes_(other.bytes_) {}
    Share& operator=(Share&&) = delete;
    ~Share() noexcept(false) { shrinkTo(0); }

    void shrinkTo(std::size_t bytes);

   private:
    kj::Own<PageBudget> budget_;
    std::size_t bytes_;
  };

  // `bytes` must not exceed the whole budget.
  kj::Promise<Share> take(std::size_t bytes);
  std::size_t inFlight() const { return total_ - free_; }

 private:
  struct Waiter {
    std::size_t bytes;
    kj::Own<kj::PromiseFulfiller<Share>> fulfiller;
  };

  Share give(std::size_t bytes);
  void giveBack(std::size_t bytes);

  std::size_t free_;
  const std::size_t total_;
  std::deque<Waiter> waiting_;
};

}  // namespace waxwing::relay
