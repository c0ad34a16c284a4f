#pragma once

#include <list>

#include "rpc/link/recipient_connection.h"

namespace waxwing {

// The connections that are not logged in, by relay address, one's own relay included: made when a call needs one, kept
// for limits::kAnonymousIdle after the last call, limits::kAnonymousConnections at most. They know no retry: a failure
// is each ticket's answer, and whoever submits has a back-off of his own.
class Recipients final : private RecipientConnection::Owner, private kj::TaskSet::ErrorHandler {
 public:
  Recipients(LateAnswers& answers, Dialer& dialer, kj::Timer& timer)
      : answers_(answers), dialer_(dialer), timer_(timer), tasks_(*this) {}
  KJ_DISALLOW_COPY(Recipients);

  // kBusy where all connections are in use.
  void call(const RelayAddress& relay, RecipientCall call);
  // Ends all connections, in an event of its own; the open tickets are answered with `error`.
  void endAll(Error error);
  // New calls get new connections; the old ones end with their calls.
  void renew();

 private:
  // kRetiring: ends when idle, takes no new call. kEnding: is about to be dropped.
  enum class Use { kOpen, kRetiring, kEnding };
  struct Entry {
    Entry(const RelayAddress& relay, Recipients& owner)
        : address(relay), connection(relay, owner.dialer_, owner.answers_, owner.timer_, owner) {}

    RelayAddress address;
    Use use = Use::kOpen;
    std::uint64_t newestCall = 0;  // calls are numbered over all connections
    RecipientConnection connection;
  };

  Entry* find(const RelayAddress& relay);
  Entry* add(const RelayAddress& relay);
  Entry& entryOf(const RecipientConnection& connection);
  void endLater(Entry& entry, Error error);
  void dropIfUnusedSince(std::uint64_t call);

  void onIdle(RecipientConnection& connection) override;
  void onEnded(RecipientConnection& connection, LinkFailure failure) override;
  void taskFailed(kj::Exception&& exception) override;

  LateAnswers& answers_;
  Dialer& dialer_;
  kj::Timer& timer_;
  std::list<Entry> entries_;
  std::uint64_t calls_ = 0;
  kj::TaskSet tasks_;
};

}  // namespace waxwing
