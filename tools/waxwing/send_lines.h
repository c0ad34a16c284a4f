#pragma once

#include <cstddef>
#include <optional>

#include "client/waxwing.hpp"
#include "tools/waxwing/lines.h"
#include "tools/waxwing/output.h"

namespace waxwing::tool {

// Sends each line of a stream as a message of its own. A line that cannot be a message is named and refused, the
// others go on; any other failure ends it.
class LineSender {
 public:
  LineSender(Client& client, Contact to, Output& output) : client_(client), to_(std::move(to)), output_(output) {}

  void send(const InputLine& line);

  std::size_t queued() const { return queued_; }
  std::size_t refused() const { return refused_; }
  // What ended it; then `send` does nothing.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void refuse(const InputLine& line, const Error& error);

  Client& client_;
  Contact to_;
  Output& output_;
  std::size_t queued_ = 0;
  std::size_t refused_ = 0;
  std::optional<Error> failure_;
};

}  // namespace waxwing::tool
