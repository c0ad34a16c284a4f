#pragma once

#include <algorithm>
#include <array>

#include "outbox/context.h"

namespace waxwing {

// Which envelopes are opened at once, and which wait until all that is authentic was (hardening H3): a forged one costs
// its maker nothing, and here a ratchet turn in every state of a session. Once too much was spent in vain on those that
// waited, more of them are turned away, and whom they name is asked to send again what he sent. What waits is in the
// database; what each class of access key has cost in vain is counted in steps of a chain, in memory.
class SlowQueue {
 public:
  using KeyClass = IncomingEnvelope::KeyClass;
  using Row = SlowQueueTable::Row;
  using Rank = SlowQueueTable::Rank;

  explicit SlowQueue(Context& context) : context_(context), waits_(!context.slow.empty()) {}

  // What may be spent on an envelope that came through a key of that class, and on one that has waited.
  Ratchet::Effort effort(KeyClass keyClass) const;
  Ratchet::Effort effortAfterWaiting(KeyClass keyClass) const;
  // So much was in vain of late that what is costly is not kept, but turned away.
  bool isExhausted(KeyClass keyClass) const;
  void charge(KeyClass keyClass, Ratchet::Effort effort, std::uint64_t workInVain);
  // One that had waited was authentic.
  void proved(KeyClass keyClass) { late_[indexOf(keyClass)].work = 0; }
  // Nothing waits and nothing is on its way: what was spent at once does not count any more.
  void rest() { spent_ = {}; }

  // Keeps an envelope for later, once, however often it comes. False: there is no room, and nothing was kept.
  bool add(Transaction& transaction, const DeviceAddress& claimed, const IncomingEnvelope& incoming, Rank rank);
  // The same for what this database held already: needs no room.
  void take(Transaction& transaction, const DeviceAddress& claimed, const IncomingEnvelope& incoming, Rank rank);
  // The rank of what decrypting refused with this code; nullopt: it need not wait.
  static std::optional<Rank> rankOf(Errc code);
  bool empty() const { return !waits_; }

  // The next to open, marked as begun, in a transaction of its own: what costs less first, and always one of the others
  // as well. One alone if it was begun before, for it may be what ended the process.
  std::vector<Row> next();
  void remove(Transaction& transaction, const Row& row);
  // After the transaction that removed some.
  void look() { waits_ = !context_.slow.empty(); }

 private:
  // The relay's word may be anything.
  static std::size_t indexOf(KeyClass keyClass) { return std::min<std::size_t>(static_cast<std::size_t>(keyClass), 2); }

  Context& context_;
  bool waits_;  // true without need does no harm
  std::array<std::uint64_t, 3> spent_{};
  struct Late {
    std::uint64_t work = 0;
    WallTime since;
  };
  std::array<Late, 3> late_{};  // spent on what had waited
};

}  // namespace waxwing
