#include "rpc/link/connect_race.h"

#include <string>
#include <utility>

#include "rpc/link/kj_time.h"

namespace waxwing {
namespace {

// KJ shows the addresses of a name in one way only: as text, with commas between them.
kj::Vector<kj::String> addressesOf(kj::NetworkAddress& found) {
  kj::Vector<kj::String> addresses;
  const kj::String text = found.toString();
  for (kj::StringPtr rest = text; addresses.size() < ConnectRace::kMost;) {
    KJ_IF_MAYBE (comma, rest.findFirst(',')) {
      addresses.add(kj::heapString(rest.slice(0, *comma)));
      rest = rest.slice(*comma + 1);
    } else {
      addresses.add(kj::heapString(rest));
      break;
    }
  }
  return addresses;
}

}  // namespace

ConnectRace::ConnectRace(kj::Network& network, kj::Timer& timer, kj::Own<kj::NetworkAddress> found)
    : network_(network), timer_(timer), found_(kj::mv(found)), tasks_(*this) {}

kj::Promise<ConnectRace::Stream> ConnectRace::run() {
  auto addresses = addressesOf(*found_);
  if (addresses.size() == 1) return found_->connect();
  running_ = addresses.size();
  auto delay = 0 * kj::SECONDS;
  for (auto& address : addresses) {
    tasks_.add(
        timer_.afterDelay(delay).then([this, address = kj::mv(address)]() mutable { return start(kj::mv(address)); }));
    delay += kjDuration(kStagger);
  }
  return kj::mv(winner_.promise);
}

kj::Promise<void> ConnectRace::start(kj::String address) {
  return network_.parseAddress(address)
      .then([](kj::Own<kj::NetworkAddress> one) {
        auto connecting = one->connect();
        return connecting.attach(kj::mv(one));
      })
      .then([this](Stream stream) { winner_.fulfiller->fulfill(kj::mv(stream)); });
}

void ConnectRace::failed(kj::Exception&& reason) {
  if (--running_ == 0) winner_.fulfiller->reject(kj::mv(reason));
}

}  // namespace waxwing
