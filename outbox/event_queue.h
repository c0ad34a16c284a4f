#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "outbox/outbox.h"

namespace waxwing {

// What the app is told, held back until it is durable: events are added inside a transaction, dropped with it, and
// delivered outside of any.
class EventQueue {
 public:
  void add(Event event) { events_.push_back(std::move(event)); }
  std::size_t size() const { return events_.size(); }
  void dropFrom(std::size_t size) { events_.resize(std::min(size, events_.size())); }

  // The app may call back into the outbox: what that adds is delivered by the outermost call.
  void deliver(const std::function<void(const Event&)>& tell) {
    if (delivering_) return;
    delivering_ = true;
    while (!events_.empty()) {
      const Event event = std::move(events_.front());
      events_.pop_front();
      if (tell) tell(event);
    }
    delivering_ = false;
  }

 private:
  std::deque<Event> events_;
  bool delivering_ = false;
};

}  // namespace waxwing
