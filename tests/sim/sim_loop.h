#pragma once

#include <kj/async.h>
#include <kj/timer.h>

#include <chrono>
#include <functional>
#include <string_view>

#include "crypto/ports.h"
#include "tests/sim/sim_trace.h"

namespace waxwing::testing {

// The one event loop of a simulation. Its time stands still while anything can run, and jumps to the next timer when
// nothing can: hours pass in milliseconds, and every run from one seed is the same. While it lives it is the loop of
// its thread.
class SimLoop {
 public:
  using Span = std::chrono::milliseconds;

  SimLoop() : port_(*this), loop_(port_), waitScope_(loop_) {}
  KJ_DISALLOW_COPY(SimLoop);

  kj::Timer& timer() { return timer_; }
  // For `promise.wait`, which moves time as far as it must. Throws std::logic_error if nothing is left that could
  // resolve the promise.
  kj::WaitScope& waitScope() { return waitScope_; }
  const SimTrace& trace() const { return trace_; }
  // Notes a line with the time before it.
  void note(std::string_view line);

  // Since the simulation began.
  Span elapsed() const { return (timer_.now() - kStart) / kj::MILLISECONDS * Span(1); }
  // Ordinary people's wall clock; devices have clocks of their own (SimClock).
  WallTime now() const { return kEpoch + elapsed(); }

  // Lets run what can run without time passing.
  void settle();
  // Lets exactly this much time pass.
  void runFor(Span span);
  // Until the predicate holds – true – or `bound` has passed or nothing is left to happen – false.
  bool runUntil(const std::function<bool()>& predicate, Span bound);
  // Until nothing is left to happen: no event, no timer. False if that was not so within `bound`.
  bool runUntilQuiescent(Span bound);

 private:
  static constexpr WallTime kEpoch{1'700'000'000'000};
  static constexpr kj::TimePoint kStart = kj::origin<kj::TimePoint>();
  // So many timers at one instant are a loop that never ends.
  static constexpr std::uint32_t kStepsAtOneInstant = 200'000;

  class Port final : public kj::EventPort {
   public:
    explicit Port(SimLoop& owner) : owner_(owner) {}
    bool wait() override;
    bool poll() override { return false; }

   private:
    SimLoop& owner_;
  };

  // Moves time to the next timer, if there is one no later than `latest`.
  bool step(kj::TimePoint latest);
  void advanceTo(kj::TimePoint time);

  SimTrace trace_;
  kj::TimerImpl timer_{kStart};
  std::uint32_t stepsAtThisInstant_ = 0;
  Port port_;
  kj::EventLoop loop_;
  kj::WaitScope waitScope_;
};

// A device's wall clock: it goes with the loop's time, from wherever it was set.
class SimClock final : public Clock {
 public:
  explicit SimClock(const SimLoop& loop) : loop_(loop) {}
  WallTime now() const override { return loop_.now() + offset_; }
  // Moves the clock against real time, either way.
  void jump(SimLoop::Span by) { offset_ += by; }
  SimLoop::Span offset() const { return offset_; }

 private:
  const SimLoop& loop_;
  SimLoop::Span offset_{0};
};

}  // namespace waxwing::testing
