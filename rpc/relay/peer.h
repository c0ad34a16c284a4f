#pragma once

#include <kj/async.h>
#include <kj/function.h>
#include <kj/refcount.h>
#include <kj/time.h>

#include <optional>
#include <vector>

#include "crypto/ids.h"
#include "rpc/relay/core.h"

namespace waxwing::relay {

// The other end of one connection, as the capabilities that it was given see it: its nonce, its limits, its links. It
// outlives the connection where a call does.
class Peer final : public kj::Refcounted {
 public:
  // `number` tells connections apart. `onAdmitted` is called once, when the peer has shown a login or an access key.
  Peer(kj::Own<Core> core, std::uint64_t number, kj::Function<void()> onAdmitted);

  Core& core() { return *core_; }
  std::uint64_t number() const { return number_; }

  // The last one drawn counts, once, for Options::nonceAge.
  Nonce drawNonce();
  std::optional<Nonce> takeNonce();

  // Runs one call within the limits of this connection; beyond them, or while draining, it throws.
  template <typename Func>
  kj::Promise<void> call(Func&& func) {
    auto slot = takeSlot();
    try {
      return func().attach(kj::mv(slot));
    } catch (const kj::Exception& refused) {
      noteRefused(refused);
      throw;
    }
  }

  // A capability that the peer holds; counts until it lets go of it.
  class Grant {
   public:
    explicit Grant(kj::Own<Peer> peer);
    Grant(Grant&& other) noexcept : peer_(kj::mv(other.peer_)) {}
    Grant& operator=(Grant&&) = delete;
    ~Grant() noexcept(false);

   private:
    kj::Own<Peer> peer_;
  };
  // For one more; beyond limits::kCapabilities it throws.
  Grant grant();

  void admit();
  bool admitted() const { return admitted_; }

  // Makes a link for a login over this connection and puts it in charge.
  kj::Own<DeviceLink> link(const LoginRef& login);
  // One of its links is in charge of a mailbox.
  bool hasLink() const;

  // Asks the connection to end; `whenClosed` resolves.
  void close();
  kj::Promise<void> whenClosed() { return closed_.addBranch(); }
  // The connection has ended: its links stop.
  void end();
  // The same is known while the relay lives on: what its links left unacknowledged counts.
  void noteAttempts();

  kj::TimePoint lastCall() const { return lastCall_; }

 private:
  // One call in flight.
  class Slot {
   public:
    explicit Slot(kj::Own<Peer> peer);
    Slot(Slot&& other) noexcept : peer_(kj::mv(other.peer_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() noexcept(false);

   private:
    kj::Own<Peer> peer_;
  };
  struct IssuedNonce {
    Nonce nonce;
    kj::TimePoint at;
  };

  Peer(kj::Own<Core> core, std::uint64_t number, kj::Function<void()> onAdmitted,
       kj::PromiseFulfillerPair<void> closing);
  Slot takeSlot();
  void noteRefused(const kj::Exception& refused);

  kj::Own<Core> core_;
  std::uint64_t number_;
  kj::Function<void()> onAdmitted_;
  bool admitted_ = false;
  bool ended_ = false;
  std::size_t callsInFlight_ = 0;
  std::size_t grants_ = 0;
  kj::TimePoint lastCall_;
  std::optional<IssuedNonce> nonce_;
  std::vector<kj::Own<DeviceLink>> links_;
  kj::Own<kj::PromiseFulfiller<void>> close_;
  kj::ForkedPromise<void> closed_;
};

}  // namespace waxwing::relay
