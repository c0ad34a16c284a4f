#include "tests/support/sim_trace.h"

#include "crypto/hash.h"

namespace waxwing::testing {

void SimTrace::note(std::string_view line) {
  Bytes chained = toBytes(hash_.view());
  const ByteView text = asBytes(line);
  chained.insert(chained.end(), text.begin(), text.end());
  hash_ = blake2b(chained);
  ++lines_;
  last_.emplace_back(line);
  if (last_.size() > kKept) last_.pop_front();
}

std::string SimTrace::tail() const {
  std::string text;
  for (const std::string& line : last_) text += line + "\n";
  return text;
}

}  // namespace waxwing::testing
