#include "tests/sim/sim_loop.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "rpc/link/kj_time.h"

namespace waxwing::testing {

void SimLoop::note(std::string_view line) { trace_.note(std::to_string(elapsed().count()) + " " + std::string(line)); }

bool SimLoop::Port::wait() {
  if (!owner_.step(kj::maxValue)) throw std::logic_error("nothing is left that could happen");
  return false;
}

void SimLoop::settle() { waitScope_.poll(); }

void SimLoop::runFor(Span span) {
  const kj::TimePoint until = timer_.now() + kjDuration(span);
  settle();
  while (step(until)) settle();
  advanceTo(until);
  settle();
}

bool SimLoop::runUntil(const std::function<bool()>& predicate, Span bound) {
  const kj::TimePoint until = timer_.now() + kjDuration(bound);
  settle();
  while (!predicate()) {
    if (!step(until)) return false;
    settle();
  }
  return true;
}

bool SimLoop::runUntilQuiescent(Span bound) {
  const kj::TimePoint until = timer_.now() + kjDuration(bound);
  settle();
  while (step(until)) settle();
  return timer_.nextEvent() == nullptr;
}

bool SimLoop::step(kj::TimePoint latest) {
  KJ_IF_MAYBE (next, timer_.nextEvent()) {
    if (*next > latest) return false;
    advanceTo(std::max(*next, timer_.now()));
    return true;
  }
  return false;
}

void SimLoop::advanceTo(kj::TimePoint time) {
  stepsAtThisInstant_ = time > timer_.now() ? 0 : stepsAtThisInstant_ + 1;
  if (stepsAtThisInstant_ > kStepsAtOneInstant) throw std::logic_error("timers go round without time passing");
  timer_.advanceTo(time);
}

}  // namespace waxwing::testing
