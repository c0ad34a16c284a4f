#include "tools/waxwing/lines.h"

#include "crypto/limits.h"

namespace waxwing::tool {

void LineSplitter::feed(std::string_view bytes, const Each& each) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    if (line_.text.size() + part.size() > limits::kTextBytes + 1) {  // one more, for a carriage return
      line_.tooLong = true;
      line_.text.clear();
    }
    if (!line_.tooLong) line_.text += part;
    if (end == std::string_view::npos) return;
    endLine(each);
    bytes.remove_prefix(end + 1);
  }
}

void LineSplitter::finish(const Each& each) {
  if (!line_.text.empty() || line_.tooLong) endLine(each);
}

void LineSplitter::endLine(const Each& each) {
  if (line_.text.ends_with('\r')) line_.text.pop_back();
  if (!line_.text.empty() || line_.tooLong) each(line_);
  line_ = {.number = line_.number + 1, .text = {}, .tooLong = false};
}

}  // namespace waxwing::tool
