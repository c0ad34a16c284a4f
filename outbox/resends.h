#pragma once

#include "outbox/compose.h"
#include "outbox/context.h"
#include "outbox/network.h"

namespace waxwing {

// Sends again what another device lacks: asked for, or seen from its marks. Only what this device made for that very
// device and identity key (what was made for another is gone with its list entry), as long as it is kept, with back-off
// and a bound for each content. What is not kept any more is stated as gone, and shown to both sides.
class Resends {
 public:
  Resends(Context& context, Network& network, Composer& composer)
      : context_(context), network_(network), composer_(composer) {}

  // The sender is an accepted contact or an own device, and listed.
  void onRequest(Transaction& transaction, const DeviceAddress& from, const body::ResendRequest& request);
  void onMarks(Transaction& transaction, const DeviceAddress& from, const body::Marks& marks);
  // What the newest head from a device says about ours: that a tail of it seems to have been dropped is looked into
  // after a while.
  void onMark(Transaction& transaction, const DeviceAddress& from, const StreamMark& mark);

  // Looks after tails that are due, and forgets what was kept long enough.
  void pump();
  std::optional<WallTime> nextDeadline() const;

 private:
  using Row = SentTable::Row;
  struct Answer {
    std::vector<Row> again;
    std::vector<body::ResendRange> gone;
  };
  enum class Haste { kAtOnce, kAfterGrace };

  void collect(const DeviceAddress& to, const body::ResendRange& range, Answer& answer);
  void collectRows(const DeviceAddress& to, const std::vector<Row>& rows, Haste haste, const StreamId& stream,
                   Answer& answer);
  void give(Transaction& transaction, const DeviceAddress& to, const Answer& answer);
  void noteGone(Transaction& transaction, const DeviceAddress& to, const std::vector<body::ResendRange>& gone);
  bool isOnItsWay(const DeviceAddress& to, const Row& row);
  bool bringsKey(const Row& row);
  void probe(Transaction& transaction, const DeviceAddress& device);
  void forgetOld();

  Context& context_;
  Network& network_;
  Composer& composer_;
  std::optional<WallTime> next_;
  std::optional<WallTime> forgotAt_;
};

}  // namespace waxwing
