#include "outbox/context.h"

namespace waxwing {

Context::Context(Database& database, const Clock& clockPort, Random& randomPort, OwnDevice device)
    : db(database), clock(clockPort), random(randomPort), self(std::move(device)) {
  const HybridTime limit{static_cast<std::uint64_t>((now() + limits::kRemoteClockAhead).ms) << 16};
  lastTime = std::min(HybridTime{messages.newestSentAt()}, limit);
  if (const auto value = settings.findInteger(setting::kStopped)) stopped = static_cast<LinkState::Stop>(*value);
  if (const auto held = settings.find(setting::kStream)) stream = StreamId::from(held->view()).value();
}

HybridTime Context::nextTime() {
  lastTime = HybridTime::next(lastTime, now());
  return lastTime;
}

void Context::sawTime(HybridTime time) {
  const HybridTime limit{static_cast<std::uint64_t>((now() + limits::kRemoteClockAhead).ms) << 16};
  lastTime = std::max(lastTime, std::min(time, limit));
}

Step::Step(Context& context, CommitPoint point)
    : context_(context), events_(context.events.size()), transaction_(context.db, point) {}

Step::~Step() {
  if (committed_) return;
  context_.events.dropFrom(events_);
  context_.roster.forgetAll();
}

void Step::commit() {
  transaction_.commit();
  committed_ = true;
}

Attempt::Attempt(Context& context, Transaction& transaction)
    : context_(context), events_(context.events.size()), savepoint_(transaction) {}

Attempt::~Attempt() {
  if (kept_) return;
  context_.events.dropFrom(events_);
  context_.roster.forgetAll();
}

void Attempt::keep() {
  savepoint_.release();
  kept_ = true;
}

}  // namespace waxwing
