#include "tools/relay/log_observer.h"

#include <spdlog/spdlog.h>

namespace waxwing::relay {

void LogObserver::count(Event event, std::uint64_t times) { counts_[static_cast<std::size_t>(event)] += times; }

void LogObserver::committed(std::size_t operations, std::chrono::microseconds took) {
  ++commits_;
  spdlog::debug("commit of {} operations took {} us", operations, took.count());
}

void LogObserver::limitExceeded(std::string_view limit) { spdlog::debug("refused: {}", limit); }

void LogObserver::storeFailed(Errc code) {
  spdlog::error("the store failed ({}); every call is answered busy until it can be opened again", name(code));
}

void LogObserver::readFailed(Errc code) {
  spdlog::error("a read of the store failed ({}); who asked is answered busy", name(code));
}

void LogObserver::storeReopened() { spdlog::info("the store is open again"); }

void LogObserver::summarise() const {
  spdlog::info("served {} connections, {} logins; accepted {} envelopes, delivered {}, in {} commits",
               of(Event::kConnected), of(Event::kLoggedIn), of(Event::kEnvelopeAccepted), of(Event::kDelivered),
               commits_);
}

}  // namespace waxwing::relay
