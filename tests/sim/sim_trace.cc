#include "tests/sim/sim_trace.h"

#include <cstdlib>

#include "crypto/hash.h"

namespace waxwing::testing {

SimTrace::SimTrace() {
  if (const char* path = std::getenv("WAXWING_TRACE")) file_.open(path, std::ios::app);
}

void SimTrace::note(std::string_view line) {
  Bytes chained = toBytes(hash_.view());
  const ByteView text = asBytes(line);
  chained.insert(chained.end(), text.begin(), text.end());
  hash_ = blake2b(chained);
  ++lines_;
  last_.emplace_back(line);
  if (file_.is_open()) file_ << line << '\n';
  if (last_.size() > kKept) last_.pop_front();
}

std::string SimTrace::tail() const {
  std::string text;
  for (const std::string& line : last_) text += line + "\n";
  return text;
}

}  // namespace waxwing::testing
