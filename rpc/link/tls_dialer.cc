#include "rpc/link/tls_dialer.h"

#include <kj/debug.h>

#include <string>
#include <utility>

#include "rpc/link/connect_race.h"
#include "rpc/link/kj_time.h"
#include "rpc/wire/patience.h"
#include "rpc/wire/tls.h"

namespace waxwing {
namespace {

std::string dialled(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

}  // namespace

// One way through the phases. Every phase fails as an exception; `phase_` then says which it was.
class TlsDialer::Attempt {
 public:
  Attempt(TlsDialer& dialer, const RelayAddress& address) : dialer_(dialer), address_(address) {}

  kj::Promise<DialOutcome> run() {
    return kj::evalNow([this] { return resolve(); })
        .then([](kj::Own<kj::AsyncIoStream> stream) -> DialOutcome { return stream; },
              [this](kj::Exception&& reason) -> DialOutcome { return failure(reason); });
  }

 private:
  using Stream = kj::Own<kj::AsyncIoStream>;

  kj::Promise<Stream> resolve() {
    phase_ = LinkPhase::kResolve;
    return inTime(dialer_.network_.parseAddress(dialled(address_.host).c_str(), address_.port), limits::kConnectTimeout)
        .then([this](kj::Own<kj::NetworkAddress> found) { return connect(kj::mv(found)); });
  }

  kj::Promise<Stream> connect(kj::Own<kj::NetworkAddress> found) {
    phase_ = LinkPhase::kConnect;
    race_ = kj::heap<ConnectRace>(dialer_.network_, dialer_.timer_, kj::mv(found));
    return inTime(race_->run(), limits::kConnectTimeout).then([this](Stream stream) {
      race_ = nullptr;
      noticeAbsence(*stream);
      return shakeHands(kj::mv(stream));
    });
  }

  kj::Promise<Stream> shakeHands(Stream stream) {
    phase_ = LinkPhase::kTls;
    tls_ = kj::heap<TlsClient>(address_.host, ByteView(address_.certificate));
    return inTime(tls_->wrap(kj::mv(stream)), limits::kHandshakeTimeout).then([this](Stream secured) {
      return secured.attach(kj::mv(tls_));
    });
  }

  template <typename T>
  kj::Promise<T> inTime(kj::Promise<T> work, limits::milliseconds most) {
    auto late = dialer_.timer_.afterDelay(kjDuration(most)).then([this]() -> kj::Promise<T> {
      timedOut_ = true;
      return KJ_EXCEPTION(OVERLOADED, "dialling took too long");
    });
    return work.exclusiveJoin(kj::mv(late));
  }

  DialOutcome failure(const kj::Exception& reason) const {
    return tl::unexpected(LinkFailure{phase_, timedOut_ ? Cause::kTimedOut : causeOf(reason)});
  }

  TlsDialer& dialer_;
  RelayAddress address_;
  LinkPhase phase_ = LinkPhase::kResolve;
  bool timedOut_ = false;
  kj::Own<ConnectRace> race_;
  kj::Own<TlsClient> tls_;
};

kj::Promise<DialOutcome> TlsDialer::dial(const RelayAddress& address) {
  auto attempt = kj::heap<Attempt>(*this, address);
  auto outcome = attempt->run();
  return outcome.attach(kj::mv(attempt));
}

}  // namespace waxwing
