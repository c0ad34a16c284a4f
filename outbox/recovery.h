#pragma once

#include "outbox/compose.h"
#include "outbox/context.h"
#include "outbox/network.h"
#include "outbox/streams.h"

namespace waxwing {

// Asks for what is lacking here (docs/protocol.md §9): holes by their numbers, unreadable envelopes by their ids, and
// after a restore or what the relay lost by stating all that is held. Only listed devices of accepted contacts and own
// ones are asked, over a session that is known to work, with back-off and a bound; after that what is missing is lost.
// How each device's asking goes stands in its row, so that a crash anywhere resumes.
class Recovery {
 public:
  struct Parts {
    Context& context;
    Network& network;
    Composer& composer;
    Streams& streams;
  };
  explicit Recovery(Parts parts) : parts_(parts), context_(parts.context), network_(parts.network) {}

  void pump();
  std::optional<WallTime> nextDeadline() const;
  // Something that was never asked for is to be asked for as soon as may be.
  bool isDue();

 private:
  using Row = RecoveryTable::Row;

  bool mayAsk() const;
  void ask(Transaction& transaction, Row row);
  bool isAskable(const DeviceAddress& device);
  bool wantsFreshSession(const Row& row);
  void postpone(Transaction& transaction, Row row, std::chrono::milliseconds by);
  std::optional<Body> request(const Row& row);
  body::Marks state(const DeviceAddress& device);

  Parts parts_;
  Context& context_;
  Network& network_;
  std::optional<WallTime> next_;
};

}  // namespace waxwing
