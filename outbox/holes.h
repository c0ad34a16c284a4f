#pragma once

#include "outbox/context.h"

namespace waxwing {

// Missing numbers as a person sees them: each range is a line of a timeline, and places are kept free in front of it,
// so that what comes later stands where it belongs.
class Holes {
 public:
  explicit Holes(Context& context) : context_(context) {}

  using Key = StreamTable::Key;
  using Hole = StreamTable::Hole;

  // Numbers `first`…`last` are missing; asks for them.
  void open(Transaction& transaction, const AccountId& conversation, const Key& key, std::uint64_t first,
            std::uint64_t last);
  // One of its numbers has come. Its place in the timeline.
  std::int64_t fill(Transaction& transaction, const Key& key, const Hole& hole, std::uint64_t sequence);
  // Nobody can send these numbers again, as far as they are missing: says so in the timeline.
  void lose(Transaction& transaction, const Key& key, std::uint64_t first, std::uint64_t last);

 private:
  // What is left of a hole, each part with a line of its own.
  void divide(Transaction& transaction, const Key& key, const Hole& hole, const std::vector<Hole>& parts);

  Context& context_;
};

}  // namespace waxwing
