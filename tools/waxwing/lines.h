#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace waxwing::tool {

// A line of input, without its end. Of one that is too long only the number counts.
struct InputLine {
  std::size_t number = 0;
  std::string text;
  bool tooLong = false;
};

// Splits a stream of bytes into lines, numbered from 1, holding no more than a message's longest text of any. Empty
// lines are counted and skipped.
class LineSplitter {
 public:
  using Each = std::function<void(const InputLine&)>;

  void feed(std::string_view bytes, const Each& each);
  // The end of input ends the last line.
  void finish(const Each& each);

 private:
  void endLine(const Each& each);

  InputLine line_{.number = 1, .text = {}, .tooLong = false};
};

}  // namespace waxwing::tool
